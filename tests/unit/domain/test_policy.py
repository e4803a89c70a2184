"""Policy: which figures are in force where, on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.errors import Invalid
from domain.policy import DEFAULT_POLICY, PolicyAdopted, PolicyBook, check_figures
from domain.reference import empty_reference
from domain.times import day_start_us

BEFORE, ON, AFTER = date(2024, 12, 31), date(2025, 1, 1), date(2025, 7, 1)


def book(*adopted):
    found = PolicyBook()
    for region, day, figures in adopted:
        found = found.with_adopted(PolicyAdopted(region, day, figures))
    return found


def test_without_any_adoption_the_defaults_are_in_force():
    assert PolicyBook().on("620102", ON) is DEFAULT_POLICY


def test_a_figure_is_in_force_from_its_day_and_others_stay():
    policies = book(("000000", "2025-01-01", {"lost_contact_months": 3}))
    assert policies.on("620102", BEFORE).lost_contact_months == 6
    assert policies.on("620102", ON).lost_contact_months == 3
    assert policies.on("620102", ON).return_education_days == 30


def test_the_nearest_region_is_asked_first_whatever_the_day():
    policies = book(
        ("620102", "2025-01-01", {"return_education_days": 10}),
        ("620000", "2025-06-01", {"return_education_days": 20, "prompt_check_in_days": 5}),
        ("620100", "2025-06-01", {"return_education_days": 15}),
    )
    assert policies.on("620102", AFTER).return_education_days == 10
    assert policies.on("620102003", AFTER).return_education_days == 10
    assert policies.on("620103", AFTER).return_education_days == 15
    assert policies.on("620621", AFTER).return_education_days == 20
    assert policies.on("620102", AFTER).prompt_check_in_days == 5
    assert policies.on("510104", AFTER).return_education_days == 30
    assert policies.on(None, AFTER).return_education_days == 30


def test_a_late_adoption_counts_by_its_day_and_of_one_day_the_last():
    policies = book(
        ("620102", "2025-06-01", {"return_education_days": 10}),
        ("620102", "2025-01-01", {"return_education_days": 20}),
        ("620102", "2025-06-01", {"return_education_days": 12}),
    )
    assert policies.on("620102", ON).return_education_days == 20
    assert policies.on("620102", AFTER).return_education_days == 12


def test_the_book_before_an_adoption_is_untouched():
    before = book(("000000", "2025-01-01", {"lost_contact_months": 3}))
    before.with_adopted(PolicyAdopted("000000", "2025-01-01", {"lost_contact_months": 9}))
    assert before.on("620102", ON).lost_contact_months == 3


def test_figures_are_known_whole_numbers():
    assert check_figures({"letter_days": 60}) == {"letter_days": 60}
    figures = {"letter_days": -1, "colour": 3, "receipt_months": True, "lead_days": "30", "small_count": 100_001}
    with pytest.raises(Invalid) as caught:
        check_figures(figures)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [
        ("/figures/letter_days", "unreadable"),
        ("/figures/colour", "not_in_list"),
        ("/figures/receipt_months", "unreadable"),
        ("/figures/lead_days", "unreadable"),
        ("/figures/small_count", "unreadable"),
    ]


def test_a_review_of_silence_follows_figures_adopted_later():
    reference = empty_reference()
    begins_us = day_start_us(date(2025, 8, 31)) + 5
    assert reference.review_of_silence("620102", begins_us).opens == date(2026, 2, 28)
    sooner = PolicyAdopted("620102", "2025-01-01", {"lost_contact_months": 3, "lost_contact_review_workdays": 1})
    adopted = replace(reference, policies=reference.policies.with_adopted(sooner))
    review = adopted.review_of_silence("620102", begins_us)
    assert (review.opens, review.opens_on) == (date(2025, 11, 30), "2025-11-30")
    assert (review.opens_us, review.due.day) == (day_start_us(review.opens), date(2025, 12, 1))
    assert reference.review_of_silence("620102", begins_us).opens == date(2026, 2, 28)
    assert adopted.review_of_silence("620103", begins_us).opens == date(2026, 2, 28)
