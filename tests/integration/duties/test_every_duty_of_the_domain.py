"""Every duty of DOMAIN.md's table is on a worklist: with its owner, from its day, due on its day, until it is done."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain import codes
from domain.calendar import load_workdays
from domain.times import instant_us, local_day
from tests.integration.duties.table import CLAIM, DUTIES, HOME, REQUEST, Duty, Step, contact, depart
from tests.running_service import Answer
from tests.scenarios.country import Country

ENDINGS = [(duty, number) for duty in DUTIES for number in range(len(duty.clears))]


def live(country: Country, *steps: Step) -> str:
    """Register somebody at home, and let this happen to them."""
    member = country.everywhere.register(HOME)
    for step in steps:
        go_on(country, member, step)
    return member


def go_on(country: Country, member: str, step: Step) -> Answer:
    body: dict[str, Any] = dict(step.body)
    if body.get("claim_id") is CLAIM:
        (claim,) = country.state(member)["movement"]["claims"]
        body["claim_id"] = claim["claim_id"]
    if body.get("event_id") is REQUEST:
        (body["event_id"],) = [
            one["event_id"] for one in country.history(member) if one["type"] == "personal_data_requested"
        ]
    return country.everywhere.command(member, step.verb, step.day, organisation=step.organisation, **body)


def standing(country: Country, member: str, duty: Duty, as_of: str | date) -> list[Answer]:
    """What the owner has on its worklist of this duty for this member; nobody else has it on theirs."""
    asked = {"member_id": member, "kind": duty.kind, "as_of": str(as_of)}
    own = [one for one in country.worklist(duty.owner, **asked) if one["due_on"] == duty.due_on]
    if own:
        everybody = country.everywhere.ask("/v1/worklist", organisation="甘肃", limit=1000, **asked)["items"]
        same = [one for one in everybody if (one["duty_id"], one["member_id"]) == (own[0]["duty_id"], member)]
        assert same == own
    return own


def day_after(day: str, days: int = 1) -> date:
    return date.fromisoformat(day) + timedelta(days=days)


@pytest.mark.parametrize("duty", DUTIES, ids=[duty.name for duty in DUTIES])
def test_a_duty_stands_with_its_owner_from_its_day_and_is_overdue_after_its_due_day(country: Country, duty: Duty):
    member = live(country, *duty.opens)

    assert standing(country, member, duty, day_after(duty.since, -1)) == []
    for as_of, overdue in ((duty.since, False), (duty.due_on, False), (day_after(duty.due_on), True)):
        (one,) = standing(country, member, duty, as_of)
        assert (one["kind"], one["organisation"], one["member_id"]) == (duty.kind, duty.owner, member)
        assert (one["since"], one["due_on"], one["provisional"]) == (duty.since, duty.due_on, False)
        assert one["overdue"] is overdue
    state = country.state(member, as_of=duty.due_on)
    assert duty.due_on in {one["due_on"] for one in state["duties"] if one["kind"] == duty.kind}


@pytest.mark.parametrize(
    ("duty", "number"), ENDINGS, ids=[f"{duty.name}: {duty.clears[number][-1].verb}" for duty, number in ENDINGS]
)
def test_a_duty_disappears_by_the_event_that_fulfils_it(country: Country, duty: Duty, number: int):
    member = live(country, *duty.opens, *duty.clears[number])
    done_on = duty.clears[number][-1].day

    assert standing(country, member, duty, done_on) == []
    assert standing(country, member, duty, max(day_after(duty.due_on), date.fromisoformat(done_on))) == []
    before = max(day_after(done_on, -1), date.fromisoformat(duty.since))
    (one,) = standing(country, member, duty, before)
    assert one["due_on"] == duty.due_on


@pytest.mark.parametrize("ending", ["correct-event", "void-event", "confirm-flag"])
def test_a_fact_that_no_longer_fits_is_looked_at_by_who_recorded_it(country: Country, ending: str):
    """A contact of 10 September, found out to lie after the return of the first: ten workdays from finding out."""
    member = live(country, depart("2025-08-01"))
    (odd,) = go_on(country, member, contact("2025-09-10", HOME))["events"]
    (cause,) = go_on(country, member, Step(HOME, "return", "2025-09-01"))["events"]
    found_out = local_day_of(cause)

    (one,) = country.worklist(HOME, member_id=member, kind="look_at_flag")
    due = load_workdays().add_workdays(found_out, 10)
    assert (one["since"], one["due_on"], one["provisional"]) == (str(found_out), str(due.day), due.provisional)

    body = {"event_id": odd["event_id"]}
    if ending != "confirm-flag":
        body["reason"] = "日期录入有误"
    changes = {"changes": {"occurred_at": "2025-08-20"}} if ending == "correct-event" else {}
    # Recorded today: a look at a flag ends when somebody has looked, not on the day of the fact.
    country.everywhere.command(member, ending, str(found_out), organisation=HOME, **body, **changes)
    assert country.worklist(HOME, member_id=member, kind="look_at_flag") == []


def local_day_of(event: Answer) -> date:
    return local_day(instant_us(datetime.fromisoformat(event["recorded_at"])))


def test_a_due_day_past_the_end_of_the_workday_table_is_provisional(country: Country):
    first_unpublished = max(load_workdays().years) + 1
    months = (first_unpublished - 2025) * 12
    country.everywhere.record(
        "/v1/policies", region="510104", effective_on="2020-01-01", figures={"lost_contact_months": months},
        occurred_at="2020-01-01",
    )  # fmt: skip
    member = country.everywhere.register("锦江-1")
    country.everywhere.command(member, "depart", "2025-03-03", organisation="锦江-1", destination={"region": "620102"})

    opens = date(first_unpublished, 3, 3)
    (one,) = country.worklist("锦江-1", member_id=member, kind="lost_contact_review", as_of=str(opens))
    assert (one["since"], one["provisional"]) == (str(opens), True)
    weekdays = [opens + timedelta(days=n) for n in range(1, 20) if (opens + timedelta(days=n)).weekday() < 5]
    assert one["due_on"] == str(weekdays[9])


def test_the_table_has_every_kind_of_duty():
    assert {duty.kind for duty in DUTIES} | {"look_at_flag"} == set(codes.DUTY_KINDS)
