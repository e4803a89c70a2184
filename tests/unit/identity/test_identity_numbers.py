"""Identity numbers as people and spreadsheets write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import (
    IdentityError,
    Sex,
    check_digit,
    make_identity_number,
    parse_identity_number,
)

TODAY = date(2026, 11, 22)
SYNTHETIC = make_identity_number("990000", date(1991, 1, 1), 7)


def refusal(text, *, numeric=False):
    with pytest.raises(IdentityError) as caught:
        parse_identity_number(text, TODAY, numeric=numeric)
    return caught.value


def test_the_number_of_the_standard_is_valid_and_says_when_and_who():
    read = parse_identity_number("360426199101010071", TODAY)
    assert (read.number, read.born, read.sex) == ("360426199101010071", date(1991, 1, 1), Sex.MALE)


def test_its_neighbour_with_another_check_digit_is_not():
    assert refusal("360426199101010072").code == "identity_number_invalid"


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000", "911100", "990000", "330104"])
def test_residence_permits_foreigners_cards_and_districts_that_are_gone_are_numbers_too(prefix):
    digits = f"{prefix}19800229002"
    read = parse_identity_number(digits + check_digit(digits), TODAY)
    assert (read.born, read.sex) == (date(1980, 2, 29), Sex.FEMALE)


def test_full_width_digits_a_small_x_spaces_and_an_apostrophe_are_read():
    whole = next(
        number
        for sequence in range(1000)
        if (number := make_identity_number("990000", date(1985, 5, 5), sequence)).endswith("X")
    )
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in whole.lower())
    for text in (whole.lower(), wide, f"'{whole}", f" {whole[:6]} {whole[6:14]}\u3000{whole[14:]}\ufeff"):
        assert parse_identity_number(text, TODAY).number == whole


@pytest.mark.parametrize(
    "text",
    ["3.6E+17", "3.60426199101010E+17", "3.6e17", "360426199101010000", "360426199101010048.0", "360426199101010071."],
)
def test_what_a_spreadsheet_destroyed_is_told_from_what_is_wrong(text):
    assert refusal(text).code == "identity_number_destroyed"


def test_a_cell_that_held_a_number_is_destroyed_even_where_it_looks_whole():
    assert refusal(SYNTHETIC, numeric=True).code == "identity_number_destroyed"


def test_a_whole_number_that_happens_to_end_in_zeros_is_read():
    digits = next(
        f"99000019850505{hundreds}00" for hundreds in range(10) if check_digit(f"99000019850505{hundreds}00") == "0"
    )
    assert parse_identity_number(digits + "0", TODAY).number.endswith("000")


def test_fifteen_digits_are_the_old_number():
    assert refusal("360426910101007").code == "identity_number_old"


@pytest.mark.parametrize("day", ["19910230", "20261123", "18491231", "19911301", "00000101"])
def test_a_day_that_does_not_exist_or_has_not_come_is_wrong(day):
    digits = f"990000{day}001"
    assert refusal(digits + check_digit(digits)).code == "identity_number_invalid"


@pytest.mark.parametrize("text", ["", "-", "无", "X" * 18, "1" * 17, "1" * 19, "36042619910101007٣", "0" * 18])
def test_anything_else_is_invalid(text):
    assert refusal(text).code == "identity_number_invalid"


def test_nothing_personal_is_told_by_an_error_or_a_repr():
    wrong = SYNTHETIC[:-1] + ("1" if SYNTHETIC[-1] != "1" else "2")
    error = refusal(wrong)
    assert wrong not in f"{error}{error.zh}{error.en}"
    assert SYNTHETIC not in repr(parse_identity_number(SYNTHETIC, TODAY))


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999), st.integers(0, 9999))
def test_every_synthetic_number_is_read_back(born, sequence, place):
    number = make_identity_number(f"99{place:04d}", born, sequence)
    read = parse_identity_number(number, TODAY)
    assert (read.number, read.born, read.sex is Sex.MALE) == (number, born, sequence % 2 == 1)


@given(st.integers(0, 16), st.integers(1, 9), st.dates(date(1900, 1, 1), TODAY))
def test_no_single_wrong_digit_passes(place, shift, born):
    number = make_identity_number("990000", born, 123)
    wrong = f"{number[:place]}{(int(number[place]) + shift) % 10}{number[place + 1 :]}"
    assert refusal(wrong).code in {"identity_number_invalid", "identity_number_destroyed"}


@given(st.text(max_size=40))
def test_any_text_that_is_not_a_number_is_refused_with_a_code(text):
    # Seventeen random digits with a right check digit and a day that exists do not come by in a lifetime of tests.
    assert refusal(text).code.startswith("identity_number_")


@pytest.mark.parametrize(("region", "sequence"), [("330104", 1), ("99", 1), ("990000", 1000), ("990000", -1)])
def test_a_synthetic_number_never_carries_a_real_place(region, sequence):
    with pytest.raises(ValueError, match="synthetic"):
        make_identity_number(region, date(1990, 1, 1), sequence)
