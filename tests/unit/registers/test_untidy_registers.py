"""The demo's registers: untidy as offices are, the same for the same seed, and wrong where they say so."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from domain.regions.loading import load_regions
from infra.demo.untidy_registers import County, write_registers
from infra.registers.organisations import OrganisationDirectory, OrganisationMatch
from infra.registers.reading import read_register

TODAY = date(2025, 6, 30)
COUNTIES = [
    County(
        code, name, [(f"{code}-{number:03d}", f"{name}样例{number}村党支部") for number in range(1, 30)], people, inflow
    )
    for code, name, people, inflow in (
        ("620621", "民勤县", 420, 0),
        ("620821", "泾川县", 420, 0),
        ("510104", "锦江区", 380, 90),
        ("620802", "崆峒区", 200, 0),
    )
]


def read_back(written):
    known = [OrganisationMatch(code, name, county.code) for county in COUNTIES for code, name in county.branches]
    county = next(county for county in COUNTIES if county.code == written.county)
    home = OrganisationMatch(county.code, f"{county.name}委", county.code, "COMMITTEE")
    below = [one for one in known if one.region == county.code]
    organisations = OrganisationDirectory(home, below, known)
    with read_register(
        written.path, written.path.name, today=TODAY, regions=load_regions(), organisations=organisations
    ) as reading:
        rows = list(reading)
    return rows, reading


@pytest.fixture(scope="module")
def registers(tmp_path_factory):
    written = write_registers(tmp_path_factory.mktemp("registers"), seed=7, today=TODAY, counties=COUNTIES)
    return [(one, *read_back(one)) for one in written]


def test_every_row_is_found_and_exactly_the_planted_errors(registers):
    for written, rows, _ in registers:
        assert len(rows) == written.rows
        assert Counter(error.code for row in rows for error in row.errors) == written.planted


def test_few_rows_are_wrong_and_the_untidy_ways_all_occur(registers):
    total = sum(written.rows for written, _, _ in registers)
    wrong = sum(not row.is_right for _, rows, _ in registers for row in rows)
    assert 0.005 < wrong / total < 0.04
    warned = {
        warning.code
        for _, rows, reading in registers
        for warning in (*reading.warnings, *(one for row in rows for one in row.warnings))
    }
    assert warned >= {
        "hidden_row",
        "unknown_head",
        "ambiguous_month",
        "external_organisation",
        "unknown_destination_organisation",
    }
    assert {written.kind for written, _, _ in registers} == {"outflow", "inflow"}


def test_people_are_synthetic_and_some_who_came_are_known_where_they_left(registers):
    left: set[str] = set()
    came: set[str] = set()
    for written, rows, _ in registers:
        for row in rows:
            if row.identity is not None and row.name is not None:
                assert row.identity.number.startswith("99")
                assert row.name.startswith(("测试", "样例"))
                (left if written.kind == "outflow" else came).add(row.identity.number)
    assert left & came
    assert came - left


def test_the_same_seed_writes_the_same_registers(tmp_path, registers):
    again = write_registers(tmp_path, seed=7, today=TODAY, counties=COUNTIES)
    assert [one.planted for one in again] == [written.planted for written, _, _ in registers]
    for one, (_, rows, _) in zip(again, registers, strict=True):
        read_again, _ = read_back(one)
        assert read_again == rows
    other = write_registers(tmp_path / "other", seed=8, today=TODAY, counties=COUNTIES[:1])
    assert read_back(other[0])[0] != registers[0][1]
