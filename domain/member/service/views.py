"""A member's record of service as the member reads it: every input, and sums of nothing else; nobody is compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from domain.times import local_day

if TYPE_CHECKING:
    from domain.member.service.state import Attended, Hold, Served
    from domain.member.state import State


def service_record(state: State, *, member_id: str, version: int, first_us: int, last_us: int) -> dict[str, Any]:
    """Return what was served and attended between two instants, both included, and the posts held at any time between.

    Each input names its event, so that it can be looked up, corrected or contested.
    """
    record = state.service
    served = [one for one in record.served if first_us <= one.when <= last_us]
    attended = [one for one in record.attended.values() if first_us <= one.when <= last_us]
    return {
        "member_id": member_id,
        "version": version,
        "totals": {
            "hours_served": _hours(one.hours for one in served),
            "hours_attended": _hours(one.hours for one in attended),
            "activities_attended": len(attended),
        },
        "by_month": _by_month(served, attended),
        "served": [_served(one, state) for one in served],
        "attended": [_attended(one, state) for one in attended],
        "posts": [_held(one) for one in record.holds if one.from_us <= last_us and one.until_us > first_us],
    }


def _hours(hours: Iterable[float]) -> float:
    total = sum(hours)
    return int(total) if total == int(total) else float(total)


def _by_month(served: list[Served], attended: list[Attended]) -> list[dict[str, Any]]:
    instants = [one.when for one in served] + [one.when for one in attended]
    months = sorted({f"{local_day(us):%Y-%m}" for us in instants})
    return [
        {
            "month": month,
            "hours_served": _hours(one.hours for one in served if f"{local_day(one.when):%Y-%m}" == month),
            "hours_attended": _hours(one.hours for one in attended if f"{local_day(one.when):%Y-%m}" == month),
        }
        for month in months
    ]


def _served(one: Served, state: State) -> dict[str, Any]:
    return {
        "event_id": one.event_id,
        "occurred_at": one.served_at,
        "post": one.post,
        "kind": one.kind,
        "hours": one.hours,
        "organisation": one.organisation,
        "flags": _flags(one.event_id, state),
    }


def _attended(one: Attended, state: State) -> dict[str, Any]:
    return {
        "event_id": one.event_id,
        "occurred_at": one.attended_at,
        "activity": one.activity,
        "kind": one.kind,
        "hours": one.hours,
        "organisation": one.organisation,
        "flags": _flags(one.event_id, state),
    }


def _flags(event_id: str, state: State) -> list[str]:
    return [] if event_id in state.confirmed else list(state.flagged.get(event_id, ()))


def _held(one: Hold) -> dict[str, Any]:
    return {
        "post": one.post,
        "event_id": one.event_id,
        "claimed_at": one.claimed_at,
        "ended_at": one.ended_at,
        "ended_how": one.ended_how,
    }
