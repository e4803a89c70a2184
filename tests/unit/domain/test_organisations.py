"""The tree of organisations: who is above whom, and who answers for a region."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.organisation import OrganisationRegistered, OrganisationTree, organisation_stream
from tests.model.dissolutions import dissolved
from tests.unit.member.given import country

TREE = country().organisations


@pytest.mark.parametrize(
    ("parties", "origin", "superior"),
    [
        (["CG-1", "LZ"], "MQ-1", "GS"),
        (["CG-1", "CG-G"], "MQ-1", "CG"),
        (["CG-1", "MQ-1"], "MQ-1", "GS"),
        (["KS", "WZ"], "MQ-1", "SZ"),
        (["KS", "JJ"], "MQ-1", "GS"),
        (["JJ"], "MQ-1", "CD"),
        ([], "MQ-1", "GS"),
        (["KS", "JJ"], "GS", "GS"),
    ],
)
def test_the_common_superior_is_the_lowest_above_all_parties_else_the_origins_topmost(parties, origin, superior):
    assert TREE.common_superior(parties, origin) == superior


def test_no_party_is_its_own_superior():
    assert TREE.common_superior(["LZ", "CG"], "MQ-1") == "GS"


def test_a_region_is_answered_for_by_the_topmost_at_home_there():
    assert TREE.of_region("620102") == "CG"
    assert TREE.of_region("620621") == "MQ"


def test_streets_are_answered_for_by_their_county_and_places_without_any_by_what_is_around():
    assert TREE.of_region("620102001005") == "CG"
    assert TREE.of_region("620602") == "WW"
    assert TREE.of_region("622901") == "GS"
    assert TREE.of_region("110101") is None
    assert TREE.of_region(None) is None


def test_who_is_only_stationed_in_a_region_or_comes_from_outside_does_not_answer_for_it():
    assert TREE.of_region("510104") == "JJ"
    bodies = [
        (OrganisationRegistered("EXT", "外部", "COMMITTEE", "110101", external=True), 1),
        (OrganisationRegistered("OWN", "自己", "BRANCH", "110101"), 2),
    ]
    assert OrganisationTree().with_organisations(bodies).of_region("110101") == "OWN"


def test_below_is_the_organisation_and_everything_under_it():
    assert TREE.below("CG") == ["CG", "CG-1", "CG-G"]
    assert TREE.below("CG-1") == ["CG-1"]
    assert TREE.is_at_or_below("CG-1", "GS")
    assert TREE.is_at_or_below("GS", "GS")
    assert not TREE.is_at_or_below("GS", "CG-1")
    assert not TREE.is_at_or_below(None, "GS")


def test_a_loop_in_the_data_ends_nowhere_else():
    looped = [
        (OrganisationRegistered("A", "甲", "COMMITTEE", "110101", "B"), 1),
        (OrganisationRegistered("B", "乙", "COMMITTEE", "110101", "A"), 2),
    ]
    tree = OrganisationTree().with_organisations(looped)
    assert tree.above("A") == ["B", "A"]
    assert tree.below("A") == ["A", "B"]


def test_the_first_registration_of_a_code_stands():
    again = TREE.with_organisations([(OrganisationRegistered("CG", "改名", "BRANCH", "110101"), 999)])
    assert again.get("CG") == TREE.get("CG")


def test_a_dissolved_organisation_names_its_successor_and_the_tree_before_is_untouched():
    after = TREE.with_dissolved(dissolved("MQ-1", "MQ-2", "2025-05-01"))
    assert after.by_code["MQ-1"].successor == "MQ-2"
    assert TREE.by_code["MQ-1"].successor is None


def test_an_organisation_has_one_stream_everywhere():
    assert organisation_stream("CG") == organisation_stream("CG")
    assert organisation_stream("CG") != organisation_stream("JJ")


@pytest.mark.parametrize(
    ("organisation", "region", "expected"),
    [
        ("CG", "620102", True),
        ("CG", "620102003", True),
        ("LZ", "620102", True),
        ("GS", "620102", True),
        ("CG", "620100", False),
        ("MQ-AWAY", "510104", True),
        ("MQ-AWAY", "620621", True),
        ("JJ", "620102", False),
        ("HZ-5", "330103", True),
        ("HZ-5", "330104", False),
        ("NOBODY", "620102", False),
        ("CG", None, False),
    ],
)
def test_an_organisation_is_in_a_place_where_it_has_its_home_or_its_station(organisation, region, expected):
    assert country().is_in(organisation, region) is expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("620102", "620102", True),
        ("620102", "620102003", True),
        ("620102003", "620102", True),
        ("620102003", "620102004", False),
        ("620100", "620102", False),
        ("620102", "620103", False),
        ("330103", "330105", True),
        ("330104", "330102", False),
        (None, "620102", False),
    ],
)
def test_two_codes_mean_one_place_when_one_became_or_contains_the_other(one, other, same):
    assert country().same_place(one, other) is same


def test_a_county_that_ended_is_answered_for_by_its_own_committee_while_there_is_one():
    base = country()
    own = [(OrganisationRegistered("HZ-3", "下城", "COMMITTEE", "330103", "HZ"), 500)]
    kept = replace(base, organisations=base.organisations.with_organisations(own))
    assert base.seat_of("330103") == "HZ-5"
    assert kept.seat_of("330103") == "HZ-3"
    assert base.seat_of("330104") == "HZ"


def test_where_an_organisation_works_is_where_it_is_stationed():
    assert country().place_of("MQ-AWAY") == "510104"
    assert country().place_of("CG") == "620102"
    assert country().place_of("NOBODY") is None
