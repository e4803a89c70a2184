"""Scenario 13: three declines in 30 days are a task at the common superior; the member always has an owner."""

from typing import Any

import pytest

from tests.scenarios.country import Country, one_event, overdue, owed

DUTY = "find_a_home"


class Unwanted:
    """A member of 民勤 whom three places decline within 30 days, and the state after every command."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self.answers: list[dict[str, object]] = []
        origin = country.of("民勤-1")
        self.member = member = origin.register("民勤-1")
        self.say("民勤-1", "depart", "2025-03-01", destination={"region": "620602"}, reason="WORK")
        self.say("凉州", "check-in", "2025-03-03", region="620602", channel="WORKER")
        self.say("凉州", "decline", "2025-03-05", reason="NOT_HERE")
        self.say("民勤", "route", "2025-03-10", to_organisation="城关", by="民勤-1")
        self.say("城关", "decline", "2025-03-14", reason="STAY_TOO_SHORT")
        country.running.as_role("member", member=member).command(
            member, "check-in", "2025-03-20T10:00:00+08:00", region="620602", channel="CODE"
        )
        self.before_the_third = country.head()
        self.say("凉州", "decline", "2025-04-04", reason="WRONG_PLACE")

    def say(self, organisation: str, verb: str, on: str, *, by: str | None = None, **body: object) -> None:
        answer = self.country.of(by or organisation).command(self.member, verb, on, **body)
        self.answers.append(one_event(answer))


@pytest.fixture(scope="module")
def unwanted(country: Country) -> Unwanted:
    return Unwanted(country)


def test_the_third_decline_within_thirty_days_is_a_task_of_the_common_superior(country: Country, unwanted: Unwanted):
    # 凉州 and 城关 are of 武威 and 兰州, 民勤 of 武威: 甘肃 is above all of them. 4 April 2025 is a holiday.
    expected = (DUTY, "甘肃", "2025-04-04", "2025-04-18")
    assert expected in owed(country.worklist("甘肃", as_of="2025-04-04"))
    assert DUTY in {one["kind"] for one in country.state(unwanted.member, as_of="2025-04-04")["duties"]}
    assert DUTY not in {one["kind"] for one in country.state(unwanted.member, as_of="2025-04-03")["duties"]}
    assert DUTY not in overdue(country.worklist("甘肃", as_of="2025-04-18"))
    assert DUTY in overdue(country.worklist("甘肃", as_of="2025-04-19"))


def test_the_member_always_has_an_owner(country: Country, unwanted: Unwanted):
    for event in unwanted.answers:
        after = event["after"]
        assert isinstance(after, dict)
        assert after["responsible"] == after["affiliation"] == "民勤-1", event["type"]
    for day, holder in (
        ("2025-03-02", None),
        ("2025-03-03", "凉州"),
        ("2025-03-05", None),
        ("2025-03-10", "城关"),
        ("2025-03-14", None),
        ("2025-03-20", "凉州"),
        ("2025-04-04", None),
    ):
        state = country.state(unwanted.member, as_of=day)
        assert (state["responsible"], state["holder"]) == ("民勤-1", holder)
        assert country.on_roster("outflow", organisation="民勤-1", as_of=day).keys() == {unwanted.member}


def test_it_goes_back_to_awaiting_each_time(country: Country, unwanted: Unwanted):
    stages = [event["after"]["stage"] for event in unwanted.answers]  # type: ignore[index]
    assert stages == [
        "awaiting_check_in", "checked_in", "awaiting_check_in", "checked_in", "awaiting_check_in", "awaiting_check_in",
    ]  # fmt: skip
    (leg,) = country.state(unwanted.member)["movement"]["legs"]
    assert leg["region"] == "620602"


def test_as_known_before_the_third_nobody_had_to_find_a_home(country: Country, unwanted: Unwanted):
    known: dict[str, Any] = {"as_of": "2025-04-04", "known_at": unwanted.before_the_third}
    assert DUTY not in {one["kind"] for one in country.worklist("甘肃", **known)}
    assert country.state(unwanted.member, **known)["holder"] == "凉州"


def test_an_acceptance_finds_the_home(country: Country):
    other = Unwanted(country)
    other.say("城关", "route", "2025-04-08", to_organisation="城关-2", by="民勤")
    assert DUTY in {one["kind"] for one in country.state(other.member, as_of="2025-04-08")["duties"]}
    other.say("城关-2", "accept", "2025-04-09")
    state = country.state(other.member, as_of="2025-04-09")
    assert (state["responsible"], state["movement"]["stage"]) == ("城关-2", "settled")
    assert DUTY not in {one["kind"] for one in state["duties"]}


def test_declines_further_apart_are_no_ping_pong(country: Country):
    origin, host = country.of("民勤-2"), country.of("凉州")
    member = origin.register("民勤-2", name="测试乙")
    origin.command(member, "depart", "2025-01-02", destination={"region": "620602"})
    host.command(member, "check-in", "2025-01-03", region="620602", channel="WORKER")
    for declined, routed in (("2025-01-06", "2025-01-20"), ("2025-01-28", "2025-02-03")):
        host.command(member, "decline", declined, reason="STAY_TOO_SHORT")
        origin.command(member, "route", routed, to_organisation="凉州")
    host.command(member, "decline", "2025-02-06", reason="STAY_TOO_SHORT")  # 31 days after the first
    assert DUTY not in {one["kind"] for one in country.state(member, as_of="2025-02-06")["duties"]}
    origin.command(member, "route", "2025-02-10", to_organisation="凉州")
    host.command(member, "decline", "2025-02-12", reason="STAY_TOO_SHORT")
    # Now all three lie within 30 days; 凉州 and 民勤 are both of 武威.
    assert (DUTY, "武威", "2025-02-12", "2025-02-26") in owed(country.worklist("武威", as_of="2025-02-12"))
