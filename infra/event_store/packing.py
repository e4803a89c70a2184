"""Turns saves into the binary array parameters of `append_saves`: each save once, by its caller's thread.

The layout is PostgreSQL's array_recv: dimensions, null flag, element type, length, lower bound, then every element
with its length. What a save contributes to each column is joined when it is submitted, so that gathering a batch is
joining a few strings a save.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final
from uuid import UUID

from eventsourcing.persistence import ProgrammingError, StoredEvent

from infra.event_store.refusals import VersionConflict
from infra.event_store.save import Idempotency, LogStoredEvent, Save, VaultWrite

_HEADER: Final = Struct(">iiIii")
_EMPTY: Final = Struct(">iiI")
_INT4: Final = Struct(">ii").pack
_INT8: Final = Struct(">iq").pack
_INT2: Final = Struct(">ih").pack
_LENGTH: Final = Struct(">i").pack
_UUID_LENGTH: Final = _LENGTH(16)
_NULL: Final = _LENGTH(-1)

_INT2_OID, _INT4_OID, _INT8_OID, _TEXT_OID, _BYTEA_OID, _UUID_OID = 21, 23, 20, 25, 17, 2950

# The parameters of append_saves, in order.
COLUMN_TYPES: Final = (
    *(_INT4_OID, _UUID_OID, _INT8_OID, _TEXT_OID, _BYTEA_OID, _TEXT_OID),
    *(_INT4_OID, _UUID_OID, _INT8_OID, _INT8_OID),
    *(_INT4_OID, _TEXT_OID, _BYTEA_OID, _BYTEA_OID, _INT2_OID, _BYTEA_OID, _INT4_OID, _INT4_OID),
    *(_INT4_OID, _TEXT_OID, _INT8_OID),
    *(_INT4_OID, _UUID_OID, _INT4_OID, _BYTEA_OID),
    *(_INT4_OID, _UUID_OID, _TEXT_OID, _BYTEA_OID),
    *(_INT4_OID, _INT4_OID, _BYTEA_OID, _UUID_OID),
    *(_INT4_OID, _TEXT_OID, _BYTEA_OID, _UUID_OID),
)
_ARRAY_OF: Final = {
    _INT2_OID: 1005,
    _INT4_OID: 1007,
    _INT8_OID: 1016,
    _TEXT_OID: 1009,
    _BYTEA_OID: 1001,
    _UUID_OID: 2951,
}
PARAMETER_TYPES: Final = tuple(_ARRAY_OF[oid] for oid in COLUMN_TYPES)
_NOTHING: Final = tuple(_EMPTY.pack(0, 0, oid) for oid in COLUMN_TYPES)

_EVENTS, _STREAMS, _KEYS, _TRACKING, _VAULT = 0, 6, 10, 18, 21
_ANSWERS = 15
_VAULT_GROUPS: Final = (21, 25, 29, 33)


class Packed:
    """One save as its contribution to each column; `claims` are what no other save of the same batch may touch."""

    __slots__ = ("claims", "count", "events", "key", "streams", "streams_count", "tracking", "vault")

    def __init__(self, save: Save) -> None:
        """Check and pack; raises VersionConflict or ProgrammingError for what can never be stored."""
        claims: list[object] = []
        self.count = len(save.events)
        self.events: tuple[bytes, ...] = ()
        self.streams: tuple[bytes, ...] = ()
        self.streams_count = 0
        self.key: tuple[bytes, ...] | None = None
        self.tracking: tuple[bytes, bytes] | None = None
        self.vault: VaultWrite | None = save.vault
        if save.events:
            self._pack_events(save.events, claims)
        if save.idempotency is not None:
            key = save.idempotency
            self.key = _packed_key(key, self.count)
            claims.append((key.caller, key.key_hash))
        if save.tracking is not None:
            name = save.tracking.application_name
            self.tracking = (_text(name), _INT8(8, save.tracking.notification_id))
            claims.append(name)
        if save.vault is not None:
            claims.append(save.vault.member_id)
            claims.extend(save.vault.index)
        self.claims = claims

    def _pack_events(self, events: Sequence[StoredEvent], claims: list[object]) -> None:
        ids, versions, topics, states, concerns = [], [], [], [], []
        spans: dict[UUID | str, tuple[int, int]] = {}
        for event in events:
            stream = event.originator_id
            version = event.originator_version
            ids.append(_packed_id(stream))
            versions.append(_INT8(8, version))
            topics.append(_cached_text(event.topic))
            state = event.state
            states.append(_LENGTH(len(state)))
            states.append(state)
            concerns.append(_concerns(event.concerns if isinstance(event, LogStoredEvent) else ()))
            span = spans.get(stream)
            if span is None:
                spans[stream] = (version, version)
            elif version == span[1] + 1:
                spans[stream] = (span[0], version)
            else:
                raise VersionConflict(f"version {version} of stream {stream} follows {span[1]} in one save")
        join = b"".join
        self.events = (join(ids), join(versions), join(topics), join(states), join(concerns))
        claims.extend(spans)
        self.streams_count = len(spans)
        self.streams = (
            join([_packed_id(stream) for stream in spans]),
            join([_INT8(8, span[0]) for span in spans.values()]),
            join([_INT8(8, span[1]) for span in spans.values()]),
        )


def pack_batch(batch: Sequence[Packed]) -> list[bytes]:
    """Join the saves' contributions into the parameters of one call; their numbers count from 1."""
    columns: list[list[bytes]] = [[] for _ in COLUMN_TYPES]
    events = streams = tracked = 0
    with_vault: list[tuple[bytes, VaultWrite]] = []
    e_save, e_id, e_version, e_topic, e_state, e_concerns, s_save, s_id, s_first, s_last = columns[:_KEYS]
    k_save, k_caller, k_hash, k_body, k_status, k_answer, k_offset, k_count = columns[_KEYS:_TRACKING]
    for index, packed in enumerate(batch, 1):
        number = _INT4(4, index)
        if packed.key is not None:
            caller, key, body, status, answer, count = packed.key
            k_save.append(number)
            k_caller.append(caller)
            k_hash.append(key)
            k_body.append(body)
            k_status.append(status)
            k_answer.append(answer)
            k_offset.append(_INT4(4, events))
            k_count.append(count)
        if packed.count:
            e_save.append(number * packed.count)
            one, two, three, four, five = packed.events
            e_id.append(one)
            e_version.append(two)
            e_topic.append(three)
            e_state.append(four)
            e_concerns.append(five)
            s_save.append(number * packed.streams_count)
            one, two, three = packed.streams
            s_id.append(one)
            s_first.append(two)
            s_last.append(three)
            streams += packed.streams_count
            events += packed.count
        if packed.tracking is not None:
            for place, value in enumerate((number, *packed.tracking), _TRACKING):
                columns[place].append(value)
            tracked += 1
        if packed.vault is not None:
            with_vault.append((number, packed.vault))
    parameters = list(_NOTHING)
    _fill(parameters, columns, _EVENTS, _STREAMS, events)
    _fill(parameters, columns, _STREAMS, _KEYS, streams)
    _fill(parameters, columns, _KEYS, _TRACKING, len(k_save))
    _fill(parameters, columns, _TRACKING, _VAULT, tracked)
    if with_vault:
        _pack_vault(parameters, columns, with_vault)
    return parameters


def _fill(parameters: list[bytes], columns: list[list[bytes]], first: int, end: int, count: int) -> None:
    if count:
        for index in range(first, end):
            has_nulls = int(index == _ANSWERS and _NULL in columns[index])
            parameters[index] = _HEADER.pack(1, has_nulls, COLUMN_TYPES[index], count, 1) + b"".join(columns[index])


def _pack_vault(parameters: list[bytes], columns: list[list[bytes]], writes: list[tuple[bytes, VaultWrite]]) -> None:
    key, field, index, token = _VAULT_GROUPS
    k_save, k_member, k_master, k_wrapped = columns[key : key + 4]
    f_save, f_member, f_name, f_value = columns[field : field + 4]
    i_save, i_version, i_digest, i_member = columns[index : index + 4]
    t_save, t_kind, t_value, t_member = columns[token : token + 4]
    counts = dict.fromkeys(_VAULT_GROUPS, 0)
    for number, write in writes:
        member = _packed_id(write.member_id)
        if write.wrapped_key is not None:
            k_save.append(number)
            k_member.append(member)
            k_master.append(_INT4(4, write.master_version or 0))
            k_wrapped.append(_bytes(write.wrapped_key))
            counts[key] += 1
        f_save.append(number * len(write.fields))
        f_member.append(member * len(write.fields))
        f_name.extend([_cached_text(name) for name, _ in write.fields])
        f_value.extend([part for _, value in write.fields for part in (_LENGTH(len(value)), value)])
        counts[field] += len(write.fields)
        i_save.append(number * len(write.index))
        i_member.append(member * len(write.index))
        i_version.extend([_INT4(4, version) for version, _ in write.index])
        i_digest.extend([part for _, value in write.index for part in (_LENGTH(len(value)), value)])
        counts[index] += len(write.index)
        t_save.append(number * len(write.tokens))
        t_member.append(member * len(write.tokens))
        t_kind.extend([_cached_text(kind) for kind, _ in write.tokens])
        t_value.extend([part for _, value in write.tokens for part in (_LENGTH(len(value)), value)])
        counts[token] += len(write.tokens)
    for group in _VAULT_GROUPS:
        _fill(parameters, columns, group, group + 4, counts[group])


def _packed_key(key: Idempotency, count: int) -> tuple[bytes, ...]:
    answer = _NULL if key.answer is None else _bytes(key.answer)
    return (
        _cached_text(key.caller),
        _bytes(key.key_hash),
        _bytes(key.body_hash),
        _INT2(2, key.status),
        answer,
        _INT4(4, count),
    )


def _packed_id(stream: UUID | str) -> bytes:
    if not isinstance(stream, UUID):
        raise ProgrammingError(f"streams are named by UUIDs, not by {type(stream).__name__}")
    return _UUID_LENGTH + stream.bytes


def _bytes(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def _text(value: str) -> bytes:
    return _bytes(value.encode())


@lru_cache(maxsize=4096)
def _cached_text(value: str) -> bytes:
    return _text(value)


@lru_cache(maxsize=65536)
def _concerns(codes: tuple[str, ...]) -> bytes:
    for code in codes:
        if not code or "," in code:
            raise ProgrammingError(f"{code!r} is not a region code")
    return _text(",".join(codes))
