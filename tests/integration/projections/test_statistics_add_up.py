"""A month's figures are the rosters, the lifecycle and the worklists of its end, as known now and as known then."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.calendar import month_end, next_month
from domain.fact import Fact
from domain.member import events as e
from domain.member.evolve import apply
from domain.member.fold import effective, steps
from domain.member.service import events as s
from domain.member.state import Duty, State
from domain.member.transfer import events as t
from domain.member.views import open_duties
from domain.reference import Reference
from domain.times import day_end_us, day_start_us, local_day
from infra.event_store.recorder import KitelineRecorder
from projections import lifecycle, roster, statistics
from projections.asking import Moment, spans_of
from projections.roster import RosterQuestion
from projections.runner import Runner
from projections.statistics import Statistics
from tests.integration.projections import straight
from tests.integration.projections.lives import COUNTIES, Lives
from tests.integration.projections.steady_lives import stay_in_touch, transfer

SIDES = ("origin", "destination")
PLACES = ("000000", "620000", "620600", COUNTIES[0], "510104")
MONTHS = [date(2024, 5, 1)]
while MONTHS[-1] < date(2025, 11, 1):
    MONTHS.append(next_month(MONTHS[-1]))

Connected = Connection[TupleRow]


@pytest.fixture(params=[4, 5])
def lives(request: pytest.FixtureRequest, recorder: KitelineRecorder, make_runner: Callable[..., Runner]) -> Lives:
    lives = Lives(request.param)
    lives.reference()
    lives.play(members=25, steps=450)
    stay_in_touch(lives, members=8)
    transfer(lives, members=8)
    lives.record(recorder)
    make_runner(page=90, kept=6).catch_up()
    return lives


def positions(lives: Lives) -> list[int | None]:
    return [None, lives.head // 2, lives.head * 3 // 4]


def ask(connection: Connected, place: str, month: date, reference: Reference, known: int | None) -> Statistics:
    return statistics.month_figures(connection, place, month, reference, known)


def test_each_side_is_the_roster_of_the_months_end(lives: Lives, connection: Connected) -> None:
    reference = straight.reference_of(lives)
    seen = Counter[str]()
    for known in positions(lives):
        for month in MONTHS:
            moment = Moment(day_end_us(month_end(month)), known)
            for place in PLACES:
                figures = ask(connection, place, month, reference, known)
                for side in ("affiliated", "outflow", "inflow"):
                    asked = RosterQuestion(moment, side, place, limit=1_000)
                    people = roster.page(connection, asked, reference, 0).items
                    totals = figures.totals[side]
                    assert totals["count"] == len(people)
                    for mark in ("category", "view", "stage"):
                        found = Counter(one[mark] for one in people if one[mark] is not None)
                        assert totals[f"by_{mark}"] == found
                    scopes = Counter(
                        one["scope"] or ("ABROAD" if one["abroad"] else "UNKNOWN")
                        for one in people
                        if one["stage"] not in (None, "closed")
                    )
                    assert totals["by_scope"] == scopes
                    seen.update({f"{side} {mark}": count for mark, count in scopes.items()})
    assert all(seen[f"{side} ACROSS_PROVINCES"] for side in ("affiliated", "outflow", "inflow"))
    assert seen["outflow ABROAD"] + seen["outflow UNKNOWN"] > 0


def test_stages_are_the_lifecycle_counts_and_margins_are_the_sums_of_cells(lives: Lives, connection: Connected) -> None:
    reference = straight.reference_of(lives)
    for known in positions(lives):
        for month in MONTHS[::3]:
            moment = Moment(day_end_us(month_end(month)), known)
            for place in PLACES:
                figures = ask(connection, place, month, reference, known)
                of: roster.Side
                for side, of in (("affiliated", "outflow"), ("inflow", "inflow")):
                    asked = RosterQuestion(moment, of, place)
                    counted = lifecycle.counts(connection, asked, reference).items
                    cells = Counter[tuple[str, str]]()
                    for item in figures.items:
                        if item["side"] == side and item["view"] is not None:
                            cells[item["view"], item["stage"]] += item["count"]
                    assert {(one["view"], one["stage"]): one["count"] for one in counted if one["count"]} == +cells
                for side, totals in figures.totals.items():
                    own = [item for item in figures.items if item["side"] == side]
                    assert all(item["count"] > 0 for item in own)
                    assert totals["count"] == sum(item["count"] for item in own)


def test_a_province_is_the_sum_of_its_counties(lives: Lives, connection: Connected) -> None:
    reference = straight.reference_of(lives)
    for known in positions(lives):
        for month in MONTHS[::4]:
            whole = ask(connection, "620000", month, reference, known)
            parts = [ask(connection, one, month, reference, known) for one in COUNTIES if one.startswith("62")]
            for side, totals in whole.totals.items():
                for name, total in totals.items():
                    if name == "count":
                        assert total == sum(part.totals[side][name] for part in parts)
                    else:
                        assert total == sum((Counter(part.totals[side][name]) for part in parts), Counter())
            for side, contacts in whole.contacts.items():
                for name, count in contacts.items():
                    assert count == sum(part.contacts[side][name] for part in parts)


def test_contacts_due_and_made_are_those_of_a_straight_fold(lives: Lives, connection: Connected) -> None:
    reference = straight.reference_of(lives)
    seen = Counter[str]()
    for known in positions(lives):
        for month in MONTHS:
            expected = contacts_by_straight_fold(lives, reference, month, known or 1 << 62)
            for place in PLACES:
                spans = spans_of(reference, place, day_end_us(month_end(month)))
                figures = ask(connection, place, month, reference, known)
                here = Counter[str]()
                for (kind, region), count in expected.items():
                    here[kind] += count if spans.hold(region) else 0
                for side in SIDES:
                    made, missed = here[f"{side} made"], here[f"{side} missed"]
                    assert figures.contacts[side] == {"due": made + missed, "made": made}, (place, month, side, known)
                    seen.update({f"{side} made": made, f"{side} missed": missed})
    assert all(seen[f"{side} {kind}"] for side in SIDES for kind in ("made", "missed"))


def test_transfers_are_counted_where_they_left_and_where_they_arrived(lives: Lives, connection: Connected) -> None:
    reference = straight.reference_of(lives)
    seen = Counter[str]()
    for known in [*positions(lives), lives.head - 3]:
        for month in MONTHS:
            expected = transfers_by_straight_fold(lives, reference, month, known or 1 << 62)
            for place in PLACES:
                spans = spans_of(reference, place, day_end_us(month_end(month)))
                here = Counter[str]()
                for (way, region), count in expected.items():
                    here[way] += count if spans.hold(region) else 0
                transfers = ask(connection, place, month, reference, known).transfers
                assert {way: transfers[way]["count"] for way in ("out", "in")} == {"out": here["out"], "in": here["in"]}
                for found in transfers.values():
                    assert sum(found["by_scope"].values()) == found["count"]
                seen.update(
                    {scope: count for found in transfers.values() for scope, count in found["by_scope"].items()}
                )
    assert +seen


def test_service_is_counted_where_the_member_was(lives: Lives, connection: Connected) -> None:
    reference = straight.reference_of(lives)
    served = 0.0
    for known in positions(lives):
        for month in MONTHS:
            expected = service_by_straight_fold(lives, reference, month, known or 1 << 62)
            for place in PLACES:
                spans = spans_of(reference, place, day_end_us(month_end(month)))
                hours = [one for region, one in expected if spans.hold(region)]
                found = ask(connection, place, month, reference, known).service
                assert found == {"hours": sum(hours), "times": len(hours)}
                served += found["hours"]
    assert served > 0


def service_by_straight_fold(
    lives: Lives, reference: Reference, month: date, known: int
) -> list[tuple[str | None, float]]:
    """Walk each life, noting the hours served in this month and where the member was then."""
    found: list[tuple[str | None, float]] = []
    for member in lives.members():
        for fact, state, _ in steps(lives.ledger(member), reference, known_position=known):
            counted = {one.event_id for one in state.service.served}
            if not isinstance(fact.body, s.ServiceRecorded) or fact.event_id not in counted:
                continue
            if day_start_us(month) <= fact.when <= day_end_us(month_end(month)):
                movement = state.open_movement
                away = movement is not None and movement.stage in ("checked_in", "settled")
                here = movement.leg.region if movement is not None and away else state.affiliation_region
                found.append((here, fact.body.hours))
    return found


def transfers_by_straight_fold(
    lives: Lives, reference: Reference, month: date, known: int
) -> Counter[tuple[str, str | None]]:
    """Walk each life, noting where an acceptance in this month moved the affiliation."""
    counts = Counter[tuple[str, str | None]]()
    for member in lives.members():
        state = State()
        for fact in effective(lives.ledger(member), known):
            before, home = state.affiliation, state.affiliation_region
            apply(state, fact, reference)
            in_month = day_start_us(month) <= fact.when <= day_end_us(month_end(month))
            if isinstance(fact.body, t.TransferAccepted) and state.affiliation != before and in_month:
                counts["out", home] += 1
                counts["in", state.affiliation_region] += 1
    return counts


def contacts_by_straight_fold(
    lives: Lives, reference: Reference, month: date, known: int
) -> Counter[tuple[str, str | None]]:
    """Walk each life to the month's end: of the sides that owe contacts, which made one of them, which still owe it."""
    end = day_end_us(month_end(month))
    counts = Counter[tuple[str, str | None]]()
    for member in lives.members():
        state = State()
        made: dict[str, str] = {}
        for fact in effective(lives.ledger(member), known):
            if fact.when > end:
                break
            note_what_was_made(state, fact, reference, made)
        for side in SIDES:
            owing = duties_of(state, side)
            if owing and made.get(side) == f"{month:%Y-%m}":
                counts[f"{side} made", owing[0].region] += 1
            for duty in open_duties(owing, end):
                if duty.due_on == month_end(month):
                    counts[f"{side} missed", duty.region] += 1
    return counts


def note_what_was_made(state: State, fact: Fact, reference: Reference, made: dict[str, str]) -> None:
    owed = {side: owes(state, side, fact.when) for side in SIDES}
    apply(state, fact, reference)
    for side in SIDES:
        is_sign_of_life = isinstance(fact.body, e.ContactMade | e.ContactRestored | e.CheckedIn)
        if is_sign_of_life and owed[side] and not owes(state, side, fact.when):
            made[side] = f"{local_day(fact.when):%Y-%m}"
        if not duties_of(state, side):
            made.pop(side, None)


def owes(state: State, side: str, at_us: int) -> bool:
    owing = duties_of(state, side)
    return bool(owing) and bool(open_duties(owing, at_us))


def duties_of(state: State, side: str) -> list[Duty]:
    return [duty for duty in state.duties.values() if duty.key.startswith(f"monthly_contact.{side}")]


def test_what_was_known_then_is_told_for_ever(
    recorder: KitelineRecorder, connection: Connected, make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(6)
    lives.reference()
    transfer(lives, members=5)
    lives.play(members=20, steps=400)
    stay_in_touch(lives, members=5)
    lives.record(recorder, upto=300)
    make_runner(page=50).catch_up()
    reference = straight.reference_of(lives)
    then = lives.head
    as_told = {(place, month): ask(connection, place, month, reference, None) for place in PLACES for month in MONTHS}
    lives.record(recorder)
    make_runner(page=50).catch_up()
    changed = 0
    for (place, month), told in as_told.items():
        again = ask(connection, place, month, reference, then)
        assert replace(again, position=0, known_position=0) == replace(told, position=0, known_position=0)
        changed += ask(connection, place, month, reference, None).totals != told.totals
    assert changed > 20
