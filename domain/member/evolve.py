"""What each fact does to a member's state: one function a fact, called in the order in which things happened.

A decision that does not fit is flagged and leaves the state alone; what the world did counts, flagged if it is odd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from domain.member import acceptance, dues, duties, months, places, succession
from domain.member import events as e
from domain.member.cards import steps as cards
from domain.member.feedback import steps as feedback
from domain.member.hearing import found, heard_of
from domain.member.introduction import MemberIntroduced
from domain.member.membership import steps as membership
from domain.member.privacy import steps as privacy
from domain.member.rules import ODDITIES, rules_of
from domain.member.service import steps as service
from domain.member.transfer.steps import STEPS as TRANSFER
from domain.member.transfer.steps import close_where_home_is
from domain.times import parse_occurred

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import Movement, State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]


def apply(state: State, fact: Fact, reference: Reference) -> list[str]:
    """Move the state through one fact; return the codes of the rules that it does not fit."""
    if state.member_id is None:
        state.member_id = str(fact.stream)
    fact, reference = succession.on_its_day(state, fact, reference)
    kind = type(fact.body)
    if state.latest_recorded_us < fact.recorded_us < _NOT_YET:
        state.latest_recorded_us = fact.recorded_us
    flags: list[str] = []
    for rule in rules_of(state, kind):
        if not rule.holds(state, fact, reference):
            flags.append(rule.code)  # noqa: PERF401 - asked of every fact of every fold: most have no rule at all
    fits = not flags
    for rule in ODDITIES.get(kind, ()):
        if not rule.holds(state, fact, reference):
            flags.append(rule.code)  # noqa: PERF401 - as above
    step = STEPS.get(kind)
    if fits and step is not None:
        step(state, fact, fact.body, reference)
    if flags:
        state.flagged[fact.event_id] = flags
        if fact.event_id not in state.confirmed:
            since_us = max(fact.when, state.latest_recorded_us)
            duties.look_at_flag(state, reference, fact.event_id, fact.organisation, since_us)
    return flags


def live(
    state: State, facts: Iterable[Fact], reference: Reference, *, until_us: int
) -> Iterator[tuple[Fact, list[str]]]:
    """Move the state through facts in their order, up to an instant; yields each with its flags once it has happened.

    The dissolutions of organisations that the state names happen in between, and are yielded as well.
    """
    dissolves = bool(reference.organisations.gone)
    for fact in facts:
        if fact.when > until_us:
            break
        if dissolves:
            for ended in succession.upto(state, reference, fact.when):
                yield ended, []
        yield fact, apply(state, fact, reference)
    if dissolves:
        for ended in succession.upto(state, reference, until_us):
            yield ended, []


_NOT_YET: Final = 1 << 62


def introduced(state: State, fact: Fact, body: MemberIntroduced, reference: Reference) -> None:
    """An introduction that says whose member somebody is registers them; of one who is known it is a note."""
    if body.affiliation is not None:
        registered(state, fact, body, reference)


def registered(state: State, fact: Fact, body: e.MemberRegistered | MemberIntroduced, reference: Reference) -> None:
    """A member is registered; of one who was recorded twice, the affiliation that is kept takes over on its day."""
    was_registered, state.registered = state.registered, True
    state.category = body.category
    state.affiliation = body.affiliation
    state.affiliation_region = reference.region_of(body.affiliation)
    movement = state.movement
    if movement is not None and movement.origin_organisation is None:
        # A check-in that is said to lie before the affiliation: what is owed for it has an owner from now on.
        movement.origin_organisation, movement.origin_region = state.affiliation, state.affiliation_region
        was_registered = True
    if was_registered:
        duties.hand_over(state, reference, fact.when)


def confirmed_as_full(state: State, _fact: Fact, _body: e.ConfirmedAsFull, _reference: Reference) -> None:
    state.category = "FULL"


def liaison_assigned(state: State, _fact: Fact, body: e.LiaisonAssigned, _reference: Reference) -> None:
    state.liaison = body.liaison


def departure_reported(state: State, fact: Fact, body: e.DepartureReported, reference: Reference) -> None:
    """A report opens a movement; one that was found out afterwards joins the movement that is under way."""
    under_way = state.open_movement
    if under_way is not None:
        under_way.reported = True
        leg = under_way.leg
        if under_way.stage == "awaiting_check_in" and leg.number == 1 and leg.declared in (None, {"unknown": True}):
            places.redeclare(leg, body.destination)
            duties.watch_for_split(state, reference, leg, fact.when)
        return
    movement = places.open_movement(state, fact, body.movement_id, "reported", body.destination)
    movement.reported = True
    movement.reason = body.reason
    movement.departs_on = date.fromisoformat(body.departs_on) if body.departs_on else None
    duties.on_reported(state, reference, movement, fact.when)
    duties.watch_for_split(state, reference, movement.leg, fact.when)


def talk_done(state: State, fact: Fact, _body: Body, _reference: Reference) -> None:
    duties.end_duty(state, "pre_departure_talk", fact.when)


def departed(state: State, fact: Fact, body: e.Departed, reference: Reference) -> None:
    movement = state.open_movement
    if movement is None:
        movement = places.open_movement(state, fact, body.movement_id, "awaiting_check_in", body.destination)
    elif body.destination is not None:
        places.redeclare(movement.leg, body.destination)
    movement.reason = body.reason or movement.reason
    places.leave(state, movement, fact)
    duties.end_duty(state, "confirm_departure", fact.when)
    duties.on_leaving(state, reference, movement, fact.when)
    _begin_to_be_away(state, reference, fact.when)
    duties.watch_for_split(state, reference, movement.leg, fact.when)


def _begin_to_be_away(state: State, reference: Reference, at_us: int) -> None:
    months.begin_monthly_contact(state, reference, "origin", at_us)
    duties.restart_lost_review(state, reference, at_us)


def departure_cancelled(state: State, fact: Fact, _body: e.DepartureCancelled, _reference: Reference) -> None:
    places.close(state, "CANCELLED", fact.when)


def destination_changed(state: State, fact: Fact, body: e.DestinationChanged, reference: Reference) -> None:
    movement = _open(state)
    places.redeclare(movement.leg, body.destination)
    escalation = state.duties.get("escalate_check_in")
    if escalation is not None and escalation.since_us <= fact.when:
        duties.end_duty(state, "escalate_check_in", fact.when)
    duties.watch_for_split(state, reference, movement.leg, fact.when)


def check_in_prompted(state: State, fact: Fact, _body: e.CheckInPrompted, _reference: Reference) -> None:
    duties.end_duty(state, "prompt_check_in", fact.when)


def checked_in(state: State, fact: Fact, body: e.CheckedIn, reference: Reference) -> None:
    """Take a check-in anywhere: it opens, joins, moves or continues a movement (DOMAIN, "The movement")."""
    movement = state.open_movement
    at_us = fact.when
    if movement is None:
        movement = places.open_movement(state, fact, body.movement_id, "checked_in", None)
        _arrive(state, movement, fact, body, reference)
        duties.confirm_departure(state, reference, movement, at_us)
        _begin_to_be_away(state, reference, at_us)
    elif movement.stage == "reported":
        places.leave(state, movement, fact)
        duties.end_duty(state, "confirm_departure", at_us)
        _arrive(state, movement, fact, body, reference)
        _begin_to_be_away(state, reference, at_us)
    elif movement.stage in ("checked_in", "settled") and reference.same_place(movement.leg.region, body.region):
        side = "destination" if movement.stage == "settled" else None
        heard_of(state, fact, reference, side)
        return
    elif movement.stage in ("settled", "returned"):
        was_home = movement.stage == "returned"
        places.next_leg(state, movement, fact, None)
        _arrive(state, movement, fact, body, reference)
        if was_home:
            duties.end_duty(state, "return_education", at_us)
            months.begin_monthly_contact(state, reference, "origin", at_us)
    else:
        _arrive(state, movement, fact, body, reference)
    heard_of(state, fact, reference, None)
    close_where_home_is(state, at_us, reference)


def _arrive(state: State, movement: Movement, fact: Fact, body: e.CheckedIn, reference: Reference) -> None:
    places.arrive(state, movement, fact, body.region, reference.seat_of(body.region))
    duties.end_duties(state, ("prompt_check_in", "escalate_check_in"), fact.when)
    duties.answer_check_in(state, reference, movement, fact.when)
    duties.watch_for_split(state, reference, movement.leg, fact.when)


def case_routed(state: State, fact: Fact, body: e.CaseRouted, reference: Reference) -> None:
    movement = _open(state)
    leg = movement.leg
    leg.holder = body.to_organisation
    if movement.stage == "awaiting_check_in" and not reference.is_in(body.to_organisation, leg.region):
        place = reference.place_of(body.to_organisation)
        # An office of a whole city or province is asked to find the place; it is not one.
        leg.region = place if place is not None and not place.endswith("00") else leg.region
    places.set_stage(state, movement, "checked_in", fact.when)
    duties.answer_check_in(state, reference, movement, fact.when)
    close_where_home_is(state, fact.when, reference)


def moved_onward(state: State, fact: Fact, body: e.MovedOnward, reference: Reference) -> None:
    movement = _open(state)
    places.next_leg(state, movement, fact, body.destination)
    duties.on_leaving(state, reference, movement, fact.when)
    duties.watch_for_split(state, reference, movement.leg, fact.when)


def region_assigned(state: State, fact: Fact, body: e.RegionAssigned, reference: Reference) -> None:
    movement = state.open_movement
    duties.end_duty(state, "assign_region", fact.when)
    if movement is None:
        return
    if movement.leg.region is not None:
        movement.leg.region = body.region
    else:
        places.redeclare(movement.leg, {"region": body.region})
    duties.watch_for_split(state, reference, movement.leg, fact.when)
    close_where_home_is(state, fact.when, reference)


def contact_made(state: State, fact: Fact, _body: e.ContactMade, reference: Reference) -> None:
    heard_of(state, fact, reference, places.side_of(state, fact.organisation, reference))


def contact_failed(state: State, fact: Fact, body: e.ContactAttemptFailed, reference: Reference) -> None:
    """An attempt alone changes nothing; a register that says since when contact is lost has it reviewed from then."""
    if body.said_lost:
        duties.review_from(state, reference, fact.when)


def contact_restored(state: State, fact: Fact, _body: e.ContactRestored, reference: Reference) -> None:
    heard_of(state, fact, reference, places.side_of(state, fact.organisation, reference))


def contact_waived(state: State, fact: Fact, body: e.ContactWaived, reference: Reference) -> None:
    side = places.side_of(state, fact.organisation, reference)
    months.waive_month(state, reference, side, parse_occurred(body.month).day, fact.when)


def lost_contact_declared(state: State, fact: Fact, _body: e.LostContactDeclared, _reference: Reference) -> None:
    state.lost_contact = True
    state.lost_since_us = fact.when
    duties.end_duty(state, "lost_contact_review", fact.when)


def kept_in_contact_list(state: State, fact: Fact, _body: e.KeptInContactList, reference: Reference) -> None:
    state.kept_us = fact.when
    duties.restart_lost_review(state, reference, fact.when)


def return_reported(state: State, _fact: Fact, body: e.ReturnReported, _reference: Reference) -> None:
    movement = _open(state)
    movement.return_reported = True
    movement.expected_return_on = body.expected_on


def returned(state: State, fact: Fact, _body: e.Returned, reference: Reference) -> None:
    places.come_home(state, _open(state), fact)
    found(state, fact.when)
    duties.end_all_of_movement(state, fact.when)
    duties.return_education(state, reference, fact.when)


def education_done(state: State, fact: Fact, _body: Body, _reference: Reference) -> None:
    places.close(state, "RETURNED", fact.when)


def movement_closed(state: State, fact: Fact, body: e.MovementClosed, _reference: Reference) -> None:
    places.close(state, body.reason, fact.when)


def flag_confirmed(state: State, fact: Fact, body: e.FlagConfirmed, _reference: Reference) -> None:
    state.confirmed.add(body.event_id)
    duties.end_duty(state, f"look_at_flag.{body.event_id}", fact.when)


def _open(state: State) -> Movement:
    movement = state.open_movement
    if movement is None:
        msg = "a rule let a fact through that needs an open movement"
        raise AssertionError(msg)
    return movement


STEPS: Final[dict[type[Body], Step]] = {
    e.MemberRegistered: registered,
    MemberIntroduced: introduced,
    e.ConfirmedAsFull: confirmed_as_full,
    e.LiaisonAssigned: liaison_assigned,
    e.DepartureReported: departure_reported,
    e.PreDepartureTalkHeld: talk_done,
    e.PreDepartureTalkWaived: talk_done,
    e.Departed: departed,
    e.DepartureCancelled: departure_cancelled,
    e.DestinationChanged: destination_changed,
    e.CheckInPrompted: check_in_prompted,
    e.CheckedIn: checked_in,
    e.CaseRouted: case_routed,
    e.Accepted: acceptance.accepted,
    e.AcceptanceContested: acceptance.accepted,
    e.Declined: acceptance.declined,
    e.ClaimDecided: acceptance.claim_decided,
    e.PlacedInBranch: acceptance.placed_in_branch,
    e.RegionAssigned: region_assigned,
    e.MovedOnward: moved_onward,
    e.ContactMade: contact_made,
    e.ContactAttemptFailed: contact_failed,
    e.ContactRestored: contact_restored,
    e.ContactWaived: contact_waived,
    e.LostContactDeclared: lost_contact_declared,
    e.KeptInContactList: kept_in_contact_list,
    e.ReturnReported: return_reported,
    e.Returned: returned,
    e.ReturnEducationHeld: education_done,
    e.ReturnEducationWaived: education_done,
    e.MovementClosed: movement_closed,
    e.FlagConfirmed: flag_confirmed,
    **dues.STEPS,
    **cards.STEPS,
    **feedback.STEPS,
    **membership.STEPS,
    **TRANSFER,
    **service.STEPS,
    **privacy.STEPS,
}
