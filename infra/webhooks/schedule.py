"""When a delivery that failed is tried again: waits that grow, as long as the receiver asks, for 24 hours in all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

FOR_ALL: Final = timedelta(hours=24)
"""From the first failure of an event to its last attempt."""
_WAITS: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
_SPREAD: Final = 0.2


def next_attempt(
    first_failed: datetime, failures: int, now: datetime, chance: float, not_before: datetime | None = None
) -> datetime | None:
    """Return when to try again after the given number of failures, None when 24 hours have been used up.

    `chance`, from 0 to 1, lengthens a wait by up to a fifth, so that what failed together is not tried together again.
    `not_before` is what the receiver asked for. The last attempt is made when the 24 hours end, never later.
    """
    end = first_failed + FOR_ALL
    if now >= end:
        return None
    wait = _WAITS[min(failures, len(_WAITS)) - 1] * (1 + _SPREAD * chance)
    planned = now + timedelta(seconds=wait)
    if not_before is not None:
        planned = max(planned, not_before)
    return min(planned, end)


def retry_after(header: str | None, now: datetime) -> datetime | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds or a date; None for none, or one that cannot be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text[:9]), FOR_ALL.total_seconds()))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
