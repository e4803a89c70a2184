"""What questions share: the moment and the knowledge that they are asked of, regions as ranges, and opaque cursors."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain.times import local_day
from projections.position import Reflected, reflected

if TYPE_CHECKING:
    from datetime import date

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

CURSOR_LIVES_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: `position` is what the answer reflects, `known_position` what was known."""

    items: list[dict[str, Any]]
    next: str | None
    position: int
    known_position: int


@dataclass(frozen=True, slots=True)
class Moment:
    """True at `as_of_us` (microseconds since 1970 UTC), as known at `known_position` (None: the head)."""

    as_of_us: int
    known_position: int | None = None


class CursorExpired(Exception):
    """The cursor's first page is more than an hour old: begin again (HTTP 410)."""


class CursorUnreadable(ValueError):
    """Not a cursor of this list and question (HTTP 422)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins, and the moment that all pages are of."""

    moment: Moment
    since_us: int
    after: list[str]

    def text(self, question: str) -> str:
        """Return the cursor as callers hold it; it holds for the `question` named only."""
        held = [self.moment.as_of_us, self.moment.known_position, self.since_us, self.after, _digest(question)]
        return urlsafe_b64encode(json.dumps(held, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(text: str, question: str, now_us: int, keys: int) -> Cursor:
    """Read a cursor with `keys` keys; raises CursorUnreadable or CursorExpired."""
    try:
        as_of_us, known_position, since_us, after, digest = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        readable = (
            all(isinstance(one, int) and abs(one) < 1 << 63 for one in (as_of_us, known_position, since_us))
            and isinstance(after, list)
            and len(after) == keys
            and all(isinstance(key, str) and "\0" not in key for key in after)
        )
    except (ValueError, TypeError):
        raise CursorUnreadable(text) from None
    if not readable or digest != _digest(question):
        raise CursorUnreadable(text)
    if not since_us <= now_us <= since_us + CURSOR_LIVES_US:
        raise CursorExpired(text)
    return Cursor(Moment(as_of_us, known_position), since_us, after)


def _digest(question: str) -> str:
    return hashlib.blake2b(question.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Spans:
    """Half-open ranges of region codes, as recorded at any time, that lie in a region on a day."""

    lows: list[str]
    highs: list[str]

    def hold(self, code: str | None) -> bool:
        """Whether a code lies in them."""
        return code is not None and any(low <= code < high for low, high in zip(self.lows, self.highs, strict=True))


NOWHERE: Final = Spans([], [])


def spans_of(reference: Reference, region: str, as_of_us: int) -> Spans:
    """Return the codes of a region, and of all below it, as it stands on the day of an instant."""
    return spans_on(reference, region, local_day(as_of_us))


def spans_on(reference: Reference, region: str, day: date) -> Spans:
    """Return the codes of a region, and of all below it, as it stands on a day."""
    prefixes, exact = reference.regions.stored_codes(region, day)
    # ":" follows the digits, and "!" precedes them.
    ranges = [(prefix, after_all(prefix)) for prefix in prefixes] + [(code, code + "!") for code in exact]
    return Spans([low for low, _ in ranges], [high for _, high in ranges])


_REACH: Final = "SELECT coalesce(current_setting('kiteline.regions', true), '')"


def reach_of(connection: Connection[TupleRow]) -> Spans | None:
    """Return the codes that row-level security lets the caller see; None for all codes, empty where it was not told."""
    row = connection.execute(_REACH).fetchone()
    reach = "" if row is None else str(row[0])
    if reach == "*":
        return None
    beginnings = sorted({one for one in reach.split(",") if one})
    apart = [one for one in beginnings if not one.startswith(tuple(other for other in beginnings if other != one))]
    return Spans(apart, [after_all(one) for one in apart])


def after_all(prefix: str) -> str:
    """Return what follows every code that begins so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else ":"


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of one snapshot, with the position reflected and the position known."""

    position: int
    known_position: int
    rows: list[TupleRow]


def is_now(standing: Reflected, moment: Moment) -> bool:
    """Whether a moment is answered by current rows alone: everything reflected is known, and nothing happened later."""
    return moment.as_of_us >= standing.latest_us and _knows_all(standing, moment)


def _knows_all(standing: Reflected, moment: Moment) -> bool:
    return moment.known_position is None or moment.known_position >= standing.position


def answer(
    connection: Connection[TupleRow],
    moment: Moment,
    parameters: dict[str, Any],
    *,
    now: str,
    then: str,
    kept: str | None = None,
) -> Answer:
    """Ask of the current rows where they can answer, else of the rows of the past as well.

    `now` begins each row with the four columns of projection_position, of its own snapshot, and has at least one row.
    `then` takes `as_of` and `known`, and says the same however far the read models have moved on meanwhile. `kept`
    begins as `now` does, and answers as of any moment, but only as known now: it is asked before `then`.
    """
    standing = reflected(connection)
    if is_now(standing, moment):
        rows = connection.execute(now, parameters).fetchall()
        standing = Reflected(*rows[0][:4])
        if is_now(standing, moment):
            return Answer(standing.position, standing.position, [row[4:] for row in rows if row[4] is not None])
    if kept is not None and _knows_all(standing, moment):
        rows = connection.execute(kept, parameters).fetchall()
        standing = Reflected(*rows[0][:4])
        if _knows_all(standing, moment):
            return Answer(standing.position, standing.position, [row[4:] for row in rows if row[4] is not None])
    known = standing.position if moment.known_position is None else min(moment.known_position, standing.position)
    rows = connection.execute(then, {**parameters, "known": known}).fetchall()
    return Answer(standing.position, known, rows)
