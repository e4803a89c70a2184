"""What the end of an organisation does to a member: whatever names it goes to the successor on that day.

Dissolutions are recorded on the organisation's stream. The fold finds those that a member's state names and lets each
happen at the beginning of its day, between the member's own facts; a fact that names who was gone by then means the
successor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from domain.fact import Body, Fact, body_data, body_from
from domain.member import duties
from domain.member import events as e
from domain.member.commands import COMMANDS
from domain.member.form import Kind
from domain.member.introduction import MemberIntroduced
from domain.member.rule import is_in_line

if TYPE_CHECKING:
    from domain.member.state import Movement, State
    from domain.organisation import Dissolution, OrganisationTree
    from domain.reference import Reference

NAMING: Final[dict[type[Body], tuple[str, ...]]] = {
    e.MemberRegistered: ("affiliation",),
    MemberIntroduced: ("affiliation",),
    e.AcceptanceContested: ("branch",),
    **{
        command.body: names
        for command in COMMANDS.values()
        if (names := tuple(field.name for field in command.fields if field.kind is Kind.ORGANISATION))
    },
}
"""The fields of a fact that hold the code of an organisation."""


def upto(state: State, reference: Reference, until_us: int) -> Iterator[Fact]:
    """Let the dissolutions that touch a member happen, up to an instant included; yields each once it has.

    Each stands at the beginning of its day. `reference` is what is known, of any day.
    """
    while (ended := _next(state, reference.organisations, until_us)) is not None:
        _take_over(state, ended, reference.at(ended.fact.when))
        yield ended.fact


def on_its_day(state: State, fact: Fact, reference: Reference) -> tuple[Fact, Reference]:
    """Return a fact as it is meant on its day, and the reference as of then: who was gone by then, the successor is."""
    if not reference.organisations.gone:
        return fact, reference
    then = reference.at(fact.when)
    tree = then.organisations
    member = state.member_id or str(fact.stream)
    acting = fact.organisation
    if acting is not None and tree.dissolution(acting) is not None:
        fact = replace(fact, organisation=tree.standing(acting, member))
    names = NAMING.get(type(fact.body), ())
    moved = {
        name: tree.standing(code, member)
        for name in names
        if (code := getattr(fact.body, name)) is not None and tree.dissolution(code) is not None
    }
    if moved:
        fact = replace(fact, body=body_from(fact.body.fact, {**body_data(fact.body), **moved}))
    return fact, then


def _next(state: State, tree: OrganisationTree, until_us: int) -> Dissolution | None:
    """Return the first dissolution, by an instant, of an organisation that the state names."""
    gone = tree.gone
    if not gone:
        return None
    found = [gone[code] for code in named(state) if code in gone and gone[code].fact.when <= until_us]
    return min(found, key=lambda one: (one.fact.when, one.code), default=None)


def named(state: State) -> set[str]:
    """Return the organisations that have, owe or expect something of a member now."""
    found: set[str | None] = {state.affiliation}
    found.update(duty.organisation for duty in state.duties.values())
    found.update(code for _, code in state.declines)
    movement = state.open_movement
    if movement is not None and movement.is_away:
        leg = movement.leg
        found.update((leg.accepted_by, leg.branch, leg.holder))
        for claim in movement.claims:
            found.update((claim.organisation, claim.branch))
    if state.transfer is not None and not state.transfer.is_finished:
        found.update((state.transfer.from_organisation, state.transfer.to_organisation))
    found.discard(None)
    return found  # type: ignore[return-value]


def _take_over(state: State, ended: Dissolution, reference: Reference) -> None:
    """The successor has what the dissolved one had: members, guests, cases, letters, and duties as they stand."""
    old, new, at_us = ended.code, ended.heir(state.member_id), ended.fact.when
    state.latest_recorded_us = max(state.latest_recorded_us, ended.fact.recorded_us)
    if state.affiliation == old:
        state.affiliation, state.affiliation_region = new, reference.region_of(new)
    movement = state.open_movement
    if movement is not None and movement.is_away:
        _rename(movement.leg, ("accepted_by", "branch", "holder"), old, new)
        for claim in movement.claims:
            _rename(claim, ("organisation", "branch"), old, new)
        _let_claims_within_one_side_fall(state, movement, reference, at_us)
    _hand_on_transfer(state, old, new, reference, at_us)
    state.declines = [(when, new if code == old else code) for when, code in state.declines]
    duties.succeed(state, reference, old, new, at_us)
    duties.hand_over(state, reference, at_us)


def _let_claims_within_one_side_fall(state: State, movement: Movement, reference: Reference, at_us: int) -> None:
    """Organisations in one line are one side: where two have become one, nothing is left to decide between them."""
    if not movement.claims:
        return
    sides = [code for code in (movement.leg.accepted_by, movement.leg.branch) if code is not None]
    standing = []
    for claim in movement.claims:
        if not any(is_in_line(claim.organisation, side, reference) for side in sides):
            standing.append(claim)
            sides.append(claim.organisation)
    movement.claims = standing
    if not standing:
        duties.end_duty(state, "decide_claim", at_us)


def _hand_on_transfer(state: State, old: str, new: str, reference: Reference, at_us: int) -> None:
    """The letter is the successor's to send or to receive; between the two of them nothing is left to transfer."""
    transfer = state.transfer
    if transfer is None or transfer.is_finished:
        return
    if transfer.from_organisation == old:
        transfer.from_organisation, transfer.from_region = new, reference.region_of(new)
    if transfer.to_organisation == old:
        transfer.to_organisation, transfer.to_region = new, reference.region_of(new)
    if transfer.is_pending and transfer.from_organisation == transfer.to_organisation:
        transfer.status = "withdrawn"
        duties.end_duty(state, "accept_transfer", at_us)


def _rename(what: Any, names: tuple[str, ...], old: str, new: str) -> None:  # noqa: ANN401 - whatever holds codes
    for name in names:
        if getattr(what, name) == old:
            setattr(what, name, new)
