"""The envelope of every recorded fact, and the registry of what can be recorded.

A body is a frozen dataclass with coded, typed fields; its class says how the fact is called and at which time of the
day it stands when only the day is known. A `Fact` is a body with when it happened, who recorded it, and where the log
holds it.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

from domain.times import BEGINNING_US, MINUTE_US, Occurred, Precision


class Body:
    """What a fact says. Subclasses are frozen dataclasses, registered by `fact` name."""

    __slots__ = ()
    fact: ClassVar[str] = ""
    order: ClassVar[int] = 0
    class_version: ClassVar[int] = 1


_ARRIVING: Final = 48
_CHECK_IN: Final = 60

B = TypeVar("B", bound=Body)

BODIES: Final[dict[str, type[Body]]] = {}
_FIELD_NAMES: Final[dict[type[Body], tuple[str, ...]]] = {}
_READING: Final[dict[str, tuple[type[Body], tuple[tuple[str, Any], ...]]]] = {}
_NOMINAL_US: Final[dict[type[Body], int]] = {}

ENVELOPE_FIELDS: Final = frozenset(
    {"actor", "after", "occurred_at", "occurred_precision", "organisation", "via", "text"}
)


def recorded_as(body: type[B]) -> type[B]:
    """Class decorator: register a body under its `fact` name; its fields may not shadow the envelope's."""
    names = tuple(field.name for field in fields(body))  # type: ignore[arg-type]
    clash = ENVELOPE_FIELDS.intersection(names)
    if body.fact in BODIES or clash:
        msg = f"{body.__name__}: fact name {body.fact!r} taken, or fields {sorted(clash)} belong to the envelope"
        raise TypeError(msg)
    BODIES[body.fact] = body
    _FIELD_NAMES[body] = names
    _READING[body.fact] = body, tuple((field.name, field.default) for field in fields(body))  # type: ignore[arg-type]
    _NOMINAL_US[body] = nominal_minute(body.order) * MINUTE_US
    return body


def body_data(body: Body) -> dict[str, Any]:
    """Return the body's own fields as JSON values; what is None is left out."""
    return {name: value for name in _FIELD_NAMES[type(body)] if (value := getattr(body, name)) is not None}


def body_from(fact: str, data: dict[str, Any]) -> Body:
    """Rebuild a body from recorded data; fields that this version does not know are ignored."""
    body, defaults = _READING[fact]
    if not defaults:
        return body()
    values = [data.get(name, default) for name, default in defaults]
    if MISSING in values:
        missing = sorted(name for name, default in defaults if default is MISSING and name not in data)
        msg = f"{fact} without {', '.join(missing)}"
        raise TypeError(msg)
    return body(*values)


def fields_read(fact: str) -> tuple[type[Body], tuple[tuple[str, Any], ...]]:
    """Return the body registered under a name, and its fields with their defaults, MISSING for what must be there."""
    return _READING[fact]


def nominal_us(body: type[Body]) -> int:
    """Return at which microsecond of the day a type stands when only the day is known."""
    return _NOMINAL_US[body]


def field_names(body: type[Body]) -> tuple[str, ...]:
    """Return the names of a body's own fields."""
    return _FIELD_NAMES[body]


@dataclass(slots=True)
class Fact:
    """One fact of a stream. Treat as immutable; not frozen, because folding makes millions of them.

    `when` is its place on the line of time, in microseconds since 1970 UTC; `recorded_us` and `position` are None
    until the log has taken it. `after` is what the fold said once it was recorded.
    """

    stream: UUID
    version: int
    event_id: str
    nonce: str
    body: Body
    occurred_at: str
    precision: Precision
    when: int
    organisation: str | None
    actor: str
    via: str
    correlation_id: str
    causation_id: str | None = None
    origin_source: str | None = None
    origin_id: str | None = None
    text: bool = False
    position: int = 1 << 62
    recorded_us: int = 1 << 62
    concerns: tuple[str, ...] = ()
    after: dict[str, Any] | None = None

    @property
    def first_id(self) -> str:
        """The id of the event where it was first recorded: what it opens is called by it in every deployment."""
        return self.origin_id or self.event_id

    @property
    def originator_id(self) -> UUID:
        """The library's word for the stream."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The library's word for the version."""
        return self.version

    @property
    def fact(self) -> str:
        """The fact's name, as in topics and types."""
        return self.body.fact


def place_in_time(occurred: Occurred, body: type[Body]) -> int:
    """Where a fact stands on the line of time (DOMAIN, "Time").

    A fact known only by its day, or month, stands at the nominal time of its type on that (first) day: types are spread
    over the day in the order of the lifecycle.
    """
    return place_on_line(occurred.start_us, occurred.precision, body)


def place_on_line(start_us: int, precision: Precision, body: type[Body]) -> int:
    """Return where a fact stands, by the first microsecond that its time can mean."""
    return start_us if precision == "time" else start_us + _NOMINAL_US[body]


def nominal_minute(order: int) -> int:
    """Return the minute of the day at which a type stands when only the day is known.

    What leads up to leaving stands in the first hour, a check-in at noon, what answers or follows one in the last two
    hours: so that a day goes with a time of the same day (a scan at 18:20, accepted that day) whichever is which.
    """
    if order < _ARRIVING:
        return order
    return 12 * 60 - _CHECK_IN + order if order <= _CHECK_IN else 21 * 60 + 30 + order


def sort_key(fact: Fact) -> tuple[int, int, int]:
    """Return the total order of the fold: place in time, then type, then position."""
    return (fact.when, fact.body.order, fact.position)


__all__ = [
    "BEGINNING_US",
    "BODIES",
    "Body",
    "Fact",
    "body_data",
    "body_from",
    "field_names",
    "fields_read",
    "nominal_us",
    "place_in_time",
    "place_on_line",
    "recorded_as",
    "sort_key",
]
