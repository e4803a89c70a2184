"""Given a member of a small country: commands that are decided as in the service, and what is owed on a day."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from domain.errors import Refused
from domain.member.views import member_state, open_duties
from domain.organisation import OrganisationRegistered
from domain.times import day_end_us, parse_occurred
from tests.model.recording import Stream
from tests.model.world import MEMBER, world

if TYPE_CHECKING:
    from domain.reference import Reference

LANZHOU, CHENGDU, LIANGZHOU, HOME = "620102", "510104", "620602", "620621"
KUNSHAN, WUZHONG = "320583", "320506"

FURTHER = {
    "HZ": ("COMMITTEE", "330100", None),
    "HZ-5": ("COMMITTEE", "330105", "HZ"),
    "SZ": ("COMMITTEE", "320500", None),
    "KS": ("COMMITTEE", "320583", "SZ"),
    "KS-1": ("BRANCH", "320583", "KS"),
    "WZ": ("COMMITTEE", "320506", "SZ"),
}


class Owed(NamedTuple):
    """A duty, without its id."""

    organisation: str | None
    since: str
    due_on: str
    overdue: bool


@cache
def country() -> Reference:
    """Return the world of the random lives, with places in 江苏 and 浙江 besides."""
    base = world()
    bodies = [
        (OrganisationRegistered(code, f"测试{code}", kind, region, parent), 100 + index)
        for index, (code, (kind, region, parent)) in enumerate(FURTHER.items())
    ]
    return replace(base, organisations=base.organisations.with_organisations(bodies))


def member(*, reference: Reference | None = None, since: str | None = None, category: str = "FULL") -> Stream:
    """Return the stream of a member of branch MQ-1 (民勤), registered and at home."""
    stream = Stream(reference or country())
    stream.register("MQ-1", since, category)
    return stream


def away(left: str = "2024-10-08", to: str = LANZHOU) -> Stream:
    """Return a member who reported and left on one day."""
    stream = member()
    stream.command("report-departure", left, destination={"region": to})
    stream.command("hold-pre-departure-talk", left)
    stream.command("depart", left)
    return stream


def checked_in(left: str = "2024-10-08", on: str = "2024-10-12", at: str = LANZHOU) -> Stream:
    stream = away(left)
    stream.command("check-in", on, "CG", region=at, channel="CODE")
    return stream


def settled(left: str = "2024-10-08", on: str = "2024-10-12", accepted: str = "2024-10-14") -> Stream:
    """Return a member accepted into branch CG-1 of 兰州城关."""
    stream = checked_in(left, on)
    stream.command("accept", accepted, "CG", branch="CG-1")
    return stream


def state(stream: Stream, on: str | None = None) -> dict[str, Any]:
    """Return the member state of INTERFACE.md at the end of a day, or after everything."""
    at_us = day_end_us(parse_occurred(on).day) if on is not None else stream.now_us
    return member_state(
        stream.state(on), stream.reference, member_id=str(MEMBER), version=len(stream.facts), as_of_us=at_us
    )


def stage(stream: Stream, on: str | None = None) -> str | None:
    movement = state(stream, on)["movement"]
    return movement["stage"] if movement is not None else None


def legs(stream: Stream, on: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = state(stream, on)["movement"]["legs"]
    return found


def owed(stream: Stream, kind: str, on: str) -> list[Owed]:
    """Return the duties of a kind that stand at the end of a day, oldest due first."""
    at_us = day_end_us(parse_occurred(on).day)
    return [
        Owed(one.organisation, one.since.isoformat(), one.due_on.isoformat(), one.overdue)
        for one in open_duties(list(stream.state(on).duties.values()), at_us)
        if one.kind == kind
    ]


def months(stream: Stream, on: str) -> dict[str | None, list[str]]:
    """Return the months for which a contact is owed, by who owes it."""
    found: dict[str | None, list[str]] = {}
    for one in owed(stream, "monthly_contact", on):
        found.setdefault(one.organisation, []).append(one.due_on[:7])
    return found


def refused(stream: Stream, code: str, verb: str, at: str, organisation: str | None = "MQ", **payload: Any) -> None:
    """Check that a command is refused with a code and leaves nothing behind."""
    before = list(stream.facts)
    with pytest.raises(Refused) as caught:
        stream.command(verb, at, organisation, **payload)
    assert caught.value.code == code
    assert caught.value.sentence.zh
    assert stream.facts == before


def flags(stream: Stream) -> dict[str, list[str]]:
    """Return what does not fit, by the fact's name."""
    names = {fact.event_id: fact.fact for fact in stream.facts}
    return {names[event_id]: codes for event_id, codes in stream.state().flagged.items()}
