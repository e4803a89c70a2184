"""What must hold of every code of the table on any day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.regions.loading import load_regions
from domain.regions.region import COUNTRY, Change, Level

TABLE = load_regions()
REGIONS = [region for code in sorted(TABLE.codes()) for region in TABLE.history(code)]
CODES = sorted(TABLE.codes())
LAST = date(2026, 11, 1)
DAYS = [
    date(1980, 1, 1),
    date(1987, 7, 1),
    date(1994, 3, 2),
    date(1999, 12, 31),
    date(2005, 6, 1),
    date(2014, 1, 1),
    date(2021, 4, 8),
    date(2021, 4, 9),
    LAST,
]
days = st.dates(date(1980, 1, 1), date(2027, 12, 31))


def test_spans_of_a_code_never_overlap():
    for code in CODES:
        spans = TABLE.history(code)
        for earlier, later in pairwise(spans):
            assert earlier.valid_to is not None
            assert earlier.valid_from < earlier.valid_to <= later.valid_from, code


def test_every_successor_stands_on_the_day_it_takes_over():
    for region in REGIONS:
        for successor in region.successors:
            assert region.valid_to is not None
            assert TABLE.get(successor, region.valid_to) is not None, (region, successor)


def test_every_chain_of_successors_ends_in_what_stands_or_with_a_person():
    for code in CODES:
        resolution = TABLE.resolve(code, LAST)
        if resolution.needs_assignment:
            assert resolution.code == code
            assert resolution.since is not None
            assert len(resolution.candidates) != 1
            assert all(TABLE.get(candidate, LAST) is not None for candidate in resolution.candidates), code
        else:
            assert TABLE.get(resolution.code, LAST) is not None, code
            assert TABLE.resolve(resolution.code, LAST).code == resolution.code


def test_only_what_ended_has_a_change_and_a_split_has_not_one_successor():
    for region in REGIONS:
        assert (region.change is None) == (region.valid_to is None) or region.heading, region
        if region.change is not None:
            assert (region.change is Change.SPLIT) == (len(region.successors) != 1), region


@pytest.mark.parametrize("day", DAYS)
def test_every_region_of_a_day_has_its_parents_on_that_day(day):
    for code in CODES:
        region = TABLE.get(code, day)
        if region is None or region.level is Level.PROVINCE:
            continue
        parents = TABLE.parents(code, day)
        assert parents, code
        assert parents[-1].level is Level.PROVINCE, code
        assert all(parent.stands_on(day) and not parent.heading for parent in parents)


@pytest.mark.parametrize("day", DAYS)
def test_children_are_the_inverse_of_parents(day):
    for province in TABLE.children(COUNTRY, day):
        for city in TABLE.children(province.code, day):
            assert TABLE.parents(city.code, day)[0].code == province.code
            for county in TABLE.children(city.code, day):
                assert TABLE.parents(county.code, day)[0].code == city.code
    counted = sum(
        1 + len(TABLE.children(city.code, day))
        for province in TABLE.children(COUNTRY, day)
        for city in TABLE.children(province.code, day)
    )
    standing = [region for code in CODES if (region := TABLE.get(code, day)) is not None and not region.heading]
    assert counted == len([region for region in standing if region.level is not Level.PROVINCE])


@pytest.mark.parametrize("day", DAYS)
def test_stored_codes_are_exactly_those_that_resolve_into_the_region(day):
    provinces = TABLE.children(COUNTRY, day)
    asked = [*provinces]
    for province in provinces[::4]:
        asked += TABLE.children(province.code, day)
        asked += [
            county for city in TABLE.children(province.code, day)[::5] for county in TABLE.children(city.code, day)
        ]
    for region in asked:
        prefixes, exact = TABLE.stored_codes(region.code, day)
        stored = {code for code in CODES if code.startswith(prefixes) or code in exact}
        assert stored == {code for code in CODES if TABLE.lies_in(code, region.code, day)}, region


@given(st.sampled_from(CODES), st.sampled_from(DAYS))
@settings(max_examples=400)
def test_a_code_lies_in_what_it_became_and_in_all_above_that(code, day):
    resolution = TABLE.resolve(code, day)
    assert TABLE.lies_in(code, resolution.code, day)
    if not resolution.needs_assignment:
        for parent in TABLE.parents(resolution.code, day):
            assert TABLE.lies_in(code, parent.code, day)
            assert code.startswith(TABLE.stored_codes(parent.code, day)[0]) or (
                code in TABLE.stored_codes(parent.code, day)[1]
            )


@given(st.sampled_from(REGIONS), days)
@settings(max_examples=400)
def test_resolving_in_two_steps_is_resolving_in_one(region, day):
    halfway = TABLE.resolve(region.code, day, recorded_on=region.valid_from)
    if day < region.valid_from or halfway.needs_assignment or TABLE.get(halfway.code, day) is None:
        return
    later = day + timedelta(days=1500)
    at_once = TABLE.resolve(region.code, later, recorded_on=region.valid_from)
    in_steps = TABLE.resolve(halfway.code, later, recorded_on=day)
    assert at_once.needs_assignment == in_steps.needs_assignment
    assert at_once.candidates == in_steps.candidates
    if not at_once.needs_assignment:
        assert at_once.code == in_steps.code


@given(st.sampled_from(CODES), st.sampled_from(CODES), days)
@settings(max_examples=400)
def test_scope_is_the_same_both_ways_and_agrees_with_city_and_province(one, other, day):
    scope = TABLE.scope(one, other, day)
    assert scope == TABLE.scope(other, one, day)
    cities = TABLE.city_of(one, day), TABLE.city_of(other, day)
    provinces = TABLE.province_of(one, day), TABLE.province_of(other, day)
    if scope == "IN_CITY":
        assert cities[0] == cities[1]
    if scope == "ACROSS_PROVINCES":
        assert provinces[0] != provinces[1]
    if scope == "IN_PROVINCE":
        assert provinces[0] == provinces[1]
        assert cities[0] != cities[1]


@pytest.mark.parametrize("day", [date(1983, 6, 1), date(1995, 6, 1), date(2004, 6, 1), date(2018, 6, 1), LAST])
def test_the_full_chain_of_names_finds_each_region_and_nothing_else(day):
    for code in CODES:
        region = TABLE.get(code, day)
        if region is None or region.heading:
            continue
        chain = "".join(parent.name for parent in reversed(TABLE.parents(code, day))) + region.name
        assert [found.code for found in TABLE.find(chain, day)] == [code], chain
