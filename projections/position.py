"""How far the read models reflect the log, and waiting until they reflect enough."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from projections.columns import numbers, plain, texts

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import TupleRow

_READ: Final = """
SELECT version, position, latest_us, updated_at FROM projection_position WHERE name = 'read_models'
"""
_ADVANCE: Final = """
UPDATE projection_position
SET position = %s, latest_us = greatest(latest_us, %s), updated_at = clock_timestamp()
WHERE name = 'read_models' AND version = %s AND position = %s
"""
_PARK: Final = """
INSERT INTO projection_parked (member_id, position, code)
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::text[])
ON CONFLICT (member_id) DO NOTHING
"""
_PARKED: Final = "SELECT member_id, position, code, since FROM projection_parked ORDER BY position"
_LOOK_SECONDS: Final = 0.005


class Reflected(NamedTuple):
    """What the read models reflect: the log up to `position`; no fact happened after `latest_us`."""

    version: int
    position: int
    latest_us: int
    updated_at: datetime


class NotReached(Exception):
    """The read models did not reach a position in time; `reached` is where they are (HTTP 503 with Retry-After)."""

    def __init__(self, asked: int, reached: int) -> None:
        super().__init__(f"position {asked} asked for, {reached} reached")
        self.asked = asked
        self.reached = reached


class Overtaken(Exception):
    """Another process wrote or rebuilt the read models meanwhile: nothing was written, begin again."""


def reflected(connection: Connection[TupleRow]) -> Reflected:
    """Read how far the read models are."""
    row = connection.execute(_READ).fetchone()
    if row is None:
        msg = "projection_position has lost its row"
        raise LookupError(msg)
    return Reflected(*row)


def await_position(connection: Connection[TupleRow], position: int, timeout: float = 2.0) -> int:
    """Wait until `position` is reflected, at most `timeout` seconds; returns what is, or raises NotReached."""
    deadline = time.monotonic() + timeout
    while True:
        reached = reflected(connection).position
        if reached >= position:
            return reached
        if time.monotonic() > deadline:
            raise NotReached(position, reached)
        time.sleep(_LOOK_SECONDS)


def advance(connection: Connection[TupleRow], before: Reflected, position: int, latest_us: int) -> Reflected:
    """Move on, within the transaction that writes the rows; returns what then is reflected, or raises Overtaken."""
    done = connection.execute(_ADVANCE, (position, latest_us, before.version, before.position), prepare=True)
    if done.rowcount != 1:
        raise Overtaken
    return before._replace(position=position, latest_us=max(before.latest_us, latest_us))


class Parked(NamedTuple):
    """A member whose event at `position` could not be decoded or folded; `code` names the kind of error only."""

    member: UUID
    position: int
    code: str


def park(connection: Connection[TupleRow], parked: list[Parked]) -> None:
    """Note members who are folded no further, within the transaction that writes the rows."""
    if parked:
        members, positions, codes = zip(*parked, strict=True)
        connection.execute(_PARK, (plain(map(str, members)), numbers(positions), texts(codes)))


def parked_members(connection: Connection[TupleRow]) -> list[tuple[UUID, int, str, datetime]]:
    """List the parked members: id, position of the event, kind of error, since when."""
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(_PARKED)]
