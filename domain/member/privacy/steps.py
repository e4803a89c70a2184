"""What a request about personal data opens, and what its answer or an erasure ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from domain.member import duties
from domain.member.privacy import events as p

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference

Step = Callable[["State", "Fact", Any, "Reference"], None]

REQUEST: Final = "personal_data_request"


def key_of(event_id: str) -> str:
    """Return the key of the duty that a request opened."""
    return f"{REQUEST}.{event_id}"


def requested(state: State, fact: Fact, _body: p.PersonalDataRequested, reference: Reference) -> None:
    duties.open_duty(
        state,
        reference,
        REQUEST,
        since_us=fact.when,
        due="personal_data_request_workdays",
        role=duties.DEPARTMENT_ROLE,
        key=key_of(fact.event_id),
    )


def answered(
    state: State,
    fact: Fact,
    body: p.PersonalDataRequestCompleted | p.PersonalDataRequestRefused,
    _reference: Reference,
) -> None:
    duties.end_duty(state, key_of(body.event_id), fact.when)


def erased(state: State, fact: Fact, _body: p.PersonalDataErased, _reference: Reference) -> None:
    """Where nothing is kept any more, nothing about it is left to do. Whereabouts, figures and rosters stay."""
    state.erased = True
    for key in [key for key, duty in state.duties.items() if duty.kind == REQUEST]:
        duties.end_duty(state, key, fact.when)


STEPS: Final[dict[type[Body], Step]] = {
    p.PersonalDataRequested: requested,
    p.PersonalDataRequestCompleted: answered,
    p.PersonalDataRequestRefused: answered,
    p.PersonalDataErased: erased,
}
