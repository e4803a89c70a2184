"""The number beside a code, against the vectors of RFC 6238, appendix B."""

import pytest

from infra.check_in_codes.rotating_number import is_right, number_at

SECRET = b"12345678901234567890"
SECOND_US = 1_000_000


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_the_standard(seconds: int, eight_digits: str):
    assert number_at(SECRET, 30, seconds * SECOND_US) == eight_digits[2:]


@pytest.mark.parametrize(
    ("late_by", "right"), [(-30, True), (0, True), (30, True), (59, True), (60, False), (-31, False)]
)
def test_a_number_is_taken_one_step_early_or_late_and_no_more(late_by: int, right: bool):
    shown_at = 1_111_111_110  # the beginning of a step
    number = number_at(SECRET, 30, shown_at * SECOND_US)

    assert is_right(number, SECRET, 30, (shown_at + late_by) * SECOND_US) is right


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "１２３４５６", "abcdef"])
def test_what_is_no_number_is_wrong(typed: str):
    assert not is_right(typed, SECRET, 30, 59 * SECOND_US)
