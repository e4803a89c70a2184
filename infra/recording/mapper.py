"""Facts as the log keeps them: canonical JSON (RFC 8785) of the CloudEvent, less what the log itself adds.

The stored object has the keys of the CloudEvent that sort before `position`, so that a leaf is made by joining bytes.
Numbers are integers and keys are ASCII, for which orjson's sorted output is the canonical form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent
from msgspec import DecodeError, defstruct
from msgspec.json import Decoder

import domain.activity
import domain.merge
import domain.post
import domain.venue  # noqa: F401 - so that the facts of activities, merges, posts and venues are known to be facts
from domain.errors import Fault, Invalid, Sentence
from domain.fact import Body, Fact, body_data, fields_read, nominal_us
from domain.member.fold import SAYING_WHOSE, affiliated_from
from domain.times import Precision, instant_us, start_as_recorded_us
from infra.event_store.save import LogRow, LogStoredEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEVER_RECORDED: Final = 1 << 62
_MOST_BYTES: Final = 65_000
"""An entry of a C2SP bundle has at most 65,535 bytes; what the log adds to a state takes a few hundred."""


_Fields = list[tuple[str, Any] | tuple[str, Any, Any]]

_ENVELOPE: Final[_Fields] = [("actor", Any), ("occurred_at", Any), ("occurred_precision", Any), ("via", Any)]
_MAY_BE_ABSENT: Final[_Fields] = [("organisation", Any, None), ("text", Any, False)]
_STORED: Final[_Fields] = [
    ("correlationid", Any),
    ("id", Any),
    ("nonce", Any),
    ("causationid", Any, None),
    ("originid", Any, None),
    ("originsource", Any, None),
]


class UnknownFact(ValueError):
    """The log holds a fact that this version does not know; a newer version wrote it."""


class FactMapper(Mapper[UUID]):
    """Maps facts to stored events and back; the library's mapper with our transcoding."""

    def __init__(self) -> None:
        """Need neither transcoder, compressor nor cipher: what is personal is not in events."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Encode a fact."""
        if not isinstance(domain_event, Fact):
            msg = f"not a fact: {type(domain_event).__name__}"
            raise TypeError(msg)
        return LogStoredEvent(
            originator_id=domain_event.stream,
            originator_version=domain_event.version,
            topic=domain_event.body.fact,
            state=encode(domain_event),
            concerns=domain_event.concerns,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Fact:
        """Decode a fact; `position` is known only of notifications."""
        return decode(
            stored_event.originator_id
            if isinstance(stored_event.originator_id, UUID)
            else UUID(stored_event.originator_id),
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
            getattr(stored_event, "id", _NEVER_RECORDED),
        )


def encode(fact: Fact) -> bytes:
    """Return the stored object of a fact. Raises Invalid for one that no entry of the log's tree could hold."""
    data: dict[str, Any] = body_data(fact.body)
    data["occurred_at"] = fact.occurred_at
    data["occurred_precision"] = fact.precision
    data["actor"] = fact.actor
    data["via"] = fact.via
    data["after"] = fact.after
    if fact.organisation is not None:
        data["organisation"] = fact.organisation
    if fact.text:
        data["text"] = True
    stored: dict[str, Any] = {
        "correlationid": fact.correlation_id,
        "data": data,
        "datacontenttype": "application/json",
        "dataschema": f"/schemas/{fact.body.fact}/v{fact.body.class_version}.json",
        "id": fact.event_id,
        "nonce": fact.nonce,
    }
    if fact.causation_id is not None:
        stored["causationid"] = fact.causation_id
    if fact.origin_id is not None:
        stored["originid"] = fact.origin_id
        stored["originsource"] = fact.origin_source
    state = orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)
    if len(state) > _MOST_BYTES:
        sentence = Sentence("一次记录的内容过多，请分次记录", "This is too much for one event; divide it.")
        raise Invalid([Fault("", "too_large", sentence, f"<= {_MOST_BYTES} bytes")])
    return state


def decode(  # noqa: PLR0913, PLR0917 - the columns of a log row
    stream: UUID,
    version: int,
    topic: str,
    state: bytes,
    position: int = _NEVER_RECORDED,
    recorded_us: int = _NEVER_RECORDED,
    concerns: Iterable[str] = (),
    keep_after: bool = False,
) -> Fact:
    """Rebuild a fact; raises UnknownFact, or ValueError for bytes that are not ours; `after` only when asked for."""
    reading = _READINGS.get((topic, keep_after)) or _reading(topic, keep_after)
    try:
        stored = reading.read(state)
    except DecodeError as error:
        msg = f"{topic}: {error}"
        raise ValueError(msg) from None
    data = stored.data
    body = reading.body(*reading.own(data))
    precision: Precision = data.occurred_precision
    when = affiliated_from(body) if reading.says_whose else None
    if when is None:
        when = start_as_recorded_us(data.occurred_at, precision)
        if precision != "time":
            when += reading.nominal_us
    return Fact(
        stream,
        version,
        stored.id,
        stored.nonce,
        body,
        data.occurred_at,
        precision,
        when,
        data.organisation,
        data.actor,
        data.via,
        stored.correlationid,
        stored.causationid,
        stored.originsource,
        stored.originid,
        data.text,
        position,
        recorded_us,
        tuple(concerns),
        data.after if keep_after else None,
    )


class _Reading(NamedTuple):
    """How the stored object of one kind of fact is read: only what a fact holds of it is made."""

    read: Callable[[bytes], Any]
    body: Callable[..., Body]
    own: Callable[[Any], tuple[Any, ...]]
    nominal_us: int
    says_whose: bool


_READINGS: Final[dict[tuple[str, bool], _Reading]] = {}


def _reading(topic: str, keep_after: bool) -> _Reading:
    try:
        body, fields = fields_read(topic)
    except KeyError:
        raise UnknownFact(topic) from None
    own: _Fields = [(name, Any) if default is MISSING else (name, Any, default) for name, default in fields]
    envelope = [*_ENVELOPE, ("after", Any)] if keep_after else _ENVELOPE
    data = defstruct("Data", [*envelope, *own, *_MAY_BE_ABSENT], kw_only=True, gc=False)
    read = Decoder(defstruct("Stored", [("data", data), *_STORED], kw_only=True, gc=False)).decode
    found = _Reading(read, body, _getter([name for name, _ in fields]), nominal_us(body), body in SAYING_WHOSE)
    _READINGS[topic, keep_after] = found
    return found


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _: ()
    [only] = names
    return lambda data: (getattr(data, only),)


def fact_from_row(row: LogRow, *, keep_after: bool = False) -> Fact:
    """Rebuild a fact from a row of the log."""
    return decode(
        row.originator_id,
        row.version,
        row.topic,
        row.state,
        row.position,
        instant_us(row.recorded_at),
        row.concerns,
        keep_after,
    )


def facts_of(rows: Iterable[LogRow]) -> list[Fact]:
    """Rebuild the facts of rows, in their order."""
    return [fact_from_row(row) for row in rows]


def cloud_event(row: LogRow, source: str) -> bytes:
    """Return the CloudEvent as first recorded, which is the leaf of the log's tree: joined, never parsed."""
    return recorded_event(row.state, row.position, source, row.originator_id, row.recorded_at, row.topic)


def recorded_event(state: bytes, position: int, source: str, stream: UUID, recorded_at: datetime, topic: str) -> bytes:
    """Return the CloudEvent of a state as first recorded; `source` names deployment and epoch."""
    # isoformat ends in +00:00; strftime would take five times as long, for every event of a tree.
    moment = recorded_at.astimezone(UTC).isoformat(timespec="microseconds")[:-6]
    tail = (
        f',"position":{position},"source":"{source}","specversion":"1.0","subject":"{stream}",'
        f'"time":"{moment}Z","type":"org.kiteline.{topic}.v{_major(state)}"}}'
    )
    return state[:-1] + tail.encode()


def _major(state: bytes) -> str:
    """The schema's version, read behind the data so that nothing that a caller sent can be taken for it."""
    start = state.rindex(b'"dataschema":"/schemas/')
    end = state.index(b'.json"', start)
    return state[state.rindex(b"/v", start, end) + 2 : end].decode()


def recorded_at_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
