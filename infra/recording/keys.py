"""Idempotency keys: one effect per key, and the first answer again for whoever lost it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import orjson

from domain.errors import Invalid, Refused
from domain.member.events import MemberRegistered
from infra.event_store.refusals import KeyAlreadyUsed
from infra.event_store.save import Idempotency, StoredKey
from infra.recording.errors import KeyInFlight, KeyReused, NoSuchMember, VersionMismatch
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from types import TracebackType

    from domain.fact import Fact
    from infra.recording.procedures import Procedure

Hash = Callable[[str, bytes], bytes]


class Key(NamedTuple):
    """A caller's key with the request's bytes; only keyed hashes of both are ever stored."""

    caller: str
    key: str
    body: bytes


class Keys:
    """The keys in flight in this process, and how rows of the store become answers."""

    def __init__(
        self,
        keyed_hash: Hash,
        find: Callable[[str, bytes], StoredKey | None],
        read_facts: Callable[[int, int], list[Fact]],
    ) -> None:
        """`find` looks a key up; `read_facts` reads events by first position and count."""
        self._hash = keyed_hash
        self._find = find
        self._read_facts = read_facts
        self._in_flight: set[tuple[str, bytes]] = set()
        self._lock = Lock()

    def hashed(self, key: Key, *, status: int = 201, answer: bytes | None = None) -> Idempotency:
        """Return what is stored with the events."""
        return Idempotency(
            key.caller,
            self._hash("idempotency-key", key.key.encode()),
            self._hash("idempotency-body", key.body),
            status,
            answer,
        )

    def once(self, row: Idempotency | None, attempt: Callable[[], Procedure[Receipt]]) -> Procedure[Receipt]:
        """Carry out an attempt under a key; recorded before, it is answered as then, before If-Match and rules."""
        with self.held(row):
            try:
                return (yield from attempt())
            except KeyAlreadyUsed as used:
                if row is None or used.stored is None:
                    raise
                first: Receipt = yield partial(self.first_answer, row, used.stored)
                return first
            except (Refused, Invalid, VersionMismatch, NoSuchMember):
                earlier: Receipt | None = yield partial(self.replay, row)
                if earlier is None:
                    raise
                return earlier

    def held(self, row: Idempotency | None) -> _Held:
        """Hold a key while its request is recorded; raises KeyInFlight when this process is at it already."""
        return _Held(self._in_flight, self._lock, None if row is None else (row.caller, row.key_hash))

    def replay(self, row: Idempotency | None) -> Receipt | None:
        """Return the first answer when this key was recorded before; raises KeyReused when the body was another."""
        if row is None:
            return None
        stored = self._find(row.caller, row.key_hash)
        return self.first_answer(row, stored) if stored is not None else None

    def first_answer(self, row: Idempotency, stored: StoredKey) -> Receipt:
        """Make the first answer again, from the events; raises KeyReused when the body was another."""
        if stored.body_hash != row.body_hash:
            raise KeyReused
        extra = orjson.loads(stored.answer) if stored.answer is not None else {}
        facts = self._read_facts(stored.first_position, stored.event_count) if stored.first_position is not None else []
        if not facts:
            member = UUID(extra.pop("member_id")) if "member_id" in extra else None
            version, position = extra.pop("version", 0), extra.pop("position", 0)
            return Receipt(stored.status, member, member, version, position, [], replayed=True, extra=extra)
        last = facts[-1]
        stream = last.stream
        is_member = last.after is not None or isinstance(last.body, MemberRegistered)
        return Receipt(
            stored.status,
            stream,
            stream if is_member else None,
            last.version,
            last.position,
            facts,
            replayed=True,
            extra=extra,
        )


class _Held:
    """A context in which nobody else may record under a key; under none it does nothing."""

    __slots__ = ("_in_flight", "_lock", "_mark")

    def __init__(self, in_flight: set[tuple[str, bytes]], lock: Lock, mark: tuple[str, bytes] | None) -> None:
        self._in_flight = in_flight
        self._lock = lock
        self._mark = mark

    def __enter__(self) -> None:
        if self._mark is not None:
            with self._lock:
                if self._mark in self._in_flight:
                    raise KeyInFlight
                self._in_flight.add(self._mark)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mark is not None:
            with self._lock:
                self._in_flight.discard(self._mark)
