"""What is handed to the event store, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent, Tracking


@dataclass(frozen=True)
class LogStoredEvent(StoredEvent):
    """A stored event that names the regions it concerns (codes without commas), for the region feeds."""

    concerns: tuple[str, ...] = ()


class Idempotency(NamedTuple):
    """A command's key, stored with its events: keyed hashes only, and the answer's status (and body, where kept)."""

    caller: str
    key_hash: bytes
    body_hash: bytes
    status: int
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """The row of a key used before, from which the first answer is given again."""

    caller: str
    key_hash: bytes
    body_hash: bytes
    status: int
    first_position: int | None
    event_count: int
    answer: bytes | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class VaultWrite:
    """What the vault stores of one member in the transaction of the events.

    A new member brings `master_version` and `wrapped_key`. `fields` are (name, ciphertext), replaced where they
    exist; `index` are (key version, digest) of the blind index; `tokens` are (kind, token) for search. Each name,
    digest and token stands there once.
    """

    member_id: UUID
    master_version: int | None = None
    wrapped_key: bytes | None = None
    fields: tuple[tuple[str, bytes], ...] = ()
    index: tuple[tuple[int, bytes], ...] = ()
    tokens: tuple[tuple[str, bytes], ...] = ()


class Save(NamedTuple):
    """What is stored wholly or not at all. Versions of a stream are contiguous and follow the stored ones."""

    events: Sequence[StoredEvent] = ()
    idempotency: Idempotency | None = None
    tracking: Tracking | None = None
    vault: VaultWrite | None = None


class Saved(NamedTuple):
    """Where a save is in the log: its positions are first_position and the following, None without events."""

    first_position: int | None
    recorded_at: datetime


class LogRow(NamedTuple):
    """One event as the log holds it; `recorded_at` in UTC, microseconds."""

    position: int
    originator_id: UUID
    version: int
    topic: str
    state: bytes
    concerns: list[str]
    epoch: int
    recorded_at: datetime
