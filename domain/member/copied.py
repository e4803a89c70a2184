"""A state of its own made of another: what happens to the one from there on, the other does not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from domain.member.cards.state import Card
from domain.member.feedback.state import Feedback
from domain.member.membership.state import Standing
from domain.member.service.state import Hold, ServiceRecord
from domain.member.state import Claim, Duty, Leg, Movement, State
from domain.member.transfer.standing import Transfer

_PLAIN: Final = frozenset({"str", "int", "bool", "date", "None", "tuple[str, ...]"})
"""Annotations of what never changes; everything else is looked at."""


def copied(state: State) -> State:
    """Return the same state, apart: about 15 µs for a member of a year."""
    made: State = _COPIERS[State](state)
    return made


def _copier(kind: type[Any]) -> Callable[[Any], Any]:
    names = [field.name for field in fields(kind)]
    values = attrgetter(*names)
    deep = [field.name for field in fields(kind) if not _PLAIN.issuperset(str(field.type).split(" | "))]

    def copy(one: Any) -> Any:  # noqa: ANN401 - of the kind
        made = kind(*values(one))
        for name in deep:
            setattr(made, name, _apart(getattr(made, name)))
        return made

    return copy


def _apart(value: Any) -> Any:  # noqa: ANN401 - whatever a state holds
    """Return what is changed in place as another, and what never is as it is: texts, numbers, dates, named tuples."""
    kind = type(value)
    if kind is list:
        return [_apart(one) for one in value]
    if kind is dict:
        return {key: _apart(one) for key, one in value.items()}
    if kind is set:
        return set(value)
    copier = _COPIERS.get(kind)
    return value if copier is None else copier(value)


_COPIERS: Final[dict[type[Any], Callable[[Any], Any]]] = {}
for _kind in (State, Standing, Card, Feedback, Movement, Leg, Claim, Transfer, Duty, ServiceRecord, Hold):
    _COPIERS[_kind] = _copier(_kind)
