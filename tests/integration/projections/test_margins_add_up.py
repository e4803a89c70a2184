"""Lifecycle counts, the members behind them, rosters and flows are one truth: their margins add up, then as now."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.calendar import next_month
from domain.reference import Reference
from infra.event_store.recorder import KitelineRecorder
from projections import flows, lifecycle, roster
from projections.roster import RosterQuestion
from projections.runner import Runner
from tests.integration.projections import straight
from tests.integration.projections.lives import COUNTIES, Lives, branch, committee
from tests.integration.projections.moments import moments

SIDES: tuple[roster.Side, ...] = ("outflow", "inflow")
AWAY = {"awaiting_check_in", "checked_in", "settled"}


@pytest.fixture(params=[4, 5])
def lives(request: pytest.FixtureRequest, recorder: KitelineRecorder, make_runner: Callable[..., Runner]) -> Lives:
    lives = Lives(request.param)
    lives.reference()
    lives.play(members=25, steps=400)
    lives.record(recorder)
    make_runner(page=90).catch_up()
    return lives


def ids(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference) -> list[str]:
    items = roster.page(connection, question, reference, now_us=0).items
    return sorted(item["member_id"] for item in items)


def test_counts_are_the_members_behind_them_and_the_rosters(lives: Lives, connection: Connection[TupleRow]) -> None:
    reference = straight.reference_of(lives)
    places: list[tuple[str | None, str | None]] = [(code, None) for code in ("000000", "620000", "620600", COUNTIES[0])]
    places += [(None, committee("620000")), (None, committee(COUNTIES[0]))]
    for moment in moments(lives, 7, 8):
        for place in places:
            for side in SIDES:
                region, organisation = place
                question = RosterQuestion(moment, side, region, organisation, limit=1_000)
                counted = lifecycle.counts(connection, question, reference).items
                for reach in ("*", "62,33,35,51", (region or "62")[:4]):
                    # Kept for whoever sees the whole region, counted for others: the same figures.
                    connection.execute("SELECT set_config('kiteline.regions', %s, false)", (reach,))
                    assert lifecycle.counts(connection, question, reference).items == counted
                connection.execute("RESET kiteline.regions")
                behind = lifecycle.members(connection, question, reference, now_us=0).items
                cells = Counter((item["view"], item["stage"]) for item in behind)
                overdue = Counter((item["view"], item["stage"]) for item in behind if item["overdue"])
                for cell in counted:
                    key = (cell["view"], cell["stage"])
                    assert (cell["count"], cell["overdue"]) == (cells.pop(key, 0), overdue[key])
                assert not cells
                away = sorted(item["member_id"] for item in behind if item["stage"] in AWAY)
                assert away == ids(connection, question, reference)


def test_a_province_is_the_sum_of_its_counties_and_nobody_is_counted_twice(
    lives: Lives, connection: Connection[TupleRow]
) -> None:
    reference = straight.reference_of(lives)
    for moment in moments(lives, 8, 8):
        for side in (*SIDES, "affiliated"):
            whole = ids(connection, RosterQuestion(moment, side, "620000", limit=1_000), reference)
            parts = [
                one
                for county in COUNTIES
                if county.startswith("62")
                for one in ids(connection, RosterQuestion(moment, side, county, limit=1_000), reference)
            ]
            assert sorted(parts) == whole
            assert len(set(whole)) == len(whole)


def test_rosters_of_regions_and_organisations_are_those_of_a_straight_fold(
    lives: Lives, connection: Connection[TupleRow]
) -> None:
    reference = straight.reference_of(lives)
    for moment in moments(lives, 9, 8):
        known = moment.known_position or 1 << 62
        states = straight.states(lives, reference, moment.as_of_us, known)
        items = {str(member): straight.roster_item(member, state, moment.as_of_us) for member, state in states.items()}
        regions = {str(member): state.affiliation_region or "" for member, state in states.items()}
        out = sorted(one for one, item in items.items() if item["stage"] in AWAY and regions[one].startswith("62"))
        assert ids(connection, RosterQuestion(moment, "outflow", "620000", limit=1_000), reference) == out
        leaving = [one for one in out if items[one]["region"] and not items[one]["region"].startswith("62")]
        abroad = {
            str(member)
            for member, state in states.items()
            if state.movement
            and (state.movement.leg.declared or {}).get("abroad")
            and items[str(member)]["region"] is None
        }
        leaving = sorted({*leaving, *(one for one in out if one in abroad)})
        asked = RosterQuestion(moment, "outflow", "620000", leaving=True, limit=1_000)
        assert ids(connection, asked, reference) == leaving
        here = sorted(
            one
            for one, item in items.items()
            if item["stage"] in AWAY and (item["region"] or "").startswith("6201") and item["region"] != regions[one]
        )
        assert ids(connection, RosterQuestion(moment, "inflow", "620100", limit=1_000), reference) == here
        hosts = {committee("620102"), branch("620102", 1), branch("620102", 2)}
        held = sorted(
            str(member)
            for member, state in states.items()
            if state.movement is not None
            and (
                (
                    state.movement.stage == "settled"
                    and {state.movement.leg.accepted_by, state.movement.leg.branch} & hosts
                )
                or state.holder in hosts
            )
        )
        asked = RosterQuestion(moment, "inflow", organisation=committee("620102"), limit=1_000)
        assert ids(connection, asked, reference) == held


@pytest.mark.parametrize("level", ["province", "city", "county"])
def test_what_is_under_way_is_the_month_before_and_departed_less_what_ended(
    lives: Lives, connection: Connection[TupleRow], level: flows.Level
) -> None:
    reference = straight.reference_of(lives)
    head = lives.head
    seen = Counter[str]()
    for known in (None, head // 2):
        before: dict[tuple[str, str], int] = {}
        month = date(2024, 1, 1)
        while month < date(2026, 1, 1):
            answer = flows.matrix(connection, level, month, reference, known)
            under_way = {}
            for cell in answer.items:
                key = (cell["origin"], cell["destination"])
                ended = cell["returned"] + cell["moved_on"] + cell["transferred"] + cell["ended"]
                assert cell["under_way"] == before.pop(key, 0) + cell["departed"] - ended
                assert 0 <= cell["in_place"] <= cell["under_way"]
                under_way[key] = cell["under_way"]
                seen.update({measure: cell[measure] for measure in flows.MEASURES})
            assert not any(before.values())
            assert sum(row["departed"] for row in answer.by_origin) == sum(cell["departed"] for cell in answer.items)
            assert sum(row["arrived"] for row in answer.by_destination) == sum(cell["arrived"] for cell in answer.items)
            before = under_way
            month = next_month(month)
    assert all(seen[measure] > 0 for measure in ("departed", "arrived", "under_way", "in_place"))
    assert seen["returned"] + seen["moved_on"] + seen["ended"] > 0


def test_legs_of_the_flow_matrix_are_those_of_a_straight_fold(lives: Lives, connection: Connection[TupleRow]) -> None:
    reference = straight.reference_of(lives)
    head = lives.head
    for known in (head, head // 2, head // 3):
        expected = Counter[tuple[str, str, int]]()
        for state in straight.states(lives, reference, 1 << 62, known).values():
            for movement in [*state.past_movements, *([state.movement] if state.movement else [])]:
                for leg in movement.legs:
                    if movement.departed_us is not None or leg.arrived_us is not None or leg.number > 1:
                        expected[movement.origin_region or "unknown", leg.destination(), leg.departed_us] += 1
        found = Counter[tuple[str, str]]()
        month = date(2024, 1, 1)
        while month < date(2026, 1, 1):
            for cell in flows.matrix(connection, "county", month, reference, known).items:
                found[cell["origin"], cell["destination"]] += cell["departed"]
            month = next_month(month)
        sums = Counter[tuple[str, str]]()
        for (origin, destination, _), count in expected.items():
            sums[origin, destination] += count
        assert +found == sums
