"""What the facts of a member name: the regions and organisations whose changes may change how the member folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.member import events as e
from domain.member.succession import NAMING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.fact import Fact

ORGANISATION: Final = "@"
"""Before the code of an organisation; it sorts behind all digits, so that no range of regions holds one."""

AFTER_ALL: Final = "\x01"
"""Behind a code: what begins the range's end, so that it holds nothing else."""

_ARRIVES: Final = (e.CheckedIn, e.RegionAssigned)
_IS_BOUND: Final = (e.DepartureReported, e.Departed, e.DestinationChanged, e.MovedOnward)
_NAMING_MORE: Final = frozenset({*NAMING, *_ARRIVES, *_IS_BOUND, e.EventCorrected})
"""What may name more than the organisation that speaks; most facts do not."""


def note_named(fact: Fact, found: set[str]) -> None:
    """Add what one fact names to what is known to be named. Raises TypeError for a code that is no text."""
    body = fact.body
    if fact.organisation is not None:
        found.add(ORGANISATION + fact.organisation)
    if type(body) not in _NAMING_MORE:
        return
    for name in NAMING.get(type(body), ()):
        if (code := getattr(body, name)) is not None:
            found.add(ORGANISATION + code)
    if isinstance(body, _ARRIVES):
        region: object = body.region
        if not isinstance(region, str):  # what the log holds was written by whichever version, or hand
            msg = f"a region that is no text: {type(region).__name__}"
            raise TypeError(msg)
        found.add(region)
    elif isinstance(body, _IS_BOUND):
        _note_destination(body.destination, found)
    elif isinstance(body, e.EventCorrected):
        _note_changes(body.changes, found)


def _note_changes(changes: dict[str, Any], found: set[str]) -> None:
    for name, value in changes.items():
        if name == "region":
            found.add(str(value))
        elif name == "destination":
            _note_destination(value, found)
        elif isinstance(value, str) and name in _FIELDS:
            found.add(ORGANISATION + value)


def _note_destination(destination: dict[str, Any] | None, found: set[str]) -> None:
    if destination is not None and "region" in destination:
        found.add(str(destination["region"]))


_FIELDS: Final = frozenset({"organisation", *(name for names in NAMING.values() for name in names)})


def named(facts: Iterable[Fact]) -> set[str]:
    """Return every region, and every organisation behind `@`, that facts name, as recorded or as corrected."""
    found: set[str] = set()
    for fact in facts:
        note_named(fact, found)
    return found
