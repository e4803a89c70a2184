"""Facts about to be recorded: the next of their stream, with ids minted here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from os import register_at_fork, urandom
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.fact import Body, Fact, place_in_time
from domain.member.commands import TEXTS_ASKED_FOR
from domain.member.fold import affiliated_from
from domain.times import instant_us

if TYPE_CHECKING:
    from domain.times import Occurred
    from infra.event_store.save import Saved


class RandomBytes:
    """Sixteen bytes at a time from the system's generator, fetched by the page: a call for each gives up the GIL."""

    def __init__(self) -> None:
        """Begin empty, and empty again in a forked child, which must not repeat its parent's."""
        self._empty()
        register_at_fork(after_in_child=self._empty)

    def _empty(self) -> None:
        self._page = b""
        self._at = 0
        self._lock = Lock()

    def take(self) -> bytes:
        """Return sixteen bytes that nobody else gets."""
        with self._lock:
            if self._at >= len(self._page):
                self._page, self._at = urandom(4096), 0
            self._at += 16
            return self._page[self._at - 16 : self._at]


RANDOM: Final = RandomBytes()
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""The digit of a UUID that begins with the two bits of RFC 9562's variant, by the random digit that stood there."""
ERASED: Final = Sentence(
    "该党员的个人信息已经清除，不能再保存文字说明",
    "This member's personal data was erased: no free text can be kept for them.",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who records: an opaque id, the organisation they act for by default, and the way by which it comes in."""

    actor: str
    organisation: str | None = None
    via: str = "API"
    correlation_id: str | None = None
    causation_id: str | None = None


def drafted(
    stream: UUID,
    version: int,
    body: Body,
    occurred: Occurred,
    organisation: str | None,
    caller: Caller,
    *,
    text: bool = False,
) -> Fact:
    """Make a fact; `text` says that the vault holds free text of it."""
    event_id = new_id()
    when = affiliated_from(body)
    if when is None:
        when = place_in_time(occurred, type(body))
    return Fact(
        stream,
        version,
        event_id,
        RANDOM.take().hex(),
        body,
        occurred.text,
        occurred.precision,
        when,
        organisation,
        caller.actor,
        caller.via,
        caller.correlation_id or event_id,
        caller.causation_id,
        text=text,
    )


def new_id() -> str:
    """A random version 4 UUID."""
    text = RANDOM.take().hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"


def stamp(facts: list[Fact], saved: Saved) -> None:
    """Write into facts where and when the log took them."""
    recorded_us = instant_us(saved.recorded_at)
    for offset, fact in enumerate(facts):
        fact.position = (saved.first_position or 0) + offset
        fact.recorded_us = recorded_us


def must_all_be_asked_for(drafts: list[Fact], texts: dict[str, str]) -> None:
    """Let a decision about somebody erased be recorded without the text that it had to bring; nobody could read it.

    Raises Refused for a text that nobody asked for: whoever writes one must know that it is not kept.
    """
    asked_for = {text_name(fact, name) for fact in drafts for name in TEXTS_ASKED_FOR.get(type(fact.body), ())}
    if not texts.keys() <= asked_for:
        raise Refused("personal_data_erased", ERASED)
    for fact in drafts:
        fact.text = False


def text_name(fact: Fact, name: str) -> str:
    """Return by what name the vault keeps a free text of a fact."""
    return f"text:{fact.event_id}:{name}"
