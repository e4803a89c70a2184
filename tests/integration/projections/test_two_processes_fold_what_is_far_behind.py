"""Far behind the log, a second process folds half of the members: the rows are those that one process makes."""

from collections.abc import Callable
from functools import partial

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from api.projecting import log_at
from infra.event_store.recorder import KitelineRecorder
from projections.log_rows import Log
from projections.position import parked_members, reflected
from projections.rebuild import VIEWS, rebuild
from projections.runner import Hooks, Runner
from projections.second_process import SECOND, SecondLost
from projections.state_hash import state_hash
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.lives import Lives
from tests.integration.projections.opening import log_that_cannot_be_opened, log_with_poison
from tests.integration.projections.second_processes import second_processes
from tests.integration.projections.test_rebuilt_live_and_afresh_agree import lives_with_changing_reference

Make = Callable[..., Runner]


class Watch:
    """How many second processes were at work when each page had been written."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.hooks = Hooks(page=self._page, failed=self._failed)

    def _page(self, _position: int, _facts: int) -> None:
        self.seen.append(len(second_processes()))

    def _failed(self, error: Exception) -> None:
        raise error


@pytest.mark.parametrize("sizes", [{"page": 50}, {"page": 40, "kept": 3, "ledgers": 20}, {"page": 130}])
def test_they_write_what_one_process_writes_reference_facts_in_between_included(
    sizes: dict[str, int],
    recorder: KitelineRecorder,
    database_url: str,
    connection: Connection[TupleRow],
    make_runner: Make,
) -> None:
    lives = lives_with_changing_reference(recorder, 14)
    make_runner(page=1_000).catch_up()
    alone = state_hash(connection)
    connection.execute(FORGET)
    opening, watch = partial(log_at, database_url), Watch()

    make_runner(opening=opening, far=100, hooks=watch.hooks, **sizes).catch_up()

    assert max(watch.seen) == 1
    assert second_processes() == []
    assert reflected(connection).position == lives.head
    assert state_hash(connection) == alone


def test_whoever_is_caught_up_goes_on_alone_with_what_comes(
    recorder: KitelineRecorder, database_url: str, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    lives = Lives(15)
    lives.reference()
    lives.play(members=20, steps=400)
    lives.record(recorder)
    watch = Watch()
    runner = Runner(pool, log, opening=partial(log_at, database_url), far=100, page=60, hooks=watch.hooks)
    runner.catch_up()
    assert max(watch.seen) == 1
    watch.seen.clear()
    lives.play(members=5, steps=60)
    lives.record(recorder)
    runner.catch_up()
    assert max(watch.seen) == 0

    live = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == live


def test_one_that_is_killed_is_done_without(
    recorder: KitelineRecorder, database_url: str, connection: Connection[TupleRow], make_runner: Make
) -> None:
    lives = lives_with_changing_reference(recorder, 16)
    make_runner(page=1_000).catch_up()
    alone = state_hash(connection)
    connection.execute(FORGET)
    told: list[Exception] = []
    killed: list[int] = []

    def kill(_position: int, _facts: int) -> None:
        for one in second_processes():
            one.kill()
            killed.append(one.pid)

    hooks = Hooks(page=kill, failed=told.append)
    make_runner(opening=partial(log_at, database_url), far=100, page=20, hooks=hooks).catch_up()

    assert len(killed) >= 1
    assert [type(error) for error in told] == [SecondLost]
    assert reflected(connection).position == lives.head
    assert state_hash(connection) == alone


def test_one_that_cannot_begin_is_done_without(
    recorder: KitelineRecorder, database_url: str, connection: Connection[TupleRow], make_runner: Make
) -> None:
    lives = lives_with_changing_reference(recorder, 17)
    told: list[Exception] = []
    opening = partial(log_that_cannot_be_opened, database_url)
    make_runner(opening=opening, far=100, page=50, hooks=Hooks(failed=told.append)).catch_up()
    assert [type(error) for error in told] == [SecondLost]
    assert reflected(connection).position == lives.head


def test_a_poison_event_met_by_the_second_process_parks_its_member(
    recorder: KitelineRecorder, database_url: str, connection: Connection[TupleRow], make_runner: Make
) -> None:
    lives = Lives(18)
    lives.reference()
    lives.play(members=12, steps=200)
    lives.record(recorder)
    theirs = next(member for member in lives.members() if member.int & 1 == SECOND and lives.versions[member] > 5)
    victim = next(fact for fact in lives.facts if fact.stream == theirs and fact.version == 3)
    opening = partial(log_with_poison, database_url, victim.event_id)

    make_runner(opening=opening, far=50, page=100, hooks=Watch().hooks).catch_up()

    assert [(member, position, code) for member, position, code, _ in parked_members(connection)] == [
        (theirs, victim.position, "ValueError")
    ]
    assert reflected(connection).position == lives.head
