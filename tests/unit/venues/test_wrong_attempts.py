"""Guessing is slowed down: ten wrong attempts at a venue, thirty anywhere, within ten minutes."""

from uuid import uuid4

import pytest

from infra.recording.attempts import MOST_ANYWHERE, MOST_AT_A_VENUE, WINDOW_US, TooManyAttempts, WrongAttempts
from infra.recording.people import same_name

NOW_US = 1_780_000_000_000_000


def test_the_eleventh_attempt_at_a_venue_waits_until_the_first_is_ten_minutes_old():
    wrong, venue = WrongAttempts(), uuid4()
    for second in range(MOST_AT_A_VENUE):
        wrong.must_be_few("a", venue, NOW_US)
        wrong.note("a", venue, NOW_US + second * 1_000_000)

    with pytest.raises(TooManyAttempts) as refused:
        wrong.must_be_few("a", venue, NOW_US + 60_000_000)
    assert refused.value.wait_seconds == 541
    wrong.must_be_few("a", venue, NOW_US + WINDOW_US)


def test_others_and_other_venues_are_not_held_up():
    wrong, venue = WrongAttempts(), uuid4()
    for _ in range(MOST_AT_A_VENUE):
        wrong.note("a", venue, NOW_US)

    wrong.must_be_few("b", venue, NOW_US)
    wrong.must_be_few("a", uuid4(), NOW_US)


def test_going_from_venue_to_venue_does_not_help_for_long():
    wrong = WrongAttempts()
    for _ in range(MOST_ANYWHERE):
        wrong.note("a", uuid4(), NOW_US)

    with pytest.raises(TooManyAttempts):
        wrong.must_be_few("a", uuid4(), NOW_US)
    with pytest.raises(TooManyAttempts):
        wrong.must_be_few("a", None, NOW_US)


@pytest.mark.parametrize(
    ("kept", "given", "same"),
    [
        ("测试甲", "测试甲", True),
        ("测试甲", " 测试 甲", True),
        ("样例·阿依", "样例•阿依", True),
        ("测试甲", "测试乙", False),
        ("测试甲", "测试", False),
        (None, "测试甲", True),
    ],
)
def test_names_are_compared_as_cards_and_keyboards_write_them(kept: str | None, given: str, same: bool):
    assert same_name(kept, given) is same
