"""What became known later changes what is true of a past day, and not what was known of it then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.fact import Body
from domain.member import events as e
from domain.reference import Reference
from domain.times import as_of_us
from infra.event_store.recorder import KitelineRecorder
from projections import duties, flows, lifecycle, roster
from projections.asking import CursorExpired, CursorUnreadable, Moment, read_cursor
from projections.duties import WorklistQuestion
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.lives import Lives, branch, committee

HOME, AWAY = "620621", "620102"
BRANCH = branch(HOME, 1)
HOUR_US = 3_600_000_000


@dataclass
class Told:
    """Lives told fact by fact, caught up with after each."""

    lives: Lives
    recorder: KitelineRecorder
    runner: Runner
    connection: Connection[TupleRow]

    def tell(self, member: UUID, body: Body, occurred: str, organisation: str = BRANCH) -> str:
        fact = self.lives.tell(member, body, occurred, organisation)
        self.lives.record(self.recorder)
        self.runner.catch_up()
        return fact.event_id

    @property
    def position(self) -> int:
        return self.lives.head

    @property
    def reference(self) -> Reference:
        return straight.reference_of(self.lives)

    def stage(self, member: UUID, day: str, known: int | None = None) -> str | None:
        """The stage in which the member is on the home's outflow roster of a day; None when it is not."""
        question = RosterQuestion(Moment(as_of_us(day), known), "outflow", HOME)
        items = roster.page(self.connection, question, self.reference, 0).items
        return next((item["stage"] for item in items if item["member_id"] == str(member)), None)


@pytest.fixture
def told(recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]) -> Told:
    lives = Lives(51)
    lives.reference()
    return Told(lives, recorder, make_runner(), connection)


def register(told: Told) -> UUID:
    member = told.lives.uuid()
    told.tell(member, e.MemberRegistered("FULL", BRANCH), "2025-01-01")
    return member


def test_a_departure_recorded_months_late_is_on_the_past_roster_as_true_not_as_known_then(told: Told) -> None:
    member = register(told)
    told.tell(member, e.LiaisonAssigned("liaison"), "2025-07-01")
    known_then = told.position
    told.tell(member, e.Departed({"region": AWAY}), "2025-05-20")

    assert told.stage(member, "2025-06-30") == "awaiting_check_in"
    assert told.stage(member, "2025-06-30", known_then) is None
    assert told.stage(member, "2025-05-19") is None
    june = as_of_us("2025-06-30")
    question = RosterQuestion(Moment(june), "outflow", HOME)
    counted = lifecycle.counts(told.connection, question, told.reference).items
    assert [cell for cell in counted if cell["count"]] == [
        {"view": "in_transit", "stage": "awaiting_check_in", "count": 1, "overdue": 1}
    ]
    listed = duties.worklist(told.connection, WorklistQuestion(Moment(june), BRANCH), told.reference, 0).items
    assert {item["kind"] for item in listed} == {"prompt_check_in", "monthly_contact"}
    assert [item["due_on"] for item in listed if item["kind"] == "monthly_contact"] == ["2025-05-31", "2025-06-30"]
    then = WorklistQuestion(Moment(june, known_then), BRANCH)
    assert duties.worklist(told.connection, then, told.reference, 0).items == []


def test_a_check_in_before_its_departure_is_joined_by_it(told: Told) -> None:
    member = register(told)
    told.tell(member, e.CheckedIn(AWAY, "CODE"), "2025-04-03", committee(AWAY))
    assert told.stage(member, "2025-04-02") is None
    told.tell(member, e.Departed({"region": AWAY}), "2025-04-01")
    assert told.stage(member, "2025-04-02") == "awaiting_check_in"
    assert told.stage(member, "2025-04-30") == "checked_in"
    april = flows.matrix(told.connection, "county", date.fromisoformat("2025-04-15"), told.reference)
    [cell] = april.items
    assert (cell["departed"], cell["arrived"], cell["in_place"]) == (1, 1, 1)


def test_a_corrected_return_recomputes_the_month_between_and_both_are_known(told: Told) -> None:
    member = register(told)
    told.tell(member, e.Departed({"region": AWAY}), "2024-11-01")
    wrong = told.tell(member, e.Returned(), "2025-01-02")
    before = told.position
    told.tell(member, e.EventCorrected(wrong, {"occurred_at": "2025-02-01"}), "2025-03-01")

    assert told.stage(member, "2025-01-20") == "awaiting_check_in"
    assert told.stage(member, "2025-01-20", before) is None
    assert told.stage(member, "2025-02-02") is None
    january = flows.matrix(told.connection, "province", date.fromisoformat("2025-01-10"), told.reference)
    assert january.by_origin[0]["under_way"] == 1
    as_known = flows.matrix(told.connection, "province", date.fromisoformat("2025-01-10"), told.reference, before)
    assert (as_known.by_origin[0]["under_way"], as_known.by_origin[0]["returned"]) == (0, 1)


def test_a_void_check_in_never_was_and_voiding_the_void_brings_it_back(told: Told) -> None:
    member = register(told)
    told.tell(member, e.Departed({"region": AWAY}), "2025-03-01")
    namesake = told.tell(member, e.CheckedIn(AWAY, "CODE"), "2025-03-05", committee(AWAY))
    booked = told.position
    void = told.tell(member, e.EventVoided(namesake), "2025-03-10")
    voided = told.position
    assert told.stage(member, "2025-03-06") == "awaiting_check_in"
    assert told.stage(member, "2025-03-06", booked) == "checked_in"
    told.tell(member, e.EventVoided(void), "2025-03-11")
    assert told.stage(member, "2025-03-06") == "checked_in"
    assert told.stage(member, "2025-03-06", voided) == "awaiting_check_in"


def test_pages_are_of_the_moment_of_the_first_and_a_cursor_lives_an_hour(told: Told) -> None:
    members = sorted((register(told) for _ in range(5)), key=str)
    for member in members:
        told.tell(member, e.Departed({"region": AWAY}), "2025-03-01")
    question = RosterQuestion(Moment(as_of_us("2025-06-30")), "outflow", HOME, limit=2)
    first = roster.page(told.connection, question, told.reference, now_us=0)
    told.tell(members[4], e.Returned(), "2025-03-10")
    second = RosterQuestion(question.moment, "outflow", HOME, limit=2, cursor=first.next)
    page = roster.page(told.connection, second, told.reference, now_us=HOUR_US - 1)
    third = RosterQuestion(question.moment, "outflow", HOME, limit=2, cursor=page.next)
    last = roster.page(told.connection, third, told.reference, now_us=HOUR_US - 1)
    found = [item["member_id"] for one in (first, page, last) for item in one.items]
    assert found == [str(member) for member in members]
    assert last.next is None
    assert {one.known_position for one in (first, page, last)} == {first.position}
    assert last.position == told.position
    with pytest.raises(CursorExpired):
        roster.page(told.connection, second, told.reference, now_us=HOUR_US + 1)
    other = RosterQuestion(question.moment, "inflow", HOME, limit=2, cursor=first.next)
    with pytest.raises(CursorUnreadable):
        roster.page(told.connection, other, told.reference, now_us=0)
    for text in ("", "x", "bm90IGpzb24", "W10", "WzEsMiwzLDQsNV0"):
        with pytest.raises(CursorUnreadable):
            read_cursor(text, question.name, 0, 1)
