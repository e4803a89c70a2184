"""A register of 50,000 rows is read, and written back with its errors marked, within a bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pytest

from infra.demo.untidy_registers import County, write_registers

PEOPLE = 50_000
BRANCHES = [(f"620621-{number:03d}", f"民勤县样例{number}村党支部") for number in range(600)]

MEASURED = """
import json, re, sys
from datetime import date
from domain.regions.loading import load_regions
from infra.registers.annotated import write_annotated
from infra.registers.organisations import OrganisationDirectory, OrganisationMatch
from infra.registers.reading import read_register

path, out = sys.argv[1:3]

def peak_mb():
    # Not ru_maxrss: it starts from what the parent held when this process was forked.
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) // 1024

below = [OrganisationMatch(f"620621-{n:03d}", f"民勤县样例{n}村党支部", "620621") for n in range(600)]
home = OrganisationMatch("620621", "民勤县委", "620621", "COMMITTEE")
organisations = OrganisationDirectory(home, below, below)
read, issues, seen = 0, [], []
with read_register(path, "a.xlsx", today=date(2025, 6, 30), regions=load_regions(), organisations=organisations,
                   progress=lambda done, height: seen.append(done)) as reading:
    for chunk in reading.chunks():
        read += len(chunk)
        issues.extend(error for row in chunk for error in row.errors)
peak = peak_mb()
write_annotated(path, "a.xlsx", issues, reading.warnings, out)
marked = peak_mb()
print(json.dumps({"read": read, "errors": len(issues), "seen": seen, "peak_mb": peak, "marked_mb": marked}))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    county = County("620621", "民勤县", BRANCHES, PEOPLE)
    (written,) = write_registers(tmp_path_factory.mktemp("large"), seed=3, today=date(2025, 6, 30), counties=[county])
    return written


def test_fifty_thousand_rows_are_read_and_marked_in_bounded_memory(large, tmp_path):
    out = tmp_path / "errors.xlsx"
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(large.path), str(out)], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    assert found["read"] == large.rows > PEOPLE
    assert found["errors"] == sum(large.planted.values())
    assert found["seen"][0] == 1_000
    assert found["seen"][-1] == large.rows
    assert found["peak_mb"] < 250
    assert found["marked_mb"] < 250
    assert out.stat().st_size > 1_000_000
