"""What read models must say, by a straight fold of each member's facts: slow, and simple enough to be believed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.fact import Fact
from domain.member.fold import fold
from domain.member.merging.belonging import belonging, linked_facts
from domain.member.state import State
from domain.member.views import duty_view, open_duties
from domain.reference import Reference, empty_reference
from domain.times import local_day
from tests.integration.projections.lives import Lives

AWAY = ("awaiting_check_in", "checked_in", "settled")


def reference_of(lives: Lives) -> Reference:
    return empty_reference().with_facts(lives.facts)


def states(lives: Lives, reference: Reference, as_of_us: int, known: int) -> dict[UUID, State]:
    """Return the states of all members of whom anything had happened, as known then."""
    ledgers: dict[UUID, list[Fact]] = {member: [] for member in lives.members()}
    for fact in lives.facts:
        if fact.stream in ledgers:
            ledgers[fact.stream].append(fact)
    of_member = {
        member: belonging(member, [*facts, *linked_facts(member, facts, ledgers.__getitem__)], known)
        for member, facts in ledgers.items()
    }
    return {member: fold(facts, reference, as_of_us=as_of_us) for member, facts in of_member.items() if facts}


def roster_item(member: UUID, state: State, as_of_us: int) -> dict[str, Any]:
    movement = state.movement
    leg = movement.leg if movement is not None else None
    duties = open_duties(list(state.duties.values()), as_of_us)
    region = None
    if movement is not None and leg is not None and movement.stage != "closed":
        expected = movement.stage in ("reported", "awaiting_check_in")
        region = leg.declared_region if expected else (leg.region or leg.declared_region)
    return {
        "member_id": str(member),
        "affiliation": state.affiliation,
        "responsible": state.responsible,
        "holder": state.holder,
        "stage": movement.stage if movement is not None else None,
        "view": movement.view if movement is not None else None,
        "origin_region": movement.origin_region if movement is not None else None,
        "region": region,
        "since": local_day(state.stage_since_us).isoformat() if movement is not None else None,
        "last_contact_at": state.last_contact_at,
        "lost_contact": state.lost_contact,
        "overdue": any(duty.overdue for duty in duties),
    }


def affiliated(lives: Lives, reference: Reference, as_of_us: int, known: int) -> list[dict[str, Any]]:
    found = [
        roster_item(member, state, as_of_us)
        for member, state in states(lives, reference, as_of_us, known).items()
        if state.affiliation_region is not None and state.membership != "ended"
    ]
    return sorted(found, key=lambda item: item["member_id"])


def duties(lives: Lives, reference: Reference, as_of_us: int, known: int) -> list[dict[str, Any]]:
    found = [
        duty_view(duty, str(member))
        for member, state in states(lives, reference, as_of_us, known).items()
        for duty in open_duties(list(state.duties.values()), as_of_us)
        if duty.organisation is not None
    ]
    return sorted(found, key=lambda item: (item["due_on"], item["duty_id"], item["member_id"]))
