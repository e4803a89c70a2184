"""What each fact of a transfer does to the member; the affiliation moves at acceptance, and only then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from domain.calendar import add_months
from domain.member import duties, places
from domain.member.hearing import found
from domain.member.state import Tally
from domain.member.transfer import events as e
from domain.member.transfer.standing import Transfer
from domain.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from domain.fact import Body, Fact
    from domain.member.state import Leg, State
    from domain.reference import Reference


def requested(state: State, fact: Fact, body: e.TransferRequested, reference: Reference) -> None:
    """A new request takes the place of the last transfer, which has ended, or whose letter has expired."""
    duties.end_duty(state, "accept_transfer", fact.when)
    state.transfer = Transfer(
        fact.first_id,
        body.kind,
        state.affiliation,
        state.affiliation_region,
        body.to_organisation,
        reference.region_of(body.to_organisation),
        fact.occurred_at,
        body.until,
    )


def approved(state: State, _fact: Fact, _body: Body, _reference: Reference) -> None:
    _transfer(state).status = "approved"


def letter_issued(
    state: State, fact: Fact, body: e.TransferLetterIssued | e.TransferLetterReissued, reference: Reference
) -> None:
    """Each letter voids the one before it; its addressee owes an answer until its last valid day."""
    transfer = _transfer(state)
    if transfer.letter_number is not None:
        transfer.void_letters.append(transfer.letter_number)
    transfer.status = "letter_issued"
    transfer.letter_number = body.letter_number
    transfer.valid_until = last_valid_day(transfer, local_day(fact.when), body.valid_days, reference)
    duties.end_duty(state, "accept_transfer", fact.when)
    _owe(state, reference, "accept_transfer", transfer, fact.when, transfer.valid_until)


def last_valid_day(transfer: Transfer, issued_on: date, stated: int | None, reference: Reference) -> date:
    """Return the last day of a letter: the days stated on it, or the policy's months, whichever ends first."""
    policy = reference.policy(transfer.from_region, issued_on)
    near = (transfer.from_region or "-")[:2] == (transfer.to_region or "+")[:2]
    days = stated or (policy.letter_days_within_province if near else policy.letter_days)
    return min(issued_on + timedelta(days=days), add_months(issued_on, policy.letter_months))


def accepted(state: State, fact: Fact, body: e.TransferAccepted, reference: Reference) -> None:
    """The receiver owes a receipt; a formal transfer moves the affiliation, and what the origin owed with it."""
    transfer = _transfer(state)
    day = local_day(fact.when)
    transfer.status = "accepted"
    transfer.accepted_at = fact.occurred_at
    transfer.receipt_due = add_months(day, reference.policy(transfer.to_region, day).receipt_months)
    duties.end_duty(state, "accept_transfer", fact.when)
    _owe(state, reference, "return_receipt", transfer, fact.when, transfer.receipt_due)
    if not transfer.is_temporary:
        left = state.affiliation_region
        move_affiliation(state, body.branch or transfer.to_organisation, fact.when, reference)
        _tally(state, left, state.affiliation_region, day, reference)


def _tally(state: State, left: str | None, joined: str | None, day: date, reference: Reference) -> None:
    """Count the move where it went from and where it went to, by how far apart they are."""
    scope = reference.regions.scope(left, joined, day) if left is not None and joined is not None else None
    state.tallies += [Tally("transfer_out", left, scope), Tally("transfer_in", joined, scope)]


def move_affiliation(state: State, organisation: str, at_us: int, reference: Reference) -> None:
    """Let an organisation be the home; where the member lives already, the movement is over, else it goes on."""
    state.affiliation = organisation
    state.affiliation_region = reference.region_of(organisation)
    if state.open_movement is not None:
        state.open_movement.home_moved = True
    close_where_home_is(state, at_us, reference)
    duties.hand_over(state, reference, at_us)


_THERE: Final = ("checked_in", "settled")


def close_where_home_is(state: State, at_us: int, reference: Reference) -> None:
    """Whoever is where the relationship has moved to meanwhile is away no more, whichever came first."""
    movement, home = state.open_movement, state.affiliation
    if movement is None or home is None or not movement.home_moved or movement.stage not in _THERE:
        return
    if is_of_the_county(home, movement.leg, reference):
        movement.leg.ended_us, movement.leg.ended_how = at_us, "transferred"
        places.close(state, "TRANSFERRED", at_us)
        found(state, at_us)


def is_of_the_county(organisation: str, leg: Leg, reference: Reference) -> bool:
    """Whether an organisation has its home in the county of a leg, or is stationed there."""
    found = reference.organisations.get(organisation)
    if found is None or leg.region is None:
        return False
    here = reference.standing(leg.region)[:6]
    homes = [place for place in (found.region, found.stationed_in) if place is not None]
    return any(place[:6] == leg.region[:6] or reference.standing(place)[:6] == here for place in homes)


def rejected(state: State, fact: Fact, body: e.TransferRejected, _reference: Reference) -> None:
    transfer = _transfer(state)
    transfer.status = "rejected"
    transfer.rejected_for = body.reason
    duties.end_duty(state, "accept_transfer", fact.when)


def withdrawn(state: State, fact: Fact, _body: Body, _reference: Reference) -> None:
    _transfer(state).status = "withdrawn"
    duties.end_duty(state, "accept_transfer", fact.when)


def receipt_returned(state: State, fact: Fact, _body: Body, _reference: Reference) -> None:
    _transfer(state).status = "receipt_returned"
    duties.end_duty(state, "return_receipt", fact.when)


def _owe(state: State, reference: Reference, kind: str, transfer: Transfer, at_us: int, due: date) -> None:
    duties.open_duty(
        state,
        reference,
        kind,
        since_us=at_us,
        due=due,
        role=duties.OTHER_ROLE,
        organisation=transfer.to_organisation,
        subject=transfer.transfer_id,
    )


def _transfer(state: State) -> Transfer:
    if state.transfer is None:
        msg = "a rule let a fact through that needs a transfer"
        raise AssertionError(msg)
    return state.transfer


STEPS: Final[dict[type[Body], Callable[[State, Fact, Any, Reference], None]]] = {
    e.TransferRequested: requested,
    e.TransferOutApproved: approved,
    e.TransferLetterIssued: letter_issued,
    e.TransferLetterReissued: letter_issued,
    e.TransferAccepted: accepted,
    e.TransferRejected: rejected,
    e.TransferWithdrawn: withdrawn,
    e.ReceiptReturned: receipt_returned,
}
