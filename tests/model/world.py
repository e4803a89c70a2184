"""A small country: two provinces, four seats, branches at home, abroad and stationed elsewhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from uuid import UUID

from domain.fact import Fact
from domain.organisation import OrganisationRegistered
from domain.reference import Reference, empty_reference

MEMBER = UUID("00000000-0000-4000-8000-000000000001")

ORGANISATIONS = {
    # code: (kind, home, parent, stationed in)
    "GS": ("COMMITTEE", "620000", None, None),
    "WW": ("COMMITTEE", "620600", "GS", None),
    "MQ": ("COMMITTEE", "620621", "WW", None),
    "MQ-1": ("BRANCH", "620621", "MQ", None),
    "MQ-2": ("BRANCH", "620621", "MQ", None),
    "MQ-AWAY": ("BRANCH", "620621", "MQ", "510104"),
    "LZ": ("COMMITTEE", "620100", "GS", None),
    "CG": ("COMMITTEE", "620102", "LZ", None),
    "CG-G": ("GENERAL_BRANCH", "620102", "CG", None),
    "CG-1": ("BRANCH", "620102", "CG-G", None),
    "SC": ("COMMITTEE", "510000", None, None),
    "CD": ("COMMITTEE", "510100", "SC", None),
    "JJ": ("COMMITTEE", "510104", "CD", None),
    "JJ-1": ("BRANCH", "510104", "JJ", None),
}
REGIONS = ("620102", "510104", "620602", "620621")
"""Places to be: a county with its own committee, another province, one that its city answers for, and home."""


@cache
def world() -> Reference:
    """Return the reference in which the random lives are lived."""
    bodies = [
        (OrganisationRegistered(code, f"测试{code}", kind, region, parent, stationed), position)
        for position, (code, (kind, region, parent, stationed)) in enumerate(ORGANISATIONS.items(), 1)
    ]
    empty = empty_reference()
    return replace(empty, organisations=empty.organisations.with_organisations(bodies), position=len(bodies))


def registered_facts(facts: list[Fact]) -> list[Fact]:
    """Return facts of a stream in the order in which they were recorded."""
    return sorted(facts, key=lambda fact: fact.position)
