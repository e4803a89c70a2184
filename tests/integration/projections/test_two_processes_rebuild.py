"""Two processes fold the streams of a rebuild: the tables are those that one makes, also when the second one dies."""

from functools import partial

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from api.projecting import log_at
from infra.event_store.recorder import KitelineRecorder
from projections import rebuild as rebuilding
from projections.log_rows import Log
from projections.position import parked_members, reflected
from projections.rebuild import VIEWS, rebuild
from projections.state_hash import state_hash
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.lives import Lives
from tests.integration.projections.opening import log_that_cannot_be_opened, log_with_poison
from tests.integration.projections.second_processes import await_second_process, second_processes
from tests.integration.projections.test_rebuilt_live_and_afresh_agree import lives_with_changing_reference


@pytest.fixture(autouse=True)
def _many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few streams at once, so that both processes get some."""
    monkeypatch.setattr(rebuilding, "_MEMBERS_AT_ONCE", 3)


def rebuilt_alone(pool: Pool, log: Log, connection: Connection[TupleRow]) -> dict[str, str]:
    rebuild(pool, log, VIEWS)
    alone = state_hash(connection)
    connection.execute(FORGET)
    return alone


def test_two_make_the_tables_that_one_makes(
    recorder: KitelineRecorder, database_url: str, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    lives = lives_with_changing_reference(recorder, 31)
    alone = rebuilt_alone(pool, log, connection)
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        if not seen:
            await_second_process()
        seen.append((done, total))

    rebuilt = rebuild(pool, log, VIEWS, progress, partial(log_at, database_url))

    assert state_hash(connection) == alone
    assert reflected(connection).position == rebuilt.position == lives.head

    members = set(lives.members())
    assert rebuilt.facts == sum(fact.stream in members for fact in lives.facts)
    assert second_processes() == []
    assert seen == sorted(seen)


def test_a_second_process_that_is_killed_is_done_without(
    recorder: KitelineRecorder, database_url: str, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    lives_with_changing_reference(recorder, 32)
    alone = rebuilt_alone(pool, log, connection)
    killed: list[int] = []

    def kill(_done: int, _total: int) -> None:
        if not killed:
            one = await_second_process()
            one.kill()
            killed.append(one.pid)

    rebuild(pool, log, VIEWS, kill, partial(log_at, database_url))

    assert killed
    assert state_hash(connection) == alone


def test_one_that_cannot_open_the_log_is_done_without(
    recorder: KitelineRecorder, database_url: str, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    lives_with_changing_reference(recorder, 33)
    alone = rebuilt_alone(pool, log, connection)
    rebuild(pool, log, VIEWS, opening=partial(log_that_cannot_be_opened, database_url))
    assert state_hash(connection) == alone


def test_a_poison_event_parks_its_member_whichever_process_meets_it(
    recorder: KitelineRecorder, database_url: str, pool: Pool, connection: Connection[TupleRow]
) -> None:
    lives = Lives(34)
    lives.reference()
    lives.play(members=12, steps=200)
    lives.record(recorder)
    victim = next(fact for fact in lives.facts if fact.version == 3 and lives.versions[fact.stream] > 5)
    opening = partial(log_with_poison, database_url, victim.event_id)
    with opening() as poisoned:
        rebuild(pool, poisoned, VIEWS, opening=opening)
    assert [(member, position, code) for member, position, code, _ in parked_members(connection)] == [
        (victim.stream, victim.position, "ValueError")
    ]
