"""A delivery that fails is tried again with growing waits, as late as the receiver asks, for 24 hours and no longer."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.webhooks.schedule import FOR_ALL, next_attempt, retry_after

FIRST = datetime(2025, 3, 5, 2, tzinfo=UTC)


def attempts(chances: list[float], took: timedelta, asked: timedelta | None) -> list[datetime]:
    """Return the times of all attempts, the first included, where none succeeds."""
    made, failed = [FIRST], 1
    while True:
        now = made[-1] + took
        again = next_attempt(FIRST, failed, now, chances[failed % len(chances)], now + asked if asked else None)
        if again is None:
            return made
        assert again > now or again == FIRST + FOR_ALL
        made.append(max(again, now))
        failed += 1


@given(
    chances=st.lists(st.floats(0, 1), min_size=1, max_size=20),
    took=st.timedeltas(timedelta(0), timedelta(seconds=20)),
    asked=st.none() | st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_however_it_fails_the_last_attempt_has_failed_when_24_hours_have_ended(
    chances: list[float], took: timedelta, asked: timedelta | None
):
    made = attempts(chances, took, asked)
    # One that is under way when the 24 hours end is the last.
    assert FOR_ALL - took <= made[-1] - FIRST <= FOR_ALL + took
    assert len(made) <= 16
    if asked is not None:
        assert all(later - earlier >= min(asked, FIRST + FOR_ALL - earlier - took) for earlier, later in _pairs(made))


def test_waits_grow_from_seconds_to_hours_and_are_spread():
    made = attempts([0.0], timedelta(0), None)
    waits = [later - earlier for earlier, later in _pairs(made)]
    assert waits[:3] == [timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2)]
    assert waits[:-1] == sorted(waits[:-1])
    spread = attempts([1.0], timedelta(0), None)
    assert spread[1] - FIRST == timedelta(seconds=6)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", FIRST + timedelta(seconds=120)),
        (" 0 ", FIRST),
        ("Wed, 05 Mar 2025 03:00:00 GMT", FIRST + timedelta(hours=1)),
        ("99999999999999999999", FIRST + FOR_ALL),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, expected: datetime | None):
    assert retry_after(header, FIRST) == expected


def _pairs(made: list[datetime]) -> list[tuple[datetime, datetime]]:
    return list(pairwise(made))
