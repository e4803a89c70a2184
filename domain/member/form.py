"""What a command is made of: its verb, its fields, and what each may hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from domain.fact import Body
    from domain.member.reading import Reader
    from domain.times import Occurred


class Kind(Enum):
    """What a field holds."""

    CODE = "code"
    REGION = "region"
    ORGANISATION = "organisation"
    DESTINATION = "destination"
    DAY = "day"
    FUTURE_DAY = "future_day"
    MONTH = "month"
    MONTHS = "months"
    OPAQUE = "opaque"
    REFERENCE = "reference"
    TEXT = "text"
    POINTS = "points"
    EVENT_ID = "event_id"
    CHANGES = "changes"
    NUMBER = "number"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command. TEXT goes to the vault, everything else into the event.

    `codes` are those of a CODE; a NUMBER is whole, from `least` to `most`, both included.
    """

    name: str
    kind: Kind
    required: bool = False
    codes: tuple[str, ...] = ()
    least: int = 0
    most: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Command:
    """A verb, the fact it becomes, and its own fields; `occurred_at` and `organisation` belong to all.

    Of the fields that `one_of` names exactly one is given. `check` looks at what was read as a whole and notes what is
    at fault with the reader.
    """

    name: str
    body: type[Body]
    zh: str
    fields: tuple[Field, ...] = ()
    check: Check | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a command: its own fields, when it happened, who acts."""

    values: dict[str, Any]
    occurred: Occurred
    organisation: str | None


Check = Callable[["Reader", Read], None]


def code(name: str, values: tuple[str, ...], *, required: bool = True) -> Field:
    """Return a field that holds a code of a list."""
    return Field(name, Kind.CODE, required, values)


DOCUMENT: Final = Field("document", Kind.REFERENCE, required=True)
