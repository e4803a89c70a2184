"""An event as another deployment sent it: CloudEvents 1.0 in structured mode, read so far as it must be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, TypeGuard
from unicodedata import category

import orjson

from domain.errors import Sentence
from domain.times import instant_us
from infra.sisters.introduction import deployment_of

_TYPE: Final = "org.kiteline."
_TEXTS: Final = ("id", "source", "subject", "time", "type")
_LONGEST: Final = 300
BROKEN: Final = Sentence("不是 CloudEvents 1.0 的 JSON", "This is not CloudEvents 1.0 in JSON")


class CannotTake(Exception):
    """Why an event is not recorded now: a stable code, a sentence, and where or what."""

    def __init__(self, code: str, sentence: Sentence, detail: str = "") -> None:
        """Keep the reason."""
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.detail = detail

    def told(self) -> str:
        """Return the reason as it is kept, in both languages."""
        return f"{self.sentence.zh} {self.sentence.en}" + (f" [{self.detail}]" if self.detail else "")


@dataclass(frozen=True, slots=True)
class ForeignEvent:
    """One event of another deployment. `first_source` and `first_id` are those of whoever recorded it first.

    `fact` and `version` are of its type; `recorded_us` when the sender's log took it, microseconds since 1970 UTC.
    """

    source: str
    event_id: str
    subject: str
    fact: str
    version: str
    recorded_us: int
    data: dict[str, Any]
    correlation_id: str | None
    first_source: str
    first_id: str
    raw: bytes

    @property
    def deployment(self) -> str:
        """Who sent it."""
        return deployment_of(self.source) or ""

    @property
    def is_relayed(self) -> bool:
        """Whether the sender had it from somebody else."""
        return self.first_source != self.source

    @property
    def digest(self) -> bytes:
        """By what one effect is told from another: where and as what it was first recorded."""
        return digest_of(self.first_source, self.first_id)


def digest_of(source: str, event_id: str) -> bytes:
    """Return the 32 bytes that stand for (source, id)."""
    return sha256(f"{source} {event_id}".encode()).digest()


def read_event(raw: bytes) -> ForeignEvent:
    """Read an event; what a newer version added is passed over. Raises CannotTake `broken`."""
    try:
        event: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise CannotTake("broken", BROKEN, str(error)) from error
    if not isinstance(event, dict) or event.get("specversion") != "1.0" or not isinstance(event.get("data"), dict):
        raise CannotTake("broken", BROKEN, "specversion, data")
    for name in _TEXTS:
        if not _is_text(event.get(name)):
            raise CannotTake("broken", BROKEN, name)
    fact, _, version = event["type"].removeprefix(_TYPE).rpartition(".v")
    if not event["type"].startswith(_TYPE) or not version.isdecimal():
        raise CannotTake("unknown_type", UNKNOWN_TYPE, event["type"])
    try:
        recorded_us = instant_us(datetime.fromisoformat(event["time"]))
    except (ValueError, TypeError) as error:
        raise CannotTake("broken", BROKEN, "time") from error
    source, event_id = event["source"], event["id"]
    return ForeignEvent(
        source,
        event_id,
        event["subject"],
        fact,
        version,
        recorded_us,
        event["data"],
        _text(event, "correlationid"),
        _text(event, "originsource") or source,
        _text(event, "originid") or event_id,
        raw,
    )


UNKNOWN_TYPE: Final = Sentence("不认识的事件类型或版本", "A type of event, or a version of it, that is not known here")


def _text(event: dict[str, Any], name: str) -> str | None:
    value = event.get(name)
    return value if _is_text(value) else None


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a String of CloudEvents, and not too long: no control characters, of which NUL is no text here."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and not any(category(one) == "Cc" for one in value)
