"""Records merged and unmerged among random lives: one person on every roster, on every day, as known from then on."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.fact import Fact
from domain.member import events as e
from domain.member.fold import fold
from domain.member.merging.belonging import belonging, linked_facts, recorded_meanwhile
from domain.member.merging.events import RecordsMerged, RecordsUnmerged
from domain.member.merging.setting_aside import Record, set_aside
from domain.reference import Reference
from infra.event_store.recorder import KitelineRecorder
from projections.log_rows import Log
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Runner
from projections.state_hash import state_hash
from tests.integration.projections import straight
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.lives import LAST, Lives
from tests.integration.projections.moments import moments
from tests.integration.projections.test_every_moment_as_known_at_every_position import everything, worklist


class Doubles(Lives):
    """Lives of which some turn out to be one person's; facts go to whoever is kept, until it is undone."""

    def meet(self, recorder: KitelineRecorder) -> None:
        """Three people recorded twice: one merged for good, one undone, one in a chain of three records."""
        self.reference()
        self.play(members=10, steps=160)
        self.record(recorder)
        first, again, second, other, third, near, far = self.members()[:7]
        self.merge(first, again)
        undone = self.merge(second, other)
        self.merge(near, far)
        self.merge(third, near)
        self.play_on([first, second, third], 60)
        self.record(recorder)
        self.undo(undone, second)
        self.play_on([first, second, other, third], 60)
        self.record(recorder)

    def of(self, member: UUID) -> list[Fact]:
        return belonging(member, self.all_of(member))

    def all_of(self, member: UUID) -> list[Fact]:
        own = self.ledger(member)
        return [*own, *linked_facts(member, own, self.ledger)]

    def merge(self, kept: UUID, absorbed: UUID) -> RecordsMerged:
        reference = straight.reference_of(self)
        records = [Record(self.of(one), fold(self.of(one), reference), reference) for one in (kept, absorbed)]
        movement = self.random.choice([one.open_movement for one in records if one.open_movement] or [None])
        home = self.random.choice([one.state.affiliation for one in records])
        aside = set_aside(*records, keep_movement=movement, keep_affiliation=home)
        body = RecordsMerged(str(self.uuid()), str(kept), str(absorbed), aside or None, movement, home)
        for stream in (kept, absorbed):
            self.tell(stream, body, LAST.isoformat())
        return body

    def undo(self, merge: RecordsMerged, kept: UUID) -> None:
        later = recorded_meanwhile(merge, self.of(kept))
        whose = {fact.event_id: self.random.choice(["KEPT", "ABSORBED"]) for fact in later}
        assert set(whose.values()) == {"KEPT", "ABSORBED"}
        body = RecordsUnmerged(merge.merge_id, merge.kept, merge.absorbed, whose)
        for stream in (UUID(merge.absorbed), kept):
            self.tell(stream, body, LAST.isoformat())

    def play_on(self, members: list[UUID], steps: int) -> None:
        for _ in range(steps):
            member = self.random.choice(members)
            told = [fact for fact in self.of(member) if not isinstance(fact.body, e.MemberRegistered)]
            body = self.body([fact for fact in told if not isinstance(fact.body, RecordsMerged | RecordsUnmerged)])
            day = LAST.replace(day=self.random.randrange(1, 28))
            self.tell(member, body, self.moment(day), self.home(member))


@pytest.fixture
def doubles(request: pytest.FixtureRequest, recorder: KitelineRecorder) -> Doubles:
    lives = Doubles(request.param)
    lives.meet(recorder)
    return lives


@pytest.mark.parametrize("doubles", [41, 42, 43], indirect=True)
@pytest.mark.parametrize("page", [13, 4_000])
def test_rosters_and_duties_say_what_a_straight_fold_of_the_merged_says(
    page: int, doubles: Doubles, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    make_runner(page=page, kept=5).catch_up()
    reference: Reference = straight.reference_of(doubles)
    merges = [fact.position for fact in doubles.facts if isinstance(fact.body, RecordsMerged | RecordsUnmerged)]
    asked = moments(doubles, page, 12)
    asked += [type(asked[0])(asked[0].as_of_us, position + step) for position in merges for step in (-1, 0)]
    for moment in asked:
        known = moment.known_position or 1 << 62
        found = everything(connection, RosterQuestion(moment, "affiliated", "000000"), reference)
        expected = straight.affiliated(doubles, reference, moment.as_of_us, known)
        assert [{key: item[key] for key in expected[0]} for item in found] == expected
        assert worklist(connection, moment, reference) == straight.duties(doubles, reference, moment.as_of_us, known)


@pytest.mark.parametrize("doubles", [51, 52], indirect=True)
def test_live_in_small_pages_rebuilt_and_caught_up_agree(
    doubles: Doubles, pool: Pool, log: Log, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    assert doubles.head
    make_runner(page=7, kept=3, ledgers=20).catch_up()
    in_small_pages = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == in_small_pages
    connection.execute(FORGET)
    make_runner(page=10_000).catch_up()
    assert state_hash(connection) == in_small_pages


@pytest.mark.parametrize("doubles", [51], indirect=True)
def test_a_record_that_was_taken_back_names_nothing_of_who_is_merged_with_its_former_other_half(
    doubles: Doubles,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    make_runner(page=50).catch_up()
    kept, yet_another = doubles.members()[2], doubles.members()[7]
    doubles.merge(kept, yet_another)
    doubles.record(recorder)
    make_runner(page=50).catch_up()
    live = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == live


@pytest.mark.parametrize("doubles", [61], indirect=True)
def test_who_was_merged_into_another_has_a_row_no_more_and_again_once_it_is_undone(
    doubles: Doubles, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    make_runner(page=50).catch_up()
    rows = {row[0] for row in connection.execute("SELECT member_id FROM member")}
    _, again, _, other, _, near, far = doubles.members()[:7]
    assert set(doubles.members()) - rows == {again, near, far}
    assert other in rows
