"""What was already impossible: each rule a named condition with a code; it refuses a command, or flags a fact."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, cast

from domain.member import events as e
from domain.member.cards import events as c
from domain.member.cards.rules import must_hold_a_card, must_hold_no_card
from domain.member.dues import DuesPaid
from domain.member.feedback import events as f
from domain.member.feedback.rules import (
    must_be_the_members_own,
    must_have_been_there,
    must_have_something_to_acknowledge,
    must_not_be_issued_twice,
)
from domain.member.membership import events as m
from domain.member.membership.rules import AFTER_THE_END, must_be_active, must_be_suspended, must_still_be_a_member
from domain.member.membership.state import ENDED
from domain.member.privacy import rules as privacy
from domain.member.rule import Rule, acts_for, is_in_line, must_be_affiliated, rule
from domain.member.service import rules as service
from domain.member.silence import lost_review_day
from domain.member.transfer.rules import RULES as TRANSFER
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import Leg, State
    from domain.reference import Reference


@rule("movement_open", "已有一次未结束的流动，请先办结", "A movement is still open; finish it first.")
def must_not_report_twice(state: State, fact: Fact, _reference: Reference) -> bool:
    """A departure found out afterwards may be reported once the member is away; a second plan may not."""
    movement = state.open_movement
    if movement is None:
        return True
    departs_on = cast("e.DepartureReported", fact.body).departs_on
    is_planned = departs_on is not None and date.fromisoformat(departs_on) > local_day(fact.when)
    return movement.is_away and not movement.reported and not is_planned


@rule("no_open_movement", "没有进行中的流动", "There is no open movement.")
def must_have_an_open_movement(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.open_movement is not None


@rule("already_departed", "已经离开，不能再登记离开", "The member had already left.")
def must_not_have_departed(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is None or movement.stage in ("reported", "returned")


@rule(
    "movement_open",
    "返回后尚未办结回归教育，请先办结或免予",
    "The return is not finished: hold or waive the return education first.",
)
def must_not_wait_for_education(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is None or movement.stage != "returned"


@rule("already_departed", "已经离开，不能取消外出；可登记返回", "The member has left already: record a return instead.")
def must_still_be_at_home(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is None or movement.stage == "reported"


@rule(
    "already_checked_in", "已经报到，请用再流动登记新的去向", "The member has checked in: record a move onward instead."
)
def must_not_have_checked_in(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is None or movement.stage in ("reported", "awaiting_check_in")


@rule("nothing_to_prompt", "没有等待报到的外出", "No check-in is awaited.")
def check_in_must_be_awaited(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is not None and movement.stage in ("reported", "awaiting_check_in")


@rule("nothing_to_route", "没有可分办的报到", "There is no check-in to hand over.")
def must_have_a_case(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is not None and (
        movement.stage == "checked_in" or (movement.stage == "awaiting_check_in" and movement.leg.region is not None)
    )


@rule("nothing_to_answer", "没有等待答复的报到", "There is no check-in to answer.")
def must_have_something_to_accept(state: State, fact: Fact, reference: Reference) -> bool:
    movement = state.open_movement
    if movement is None:
        return False
    if movement.stage == "checked_in":
        return True
    return movement.stage == "settled" and not is_same_side(movement.leg, fact.organisation, reference)


@rule(
    "not_your_case",
    "该报到不在本组织所在地，也未分办给本组织",
    "The case is neither in this organisation's place nor handed to it.",
)
def must_be_concerned(state: State, fact: Fact, reference: Reference) -> bool:
    movement = state.open_movement
    if movement is None or not movement.is_away:
        return True
    leg = movement.leg
    return (
        reference.is_in(fact.organisation, leg.region)
        or reference.is_in(fact.organisation, leg.declared_region)
        or any(acts_for(fact, one, reference) for one in (leg.holder, leg.accepted_by, leg.branch))
    )


@rule("already_accepted", "本组织已经接收", "This side has accepted already.")
def must_not_accept_twice(state: State, fact: Fact, reference: Reference) -> bool:
    movement = state.open_movement
    if movement is None or movement.stage != "settled":
        return True
    return not any(is_in_line(fact.organisation, claim.organisation, reference) for claim in movement.claims)


@rule("nothing_to_answer", "没有等待答复的报到", "There is no check-in to answer.")
def must_have_something_to_decline(state: State, fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    if movement is None:
        return False
    if movement.stage == "checked_in":
        return True
    parties = {movement.leg.accepted_by, movement.leg.branch, *(claim.organisation for claim in movement.claims)}
    return movement.stage == "settled" and bool(movement.claims) and fact.organisation in parties


@rule("no_such_claim", "没有这项争议", "There is no such claim to decide.")
def claim_must_stand(state: State, fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    body = cast("e.ClaimDecided", fact.body)
    return movement is not None and any(claim.claim_id == body.claim_id for claim in movement.claims)


@rule("not_a_party", "裁定的组织不是争议的一方", "The organisation decided for is not a party to the claim.")
def must_favour_a_party(state: State, fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    body = cast("e.ClaimDecided", fact.body)
    if movement is None:
        return True
    claims = [claim for claim in movement.claims if claim.claim_id == body.claim_id]
    parties = {movement.leg.accepted_by, movement.leg.branch}
    return body.in_favour_of in parties.union(*((claim.organisation, claim.branch) for claim in claims))


@rule("party_to_the_claim", "争议的一方不能裁定自己的争议", "A party to a claim may not decide its own claim.")
def must_not_decide_its_own_claim(state: State, fact: Fact, reference: Reference) -> bool:
    """Whoever owes the decision, and who is above, stands above the parties; others in line with one are that party."""
    movement, tree = state.open_movement, reference.organisations
    if movement is None or fact.organisation is None:
        return True
    leg = movement.leg
    parties = [leg.accepted_by, leg.branch]
    parties += [code for claim in movement.claims for code in (claim.organisation, claim.branch)]
    if any(code is not None and tree.is_at_or_below(fact.organisation, code) for code in parties):
        return False
    duty = state.duties.get("decide_claim")
    if duty is not None and tree.is_at_or_below(duty.organisation, fact.organisation):
        return True
    return not any(is_in_line(fact.organisation, code, reference) for code in parties)


@rule(
    "not_settled", "尚未接收，不能编入支部（兜底编入除外）", "Not accepted yet: only a fallback placement is possible."
)
def must_be_placeable(state: State, fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    if movement is None:
        return False
    body = cast("e.PlacedInBranch", fact.body)
    return movement.stage == "settled" or (
        body.kind == "FALLBACK"
        and movement.stage in ("checked_in", "awaiting_check_in")
        and movement.leg.region is not None
    )


@rule("not_checked_in", "尚未在流入地报到，请变更去向", "Not checked in anywhere: change the destination instead.")
def must_have_checked_in(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is not None and movement.stage in ("checked_in", "settled")


@rule("not_away", "党员当时不在外", "The member was not away then.")
def must_be_away(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is not None and movement.is_away


@rule("not_returned", "尚未返回", "The member has not returned.")
def must_have_returned(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is not None and movement.stage == "returned"


@rule("after_return", "这一天党员已经返回", "The member had returned by that day.")
def must_not_follow_a_return(state: State, _fact: Fact, _reference: Reference) -> bool:
    movement = state.open_movement
    return movement is None or movement.stage != "returned"


@rule("already_lost", "已经认定失联", "Contact is already declared lost.")
def must_not_be_lost(state: State, _fact: Fact, _reference: Reference) -> bool:
    return not state.lost_contact


@rule("not_lost", "没有认定失联", "Contact has not been declared lost.")
def must_have_been_lost(state: State, fact: Fact, _reference: Reference) -> bool:
    """A contact restores by itself: saying so on the same day is not wrong."""
    found_us = state.found_us
    return state.lost_contact or (found_us is not None and local_day(found_us) == local_day(fact.when))


@rule(
    "too_early",
    "距最后一次联系未满规定的月数，不能认定失联",
    "The months of silence that the policy asks for have not passed.",
)
def silence_must_be_long_enough(state: State, fact: Fact, reference: Reference) -> bool:
    opens = lost_review_day(state, reference)
    return opens is not None and local_day(fact.when) >= opens


@rule("no_review_open", "没有待办的失联审核", "No review of lost contact is open.")
def review_must_be_open(state: State, fact: Fact, _reference: Reference) -> bool:
    duty = state.duties.get("lost_contact_review")
    return duty is not None and duty.since_us <= fact.when


@rule("nothing_to_assign", "没有待指定的区划", "No region needs assignment.")
def region_must_need_assignment(state: State, fact: Fact, _reference: Reference) -> bool:
    duty = state.duties.get("assign_region")
    return duty is not None and duty.since_us <= fact.when


@rule("not_a_successor", "指定的区划不是拆分后的区划", "This is not one of the regions that the old one became.")
def must_be_one_of_what_it_became(state: State, fact: Fact, reference: Reference) -> bool:
    movement = state.open_movement
    split = (movement.leg.region or movement.leg.declared_region) if movement is not None else None
    candidates = reference.regions.resolve(split, local_day(fact.when)).candidates if split is not None else ()
    return not candidates or cast("e.RegionAssigned", fact.body).region[:6] in candidates


@rule("already_full", "已经是正式党员", "The member is a full member already.")
def must_be_probationary(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.category == "PROBATIONARY"


def is_same_side(leg: Leg, organisation: str | None, reference: Reference) -> bool:
    """Whether an organisation belongs to the side that has already accepted a leg."""
    return any(is_in_line(organisation, code, reference) for code in (leg.accepted_by, leg.branch))


RULES: Final[dict[type[Body], tuple[Rule, ...]]] = {
    e.DepartureReported: (must_be_affiliated, must_not_report_twice),
    e.PreDepartureTalkHeld: (must_have_an_open_movement,),
    e.PreDepartureTalkWaived: (must_have_an_open_movement,),
    e.Departed: (must_be_affiliated, must_not_have_departed, must_not_wait_for_education),
    e.DepartureCancelled: (must_have_an_open_movement, must_still_be_at_home),
    e.DestinationChanged: (must_have_an_open_movement, must_not_have_checked_in),
    e.CheckInPrompted: (check_in_must_be_awaited,),
    e.CaseRouted: (must_have_a_case,),
    e.Accepted: (must_have_something_to_accept, must_be_concerned, must_not_accept_twice),
    e.AcceptanceContested: (must_have_something_to_accept, must_not_accept_twice),
    e.Declined: (must_have_something_to_decline, must_be_concerned),
    e.ClaimDecided: (claim_must_stand, must_favour_a_party, must_not_decide_its_own_claim),
    e.PlacedInBranch: (must_be_placeable, must_be_concerned),
    e.RegionAssigned: (region_must_need_assignment, must_be_one_of_what_it_became),
    e.MovedOnward: (must_have_checked_in,),
    e.KeptInContactList: (review_must_be_open,),
    e.LostContactDeclared: (must_be_away, must_not_be_lost, silence_must_be_long_enough),
    e.ContactRestored: (must_have_been_lost,),
    e.ContactWaived: (must_be_away,),
    e.ReturnReported: (must_be_away,),
    e.Returned: (must_be_away,),
    e.ReturnEducationHeld: (must_have_returned,),
    e.ReturnEducationWaived: (must_have_returned,),
    e.MovementClosed: (must_have_an_open_movement,),
    e.ConfirmedAsFull: (must_be_affiliated, must_be_probationary),
    c.ActivityCardIssued: (must_be_affiliated, must_hold_no_card),
    c.ActivityCardInspected: (must_hold_a_card,),
    f.AnnualFeedbackIssued: (must_have_been_there, must_not_be_issued_twice),
    f.FeedbackAcknowledged: (must_have_something_to_acknowledge, must_be_the_members_own),
    m.MembershipSuspended: (must_be_affiliated, must_be_active),
    m.MembershipRestored: (must_be_suspended,),
    m.MembershipEnded: (must_be_affiliated,),
    m.MemberDeceased: (must_be_affiliated,),
    **TRANSFER,
    **service.RULES,
    **privacy.RULES,
}
"""Rules of decisions: a broken one refuses the command."""

ODDITIES: Final[dict[type[Body], tuple[Rule, ...]]] = {
    e.CheckedIn: (must_be_affiliated, must_not_follow_a_return),
    e.ContactMade: (must_be_affiliated, must_not_follow_a_return),
    **service.ODDITIES,
    DuesPaid: (must_be_affiliated,),
}
"""Rules of what the world did: taken all the same, flagged."""

ONCE_OVER: Final = (must_still_be_a_member,)
"""The one rule of everything that is said to have happened after a membership had ended."""


def rules_of(state: State, kind: type[Body]) -> tuple[Rule, ...]:
    """Return what must hold for a fact of this kind."""
    if state.membership == ENDED and kind not in AFTER_THE_END and kind not in privacy.ABOUT_THE_RECORD:
        return ONCE_OVER
    return RULES.get(kind, ())


def first_broken(state: State, fact: Fact, reference: Reference) -> Rule | None:
    """Return the first rule that would refuse this fact as a command."""
    for one in rules_of(state, type(fact.body)):
        if not one.holds(state, fact, reference):
            return one
    return None
