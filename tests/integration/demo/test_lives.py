"""The generator of lives: the same for the same seed, in the proportions that it states."""

from collections import Counter
from datetime import date

import pytest

from domain.regions.loading import load_regions
from infra.demo import habits
from infra.demo.crowd import Crowd
from infra.demo.lives import Found, life_of_known, life_of_newcomer, newcomers
from infra.demo.steps import Life
from infra.demo.world import World, demo_world

FIRST, UNTIL = date(2025, 11, 22), date(2026, 11, 22)


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(load_regions(), FIRST)


@pytest.fixture(scope="module")
def lives(world: World) -> list[Life]:
    return list(newcomers(world, 7, range(1_500), FIRST, UNTIL))


def test_the_same_seed_and_number_live_the_same_life_whoever_came_before(world: World, lives: list[Life]):
    again = life_of_newcomer(world, 7, 1_234, FIRST, UNTIL)

    assert again == lives[1_234]
    assert life_of_newcomer(world, 8, 1_234, FIRST, UNTIL) != again


def test_a_member_of_a_register_lives_on_the_same_way_for_the_same_seed(world: World):
    found = Found("990621199001011234", "620621-01-01", date(2025, 6, 1), "510104", "settled", "510104-01-01")

    assert life_of_known(world, 7, found, FIRST, UNTIL) == life_of_known(world, 7, found, FIRST, UNTIL)


def test_no_two_people_have_the_same_identity_number_and_all_begin_with_99(lives: list[Life]):
    numbers = [life.newcomer["identity_number"] for life in lives if life.newcomer]

    assert len(set(numbers)) == len(numbers) == len(lives)
    assert all(number.startswith("99") for number in numbers)


def test_nothing_is_recorded_before_the_registration_or_after_the_end(lives: list[Life]):
    for life in lives:
        assert life.newcomer
        days = [step.recorded_on for step in life.steps]
        assert days == sorted(days)
        assert all(date.fromisoformat(life.newcomer["occurred_at"]) <= day <= UNTIL for day in days)
        assert all(step.payload["occurred_at"][:7] <= f"{step.recorded_on:%Y-%m}" for step in life.steps)


def test_the_year_has_the_proportions_that_are_stated(lives: list[Life]):
    counts = Counter(step.verb for life in lives for step in life.steps)
    away = counts["depart"]

    assert 0.5 < counts["report-departure"] / away < 0.95  # planned ones, those still to leave among them
    assert 0.02 < counts["move-onward"] / len(lives) < 0.06
    assert 0.01 < counts["cancel-departure"] / counts["report-departure"] < 0.06
    assert 0.6 < counts["accept"] / counts["check-in"] < 1
    assert 0.02 < counts["decline"] / counts["check-in"] < 0.10
    assert 0.04 < counts["record-failed-contact"] / counts["record-contact"] < 0.15
    assert 0.01 < counts["accept-transfer"] / len(lives) < habits.TRANSFERS
    assert counts["accept-transfer"] < counts["issue-transfer-letter"] <= counts["request-transfer"]
    assert 0.1 < counts["return"] / away < habits.RETURNS
    assert 0.2 < counts["record-service"] / away < 0.8
    for verb in (
        "waive-pre-departure-talk", "change-destination", "route", "void-event", "correct-event", "confirm-flag",
        "declare-lost-contact", "restore-contact", "keep-in-contact-list", "waive-return-education", "decide-claim",
        "waive-contact", "close-movement", "report-return", "reject-transfer", "return-receipt",
        "pay-dues", "issue-activity-card", "inspect-activity-card", "record-death", "suspend-membership",
        "request-personal-data", "complete-personal-data-request",
    ):  # fmt: skip
        assert counts[verb] > 0, verb


def test_facts_are_told_by_time_by_day_and_by_month_and_some_late(lives: list[Life]):
    told = Counter(len(step.payload["occurred_at"]) for life in lives for step in life.steps)
    steps = [step for life in lives for step in life.steps]
    late = [step for step in steps if step.payload["occurred_at"][:10] < step.recorded_on.isoformat()]

    assert told.keys() == {7, 10, 25}
    assert 0.05 < len(late) / len(steps) < 0.4
    abroad = [step for step in steps if (step.payload.get("destination") or {}).get("abroad")]
    unknown = [step for step in steps if (step.payload.get("destination") or {}).get("unknown")]
    assert abroad
    assert unknown


def test_a_nation_is_cut_into_cohorts_that_together_are_all_members():
    crowd = Crowd(2_500, 1, FIRST, UNTIL)

    assert [len(cohort) for cohort in crowd.cohorts()] == [1_000, 1_000, 500]
    world = crowd.world()
    assert len(world.offices) == 15
    assert len({code[:2] for code in world.offices}) > 8
