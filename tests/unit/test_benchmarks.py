"""What every benchmark tells beside its figure, and how the table of them reads."""

import ast
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.__main__ import BARS, BENCHMARKS, table
from bench.harness import Bar, Measured, not_measured
from bench.plots import Curve, Point, svg

ROOT = Path(__file__).parents[2]
FASTER = Bar("S1", "commands/s", "a peer", floor=4, aim=8)
SOONER = Bar("S7", "ms", "a peer", floor=5, aim=2, higher_is_better=False)


def reporting_modules() -> list[Path]:
    """Modules of `bench` that report a figure."""
    return [path for path in sorted((ROOT / "bench").glob("*.py")) if "report(Measured(" in path.read_text()]


@pytest.mark.parametrize("path", reporting_modules(), ids=lambda path: path.stem)
def test_a_benchmark_says_what_it_does_not_measure(path: Path) -> None:
    assert not_measured(ast.get_docstring(ast.parse(path.read_text())))


def test_a_benchmark_that_does_not_say_it_is_ended() -> None:
    with pytest.raises(SystemExit, match="not measured"):
        not_measured("It measures all there is.")


def test_every_registered_benchmark_exists() -> None:
    for module, _, _ in BENCHMARKS.values():
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_a_ratio_is_of_medians_and_its_spread_of_rounds() -> None:
    measured = Measured(FASTER, [{"ours": 40, "peer": 10}, {"ours": 90, "peer": 10}, {"ours": 50, "peer": 5}])

    assert (measured.ratio, measured.spread, measured.reached) == (5, (4, 10), "floor")


def test_of_a_time_less_is_better() -> None:
    reached = [Measured(SOONER, [{"ours": ours, "peer": 1}]).reached for ours in (2, 3, 6)]

    assert reached == ["aim", "floor", "below the floor"]


def test_the_table_has_a_line_for_every_bar_also_without_a_figure() -> None:
    found = {
        "bar": "S1",
        "unit": "commands/s",
        "ours": 5_700.4,
        "peer": 1_000.0,
        "ratio": 5.7,
        "spread": [5.6, 5.8],
        "floor": 4,
        "aim": 8,
        "reached": "floor",
        "peer_name": "a peer",
    }
    lines = table([found, *({"bar": bar} for bar in BARS[1:])], markdown=True).splitlines()

    assert lines[2] == "| S1 | commands/s | 5,700 | 1,000 | 5.70 | 5.60–5.80 | 4 | 8 | floor | a peer |"
    assert [line.split(" ")[1] for line in lines[2:]] == list(BARS)
    assert all("not measured" in line for line in lines[3:])


def test_a_curve_has_a_mark_for_each_size_and_stays_within_its_picture() -> None:
    points = [Point(10_000, 600, 550, 610), Point(100_000, 590, 580, 600), Point(10_000_000, 570, 40, 590)]
    drawn = ET.fromstring(svg(Curve("append", "Saves & more", "saves/s", "events", points)))  # noqa: S314 - our own

    marks = [(float(mark.get("cx", "")), float(mark.get("cy", ""))) for mark in drawn.findall(".//{*}circle")]
    assert marks == sorted(marks)
    assert len(marks) == len(points)
    assert all(0 < x < 560 and 0 < y < 300 for x, y in marks)
    assert "10,000,000" in [text.text for text in drawn.findall(".//{*}text")]
