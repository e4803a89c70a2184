"""The domain's state and the model's, brought to one shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.member.views import months_of, open_duties
from domain.times import local_day
from tests.model import member_model as model
from tests.model import service_model as service
from tests.model import transfer_model as transfers
from tests.model import yearly_model as yearly

if TYPE_CHECKING:
    from domain.member.state import Duty, State


def told_by_the_domain(state: State) -> dict[str, Any]:
    movement = state.movement
    return {
        "affiliation": state.affiliation,
        "responsible": state.responsible,
        "holder": state.holder,
        "category": state.category,
        "membership": (state.membership, state.standing.review_on),
        "liaison": state.liaison,
        "lost": state.lost_contact,
        "last_contact_at": state.last_contact_at,
        "transfer": transfer_told_by_the_domain(state),
        "service": service.told_by_the_domain(state),
        "yearly": yearly_told_by_the_domain(state),
        "flags": {event_id: codes[0] for event_id, codes in state.flagged.items()},
        "confirmed": state.confirmed,
        "movement": movement
        and {
            "id": movement.movement_id,
            "stage": movement.stage,
            "view": movement.view,
            "origin": movement.origin_organisation,
            "departed": movement.departed_us,
            "closed_reason": movement.closed_reason,
            "claims": [(claim.claim_id, claim.organisation, claim.branch) for claim in movement.claims],
            "legs": [
                (
                    leg.declared_region,
                    leg.region,
                    leg.checked_in_at,
                    leg.accepted_at,
                    leg.accepted_by,
                    leg.branch,
                    leg.placement,
                )
                for leg in movement.legs
            ],
        },
    }


def yearly_told_by_the_domain(state: State) -> tuple[Any, ...]:
    card = state.card and (state.card.issued_at, state.card.inspected_at)
    return state.dues_paid_until, card, [(one.year, one.organisation, one.acknowledged_at) for one in state.feedback]


def transfer_told_by_the_domain(state: State) -> tuple[Any, ...] | None:
    one = state.transfer
    if one is None:
        return None
    numbers = [*one.void_letters, *([one.letter_number] if one.letter_number else [])]
    return (one.status, one.from_organisation, one.to_organisation, numbers, one.valid_until, one.receipt_due)


def told_by_the_model(s: dict[str, Any]) -> dict[str, Any]:
    movement = s["movement"]
    return {
        "affiliation": s["affiliation"],
        "responsible": model.responsible(s),
        "holder": model.leg(s)["holder"] if model.stage(s) == "checked_in" else None,
        "category": s["category"],
        "membership": (s["membership"], s["review"]),
        "liaison": s["liaison"],
        "lost": s["lost"],
        "last_contact_at": s["heard_at"],
        "transfer": transfers.told(s),
        "service": service.told(s),
        "yearly": yearly.told(s),
        "flags": {event_id: codes[0] for event_id, codes in s["flags"].items()},
        "confirmed": s["confirmed"],
        "movement": movement
        and {
            "id": movement["id"],
            "stage": movement["stage"],
            "view": view(movement),
            "origin": movement["origin"],
            "departed": movement["departed"],
            "closed_reason": movement["closed_reason"],
            "claims": [(claim["id"], claim["organisation"], claim["branch"]) for claim in movement["claims"]],
            "legs": [
                (
                    leg["declared"],
                    leg["region"],
                    leg["checked_in"],
                    leg["accepted"],
                    leg["accepted_by"],
                    leg["branch"],
                    leg["placement"],
                )
                for leg in movement["legs"]
            ],
        },
    }


def view(movement: dict[str, Any]) -> str | None:
    if movement["stage"] in ("closed", "reported"):
        return None if movement["stage"] == "closed" else "pre_departure"
    return "return" if movement["stage"] == "returned" or movement["returning"] else "in_transit"


def owed_by_the_domain(state: State, at_us: int) -> set[tuple[Any, ...]]:
    return {_short(duty) for duty in open_duties(list(state.duties.values()), at_us)}


def owed_by_the_rows(state: State, at_us: int) -> set[tuple[Any, ...]]:
    """Return what was owed at an earlier moment, from the intervals that the state of today has kept."""
    today = local_day(at_us)
    owed: list[Duty] = [row for row in state.ended_duties if row.from_us <= at_us < row.until_us]
    owed += [duty for duty in state.duties.values() if max(duty.since_us, duty.from_us) <= at_us]
    return {_short(one) for duty in owed for one in months_of(duty, today)}


def _short(one: Any) -> tuple[Any, ...]:
    if one.kind == "look_at_flag":
        return ("look_at_flag", one.duty_id.removeprefix("look_at_flag."))
    about = ""
    if one.kind == "monthly_contact":
        side, month = one.duty_id.rsplit(".", 2)[1:]
        about = f"{side}.{month}"
    return (one.kind, one.organisation, one.since.isoformat(), one.due_on.isoformat(), one.overdue, about)
