"""Dues, activity cards and yearly feedback, told naively: who had the member, and when, is written down."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.model.moments import day_of, months_on, start_of
from tests.model.offices import related

Row = dict[str, Any]
FACTS = (
    "dues_paid", "activity_card_issued", "activity_card_inspected", "annual_feedback_issued", "feedback_acknowledged",
)  # fmt: skip
LEAST_MONTHS = 3


def blank() -> Row:
    return {"dues": None, "card": None, "stays": [], "feedback": [], "fed": set(), "was_open": False}


def refusal(s: Row, row: Row) -> str | None:
    kind, org = row["type"], row["organisation"]
    if kind == "activity_card_issued":
        if s["affiliation"] is None:
            return "not_yet_affiliated"
        return "card_held" if s["card"] else None
    if kind == "activity_card_inspected":
        return None if s["card"] else "no_card"
    if kind == "annual_feedback_issued":
        hosts = [host for stay in there(s, row) for host in stay["hosts"]]
        if not hosts:
            return "not_there_that_year"
        same = [one for one in s["feedback"] if one["year"] == row["data"]["year"]]
        return "feedback_issued" if any(related(one["org"], host) for one in same for host in hosts) else None
    if kind == "feedback_acknowledged":
        if not waiting(s, row["data"]["year"]):
            return "nothing_to_acknowledge"
        return None if org is None or related(org, s["affiliation"]) else "not_your_member"
    return None


def odd(s: Row) -> list[str]:
    return ["not_yet_affiliated"] if s["affiliation"] is None else []


def there(s: Row, row: Row) -> list[Row]:
    """Return the stays with an organisation that hold a day, at whose end the member was there, of the year."""
    org, year, upto = row["organisation"], row["data"]["year"], day_of(row["when"])
    found = []
    for stay in s["stays"]:
        if org is not None and not any(related(org, host) for host in stay["hosts"]):
            continue
        last = upto if stay["left"] is None else min(upto, day_of(stay["left"]) - dt.timedelta(days=1))
        day = day_of(stay["arrived"])
        while day <= last:
            if day.year == year:
                found.append(stay)
                break
            day += dt.timedelta(days=1)
    return found


def waiting(s: Row, year: int) -> list[Row]:
    return [one for one in s["feedback"] if one["year"] == year and not one["acknowledged"]]


def happen(s: Row, row: Row) -> None:
    """Let a fact happen, all but the sign of life that dues are."""
    kind, data = row["type"], row["data"]
    if kind == "dues_paid":
        s["dues"] = max([*data["months"], *([s["dues"]] if s["dues"] else [])])
    elif kind == "activity_card_issued":
        s["card"] = {"issued": row["occurred_at"], "inspected": None, "since": row["when"]}
    elif kind == "activity_card_inspected":
        next_year = start_of(dt.date(day_of(row["when"]).year + 1, 1, 1))
        s["card"].update(inspected=row["occurred_at"], since=next_year)
    elif kind == "annual_feedback_issued":
        org = row["organisation"]
        hosts = [stay["hosts"][0] for stay in there(s, row)]
        issued = {**data, "org": org, "when": row["when"], "acknowledged": None, "hosts": hosts}
        s["feedback"] = [*s["feedback"], issued]
        if _is_settled(s) and related(org, s["stays"][-1]["hosts"][0]):
            s["fed"] = s["fed"] | {data["year"]}
    elif kind == "feedback_acknowledged":
        for one in waiting(s, data["year"]):
            one["acknowledged"] = row["occurred_at"]


def _is_settled(s: Row) -> bool:
    return bool(s["movement"]) and s["movement"]["stage"] == "settled"


def follow(s: Row, row: Row) -> None:
    """After any fact: who has the member, since when, and who no longer has."""
    movement = s["movement"]
    name = (movement["id"], len(movement["legs"])) if _is_settled(s) else None
    for stay in s["stays"]:
        if stay["left"] is None and stay["name"] != name:
            stay["left"] = row["when"]
    if name is not None:
        here = movement["legs"][-1]
        hosts = [here["branch"] or here["accepted_by"], here["accepted_by"]]
        if not s["stays"] or s["stays"][-1]["name"] != name:
            arrived = here.get("arrived", row["when"])
            s["stays"].append({"name": name, "arrived": arrived, "settled": row["when"], "left": None})
            s["fed"] = set()
        s["stays"][-1]["hosts"] = hosts
    is_open = bool(movement) and movement["stage"] != "closed"
    if (s["was_open"] and not is_open) or s["membership"] == "ended":
        s["card"] = None
    s["was_open"] = is_open


def owed(s: Row, until: int) -> list[tuple[str, str, int, dt.date]]:
    """Return what is owed: kind, by whom, since when, due when."""
    if s["membership"] == "ended":
        return []
    this_year = day_of(until).year
    found: list[tuple[str, str, int, dt.date]] = []
    if s["card"]:
        for year in range(day_of(s["card"]["since"]).year, this_year + 1):
            since = max(s["card"]["since"], start_of(dt.date(year, 1, 1)))
            found.append(("inspect_card", s["affiliation"], since, dt.date(year, 12, 31)))
    if _is_settled(s):
        stay = s["stays"][-1]
        first = max(day_of(stay["settled"]).year, months_on(day_of(stay["arrived"]), LEAST_MONTHS).year)
        for year in sorted(set(range(first, this_year + 1)) - s["fed"]):
            since = max(stay["settled"], start_of(dt.date(year, 12, 1)))
            found.append(("issue_feedback", stay["hosts"][0], since, dt.date(year, 12, 31)))
    for one in s["feedback"]:
        if not one["acknowledged"]:
            day, due = day_of(one["when"]), dt.date(one["year"] + 1, 1, 31)
            while due < day:
                due = due.replace(year=due.year + 1)
            found.append(("acknowledge_feedback", s["affiliation"], one["when"], due))
    return found


def told(s: Row) -> tuple[Any, ...]:
    """Return it all in the shape in which it is compared."""
    card = s["card"] and (s["card"]["issued"], s["card"]["inspected"])
    return s["dues"], card, [(one["year"], one["org"], one["acknowledged"]) for one in s["feedback"]]
