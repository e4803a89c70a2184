"""What a row of a register tells of a person that the person's record holds already, in whatever words it came.

A register is copied by hand from what others recorded minute by minute: a month stands for a day of it, an arrival for
a scan of a code, a branch for an acceptance that was recorded by that branch itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from domain.errors import Refused, Sentence
from domain.fact import body_data
from domain.member import events as e
from domain.member.rule import is_in_line
from domain.times import as_of_us, parse_occurred

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import Leg, Movement
    from domain.reference import Reference
    from infra.recording.import_rows import Wanted
    from infra.recording.members import Ledger

PLACED_ELSEWHERE: Final = Sentence(
    "已编入另一支部；何时改编，请用编入支部登记", "Placed in another branch already: record the move on its own day."
)
_SAID_ONCE: Final = (e.DepartureReported, e.ReturnReported)
"""Recorded on the day of the import: known again by what they say, not by that day."""
_OF_A_MOVEMENT: Final = (e.Departed, e.CheckedIn, e.Returned)
"""Several may lie in one month: of these the movements tell whether two are one."""


def beyond_what_is_known(
    wanted: Wanted, row: list[Wanted], ledger: Ledger, reference: Reference, importer: str
) -> Wanted | None:
    """Return a fact of a row as far as it is new, None if it is known; those before it in the row have been taken in.

    Raises Refused where the row places the member in another branch than the record, for no row says since when.
    """
    if _is_recorded(wanted, ledger) or _is_told_by_a_movement(wanted, ledger, reference):
        return None
    arrival = next((one for one in row if isinstance(one.body, e.CheckedIn)), None)
    if not isinstance(wanted.body, e.Accepted | e.PlacedInBranch) or arrival is None:
        return wanted
    leg = _stay(ledger, arrival, reference)
    if leg is None or leg.accepted_by is None:
        return _not_before(wanted, leg.checked_in_at if leg is not None else None)
    if not any(is_in_line(importer, one, reference) for one in (leg.accepted_by, leg.branch)):
        return wanted
    if isinstance(wanted.body, e.Accepted):
        return None
    return _placement(wanted, wanted.body, leg, reference)


def _placement(wanted: Wanted, body: e.PlacedInBranch, leg: Leg, reference: Reference) -> Wanted | None:
    """Return a placement in the branch that was accepted into, unless its kind is known or its branch accepted."""
    stands = leg.branch or leg.accepted_by
    if body.branch == stands:
        return None if leg.placement is not None or leg.branch is None else _not_before(wanted, leg.accepted_at)
    if leg.branch is not None or reference.organisations.by_code[body.branch].kind == _kind(stands, reference):
        raise Refused("placed_elsewhere", PLACED_ELSEWHERE)
    return _not_before(wanted, leg.accepted_at)


def _kind(code: str | None, reference: Reference) -> str | None:
    organisation = reference.organisations.get(code)
    return organisation.kind if organisation is not None else None


def _is_recorded(wanted: Wanted, ledger: Ledger) -> bool:
    """Whether a fact of the same kind says the same, or more, of the same time or of one that lies in it."""
    kind, said = type(wanted.body), body_data(wanted.body)
    return any(
        isinstance(fact.body, kind)
        and (kind in _SAID_ONCE or _is_within(fact.occurred_at, wanted.occurred_at, kind))
        and _says(fact, said)
        for fact in ledger.ordered
    )


def _is_within(recorded: str, said: str, kind: type[Body]) -> bool:
    return recorded == said or (kind not in _OF_A_MOVEMENT and recorded.startswith(said))


def _says(fact: Fact, said: dict[str, Any]) -> bool:
    data = body_data(fact.body)
    return all(data.get(name) == value for name, value in said.items())


def _may_be_one_time(one: str | None, other: str) -> bool:
    """Whether two times may be one: the same, or the one a day or month that the other lies in."""
    return one is not None and (one.startswith(other) or other.startswith(one))


def _is_told_by_a_movement(wanted: Wanted, ledger: Ledger, reference: Reference) -> bool:
    body, at = wanted.body, wanted.occurred_at
    match body:
        case e.Departed():
            return any(
                _may_be_one_time(one.departed_at, at)
                and not _is_over_before(one, at)
                and _leads_to(one, body.destination, reference)
                for one in _movements(ledger)
            )
        case e.CheckedIn():
            return any(
                _may_be_one_time(leg.checked_in_at, at) and reference.same_place(leg.region, body.region)
                for one in _movements(ledger)
                for leg in one.legs
            )
        case e.Returned():
            return any(_may_be_one_time(one.returned_at, at) for one in _movements(ledger))
        case e.ReturnEducationWaived():
            return any(
                _may_be_one_time(one.returned_at, at) and one.closed_reason == "RETURNED" for one in _movements(ledger)
            )
        case _:
            return False


def _is_over_before(movement: Movement, at: str) -> bool:
    home = movement.returned_at
    return home is not None and parse_occurred(home).start_us < parse_occurred(at).start_us


def _movements(ledger: Ledger) -> list[Movement]:
    state = ledger.state
    return [*state.past_movements, *([state.movement] if state.movement is not None else [])]


def _leads_to(movement: Movement, destination: dict[str, Any] | None, reference: Reference) -> bool:
    """Whether a movement led where a row says; a row that knows no place disagrees with none."""
    if destination is None or destination.get("unknown"):
        return True
    region = destination.get("region")
    if region is None:
        return any(leg.declared == destination for leg in movement.legs)
    return any(
        reference.same_place(place, region) for leg in movement.legs for place in (leg.declared_region, leg.region)
    )


def _stay(ledger: Ledger, arrival: Wanted, reference: Reference) -> Leg | None:
    """Return the stay that an arrival belongs to: at its place, begun by then, and not over before it."""
    body, at = arrival.body, arrival.occurred_at
    if not isinstance(body, e.CheckedIn):
        return None
    first_us, last_us = parse_occurred(at).start_us, as_of_us(at)
    stays = [
        leg
        for movement in _movements(ledger)
        for leg in movement.legs
        if reference.same_place(leg.region, body.region)
        and leg.departed_us <= last_us
        and (leg.ended_us is None or first_us < leg.ended_us)
    ]
    return stays[-1] if stays else None


def _not_before(wanted: Wanted, since: str | None) -> Wanted:
    """Move what a row dates by its arrival to the day of what had to come first, where that was later."""
    day = since[:10] if since is not None else ""
    return replace(wanted, occurred_at=day) if day > wanted.occurred_at else wanted
