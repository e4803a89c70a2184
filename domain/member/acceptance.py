"""Who takes responsibility at the destination: acceptances, claims, decisions, declines, placements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from domain.member import duties, months, places
from domain.member.feedback import owing as feedback
from domain.member.state import Claim
from domain.member.transfer.steps import close_where_home_is
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member import events as e
    from domain.member.state import Movement, State
    from domain.reference import Reference


def accepted(state: State, fact: Fact, body: e.Accepted | e.AcceptanceContested, reference: Reference) -> None:
    """The first acceptance settles the leg; a second side's becomes a claim, and the first stays responsible."""
    movement = state.movement
    if movement is None or fact.organisation is None:
        return
    if movement.stage == "settled":
        claim_id = getattr(body, "claim_id", None) or fact.first_id
        movement.claims.append(Claim(claim_id, fact.organisation, body.branch, fact.occurred_at))
        _owe_decision(state, movement, reference, fact.when)
        return
    _settle(state, movement, reference, fact, body.branch)


def _settle(state: State, movement: Movement, reference: Reference, fact: Fact, branch: str | None) -> None:
    leg = movement.leg
    leg.accepted_at = fact.occurred_at
    leg.accepted_by = fact.organisation
    leg.branch = branch
    leg.holder = None
    places.set_stage(state, movement, "settled", fact.when)
    duties.end_duties(state, ("answer_check_in", "find_a_home"), fact.when)
    duties.place_in_branch(state, reference, movement, fact.when)
    months.begin_monthly_contact(state, reference, "destination", fact.when)
    feedback.begin(state, reference, leg, fact.when)


def _owe_decision(state: State, movement: Movement, reference: Reference, at_us: int) -> None:
    parties = [code for code in (movement.leg.accepted_by, *(claim.organisation for claim in movement.claims)) if code]
    superior = reference.organisations.common_superior(parties, movement.origin_organisation)
    duties.end_duty(state, "decide_claim", at_us)
    duties.open_duty(
        state,
        reference,
        "decide_claim",
        since_us=at_us,
        due="decide_claim_workdays",
        role=duties.OTHER_ROLE,
        organisation=superior,
        subject=movement.claims[-1].claim_id,
    )


def claim_decided(state: State, fact: Fact, body: e.ClaimDecided, reference: Reference) -> None:
    """A person decided between two sides; in favour of the second, the leg moves there."""
    movement = state.movement
    if movement is None:
        return
    claim = next(claim for claim in movement.claims if claim.claim_id == body.claim_id)
    movement.claims.remove(claim)
    if body.in_favour_of in (claim.organisation, claim.branch):
        _move_leg_to(state, movement, claim, reference, fact)
    if not movement.claims:
        duties.end_duty(state, "decide_claim", fact.when)


def _move_leg_to(state: State, movement: Movement, claim: Claim, reference: Reference, fact: Fact) -> None:
    leg = movement.leg
    leg.accepted_by, leg.branch, leg.accepted_at = claim.organisation, claim.branch, claim.at
    leg.placement = leg.preferred_kind = None
    if not reference.is_in(claim.organisation, leg.region):
        leg.region = _place_of_claim(movement, claim, reference)
    duties.end_duty(state, "place_in_branch", fact.when)
    duties.place_in_branch(state, reference, movement, fact.when)
    duties.hand_over(state, reference, fact.when)
    close_where_home_is(state, fact.when, reference)


def _place_of_claim(movement: Movement, claim: Claim, reference: Reference) -> str | None:
    leg = movement.leg
    if leg.declared_region is not None and reference.is_in(claim.organisation, leg.declared_region):
        return leg.declared_region
    return reference.place_of(claim.organisation) or leg.region


def declined(state: State, fact: Fact, _body: e.Declined, reference: Reference) -> None:
    """The case goes back to the origin; of two claims, one side withdraws."""
    movement = state.movement
    if movement is None:
        return
    if movement.stage == "settled":
        _withdraw(state, movement, fact, reference)
        return
    movement.leg.holder = None
    places.set_stage(state, movement, "awaiting_check_in", fact.when)
    duties.end_duty(state, "answer_check_in", fact.when)
    _count_decline(state, movement, fact, reference)


def _withdraw(state: State, movement: Movement, fact: Fact, reference: Reference) -> None:
    own = [claim for claim in movement.claims if claim.organisation == fact.organisation]
    if own:
        movement.claims.remove(own[0])
    else:
        _move_leg_to(state, movement, movement.claims.pop(0), reference, fact)
    if not movement.claims:
        duties.end_duty(state, "decide_claim", fact.when)


def _count_decline(state: State, movement: Movement, fact: Fact, reference: Reference) -> None:
    """On the third decline in the policy's days, the common superior must find the member a home.

    Declines of the whole movement count; a move onward or an acceptance in between does not make them undone.
    """
    policy = duties.policy_of(state, reference, fact.when)
    oldest = local_day(fact.when) - timedelta(days=policy.find_a_home_days)
    recent = [one for one in state.declines if local_day(one[0]) >= oldest]
    state.declines = [*recent, (fact.when, fact.organisation)]
    if len(state.declines) < policy.find_a_home_declines or "find_a_home" in state.duties:
        return
    parties = list(dict.fromkeys(code for _, code in state.declines if code))
    origin = movement.origin_organisation
    superior = reference.organisations.common_superior([*parties, *([origin] if origin else [])], origin)
    duties.open_duty(
        state,
        reference,
        "find_a_home",
        since_us=fact.when,
        due="find_a_home_workdays",
        role=duties.OTHER_ROLE,
        organisation=superior,
        subject=movement.movement_id,
    )


def placed_in_branch(state: State, fact: Fact, body: e.PlacedInBranch, reference: Reference) -> None:
    """编入支部: the branch is responsible; a fallback placement of a member whom nobody accepted is an acceptance."""
    movement = state.movement
    if movement is None:
        return
    if movement.stage != "settled":
        _settle(state, movement, reference, fact, body.branch)
    movement.leg.branch = body.branch
    movement.leg.placement = body.kind
    movement.leg.preferred_kind = body.preferred_kind
    duties.end_duty(state, "place_in_branch", fact.when)
    duties.hand_over(state, reference, fact.when)
