"""What a fact of service does to the member's record, and what attendance tells of a member who was silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from domain.member.hearing import heard_of
from domain.member.service import events as e
from domain.member.service.state import FOREVER_US, Attended, Hold, Served
from domain.member.state import Tally

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]


def post_claimed(state: State, fact: Fact, body: e.PostClaimed, _reference: Reference) -> None:
    state.service.holds.append(Hold(body.post, fact.event_id, fact.occurred_at, fact.when))


def post_released(state: State, fact: Fact, body: e.PostReleased, _reference: Reference) -> None:
    hold = state.service.held(body.post)
    if hold is not None:
        _end(hold, fact)


def free_posts(state: State, fact: Fact) -> None:
    """End every place that the member holds: whoever dies, or is no member any more, serves no post."""
    for hold in state.service.holds:
        if hold.until_us == FOREVER_US:
            _end(hold, fact)


def _end(hold: Hold, fact: Fact) -> None:
    hold.until_us, hold.ended_at, hold.ended_how = fact.when, fact.occurred_at, fact.body.fact


def service_recorded(state: State, fact: Fact, body: e.ServiceRecorded, _reference: Reference) -> None:
    state.service.served.append(
        Served(fact.event_id, fact.occurred_at, fact.when, body.post, body.kind, body.hours, fact.organisation)
    )
    movement = state.open_movement
    is_there = movement is not None and movement.stage in ("checked_in", "settled")
    region = movement.leg.region if movement is not None and is_there else state.affiliation_region
    state.tallies += [Tally("service_times", region), Tally("service_quarters", region, None, round(body.hours * 4))]


def attendance_recorded(state: State, fact: Fact, body: e.AttendanceRecorded, reference: Reference) -> None:
    """Being there ends a lost contact and starts the silence anew; the contact of the month stays owed."""
    if body.activity in state.service.attended:
        return
    state.service.attended[body.activity] = Attended(
        fact.event_id, fact.occurred_at, fact.when, body.activity, body.kind, body.hours, fact.organisation
    )
    heard_of(state, fact, reference, None)


STEPS: Final[dict[type[Body], Step]] = {
    e.PostClaimed: post_claimed,
    e.PostReleased: post_released,
    e.ServiceRecorded: service_recorded,
    e.AttendanceRecorded: attendance_recorded,
}
