"""What every benchmark shares: rounds of ours and the peer in turn, medians and spread, a table, the result as JSON.

A benchmark says in its docstring what it does not measure, in a sentence that begins "Not measured:"; the result
repeats it. A benchmark without its peer fails: `missing_peer` says what is wanted.
"""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from bench.machine import machine, settings, versions

RESULTS = Path(__file__).parent / "results"
_QUIET_LOAD = 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the bars: what is measured, in which unit, and the ratio to reach (`floor`) or to aim for.

    `higher_is_better` False is for times: there the ratio is still ours divided by the peer's, and must stay below.
    `floor_plus` and `aim_plus` are what a time may take besides, in the bar's unit. `of_ours`: floor and aim are of our
    own figure, the peer's stands beside it.
    """

    name: str
    unit: str
    peer_name: str
    floor: float
    aim: float
    higher_is_better: bool = True
    floor_plus: float = 0
    aim_plus: float = 0
    of_ours: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A bar with its rounds; `notes` hold what else a reader wants to know (sizes, p99, stages)."""

    bar: Bar
    rounds: Sequence[Mapping[str, float]]
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ours(self) -> float:
        """Median of our rounds."""
        return statistics.median(one["ours"] for one in self.rounds)

    @property
    def peer(self) -> float:
        """Median of the peer's rounds."""
        return statistics.median(one["peer"] for one in self.rounds)

    @property
    def ratio(self) -> float:
        """Ours to the peer's, of the medians."""
        return self.ours / self.peer

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio of a round."""
        ratios = [one["ours"] / one["peer"] for one in self.rounds]
        return min(ratios), max(ratios)

    @property
    def reached(self) -> str:
        """`aim`, `floor`, or `below the floor`."""
        if self.reaches(self.bar.aim, self.bar.aim_plus):
            return "aim"
        return "floor" if self.reaches(self.bar.floor, self.bar.floor_plus) else "below the floor"

    def reaches(self, wanted: float, plus: float = 0) -> bool:
        """Tell whether the ratio reaches a floor or an aim, of times less what they may take besides."""
        if self.bar.higher_is_better:
            return (self.ours if self.bar.of_ours else self.ratio) >= wanted
        return self.ours - plus <= wanted * self.peer


def in_turn(ours: Callable[[], float], peer: Callable[[], float], rounds: int = 5) -> list[dict[str, float]]:
    """Measure both sides in turn on a quiet machine, so that what else happens hits both; who begins alternates."""
    measured = []
    for number in range(rounds):
        await_quiet()
        if number % 2:
            theirs = peer()
            mine = ours()
        else:
            mine = ours()
            theirs = peer()
        measured.append({"ours": mine, "peer": theirs})
        print(f"  round {number + 1}: ours {mine:,.1f}  peer {theirs:,.1f}", flush=True)
    return measured


def report(measured: Measured) -> None:
    """Print the table and write bench/results/<bar>.json."""
    bar = measured.bar
    lowest, highest = measured.spread
    omitted = not_measured()
    rows = [
        ("ours", f"{measured.ours:,.1f} {bar.unit}"),
        (bar.peer_name, f"{measured.peer:,.1f} {bar.unit}"),
        ("ratio", f"{measured.ratio:.2f} (floor {bar.floor:g}, aim {bar.aim:g}): {measured.reached}"),
        ("spread", f"{lowest:.2f} to {highest:.2f} in {len(measured.rounds)} rounds"),
        *((name, str(value)) for name, value in measured.notes.items()),
        ("not measured", omitted),
    ]
    width = max(len(name) for name, _ in rows)
    print(f"{bar.name}\n" + "\n".join(f"  {name:<{width}}  {value}" for name, value in rows))
    RESULTS.mkdir(exist_ok=True)
    result = {
        "bar": bar.name,
        "unit": bar.unit,
        "ours": measured.ours,
        "peer": measured.peer,
        "ratio": measured.ratio,
        "floor": bar.floor,
        "aim": bar.aim,
        "reached": measured.reached,
        "spread": [lowest, highest],
        "rounds": list(measured.rounds),
        "peer_name": bar.peer_name,
        "not_measured": omitted,
        "machine": machine(),
        "versions": versions(),
        "settings": settings(),
        "command": command(),
        **({"notes": dict(measured.notes)} if measured.notes else {}),
    }
    (RESULTS / f"{bar.name}.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")


def command() -> str:
    """Tell the command that measures this again."""
    module = getattr(sys.modules["__main__"].__spec__, "name", None) or Path(sys.argv[0]).name
    return " ".join(["python -m", module, *sys.argv[1:]])


def not_measured(text: str | None = None) -> str:
    """Tell what a benchmark's docstring (of the running one unless given) says that it does not measure."""
    text = sys.modules["__main__"].__doc__ if text is None else text
    found = re.search(r"Not measured: (.+?)(?:\n\n|\Z)", text or "", re.DOTALL)
    if found is None:
        raise SystemExit("the benchmark's docstring must say what is not measured: 'Not measured: …'")
    return " ".join(found[1].split()).removesuffix(".")


def missing_peer(name: str, install: str) -> NoReturn:
    """End a benchmark that has nothing to be compared with; `install` says how to get it."""
    raise SystemExit(f"the peer is missing: {name}. {install}")


def await_quiet(seconds: float = 45.0) -> None:
    """Wait until the machine is mostly idle, at most `seconds`; a busy one is said, since it harms the figures."""
    machine()  # the load before, not the benchmark's own
    deadline = time.monotonic() + seconds
    while _busy_cores() > _QUIET_LOAD and time.monotonic() < deadline:
        time.sleep(1)
    if _busy_cores() > _QUIET_LOAD:
        print(f"  the machine is busy ({_busy_cores():.1f} cores); the figures will suffer", file=sys.stderr)


def _busy_cores() -> float:
    before = _ticks()
    time.sleep(0.5)
    after = _ticks()
    return (after - before) / os.sysconf("SC_CLK_TCK") / 0.5


def _ticks() -> int:
    fields = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return sum(fields) - fields[3] - fields[4]  # all but idle and waiting for the disk
