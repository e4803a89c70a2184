"""Runs the benchmarks one after the other and prints one table: `python -m bench`, with `--full` for more and longer.

`--kept` prints the table of the results there are, and measures nothing; `--markdown` prints it as a document wants it.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.harness import RESULTS

# What fits in a quarter of an hour together, and the whole, by bar: module, options of the one, options of the other.
BENCHMARKS: dict[str, tuple[str, list[str], list[str]]] = {
    "S1": ("bench.s1_recording", ["--seconds", "3"], ["--seconds", "10", "--rounds", "7"]),
    "S1r": ("bench.s1r_recorder", ["--seconds", "3"], ["--seconds", "10", "--rounds", "7"]),
    "S2": ("bench.s2_umadb", ["--seconds", "3"], ["--seconds", "10", "--rounds", "7"]),
    "S3": ("bench.s3_import", [], ["--rounds", "7"]),
    "S4": ("bench.s4_catch_up", [], ["--rounds", "7"]),
    "S5": ("bench.s5_rebuild", ["--events", "250000"], ["--events", "10000000"]),
    "S6": ("bench.s6_queries", ["--each", "40"], ["--events", "20000000", "--without-states"]),
    "S7": ("bench.s7_history", [], ["--rounds", "15"]),
    "S8": ("bench.s8_everything_on", ["--seconds", "60"], ["--seconds", "600"]),
    "S9": ("bench.s9_publishing", [], ["--rounds", "7"]),
    "S10-roster": ("bench.s10_roster", [], ["--events", "10000000"]),
    "S10": (
        "bench.s10_growth",
        ["--events", "1000000", "--seconds", "3"],
        ["--seconds", "10", "--rounds", "7"],
    ),
    "S11": ("bench.s11_http", [], ["--seconds", "10", "--rounds", "7"]),
    "log-tree": ("bench.log_tree", [], ["--leaves", "10000000", "--rounds", "7"]),
    "verify": ("bench.verify", ["--rounds", "3"], ["--events", "1000000"]),
    "several-processes": ("bench.several_processes", [], ["--seconds", "10", "--rounds", "7"]),
    "erasure": ("bench.erasure", [], ["--members", "100000", "--rounds", "7"]),
    "claims": ("bench.post_claims", [], ["--rounds", "7"]),
    "sse-subscribers": ("bench.sse_subscribers", ["--subscribers", "1000"], ["--subscribers", "5000", "--rounds", "7"]),
    "collective-day": ("bench.collective_day", ["--seconds", "20"], ["--seconds", "60"]),
}
BESIDE = ("log-tree", "verify", "several-processes", "claims", "sse-subscribers", "collective-day", "erasure")
"""None of the bars: run by name, or with `--full`."""
BARS = ("S1", "S1r", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11")
_HEAD = ("bar", "unit", "ours", "peer", "ratio", "rounds from–to", "floor", "aim", "reached", "against")
_SMALL = 100


def main() -> None:
    """Run what was asked for; the exit code is 1 when a benchmark could not run, 0 whatever the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bars", nargs="*", metavar="BAR", help=f"which: {' '.join(BENCHMARKS)}")
    parser.add_argument("--full", action="store_true", help="more and longer rounds, logs of 10 million events")
    parser.add_argument("--kept", action="store_true", help="measure nothing, print the results that are there")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    if unknown := set(options.bars) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {' '.join(sorted(unknown))}")
    every = [bar for bar in BENCHMARKS if options.full or bar not in BESIDE]
    asked = [] if options.kept else options.bars or every
    failed = [bar for bar in asked if not _ran(bar, full=options.full)]
    kept = {bar: _result(bar) for bar in (*BARS, *BENCHMARKS) if bar not in failed and _path(bar).exists()}
    print(table([kept.get(bar, {"bar": bar}) for bar in dict.fromkeys((*BARS, *kept))], markdown=options.markdown))
    if failed:
        sys.exit(f"could not run: {', '.join(failed)}")


def _ran(bar: str, *, full: bool) -> bool:
    module, quick, long = BENCHMARKS[bar]
    _path(bar).unlink(missing_ok=True)
    began = time.monotonic()
    finished = subprocess.run([sys.executable, "-m", module, *(long if full else quick)], check=False)
    print(f"  {bar}: {time.monotonic() - began:.0f} s in all\n", flush=True)
    return finished.returncode == 0 and _path(bar).exists()


def _path(bar: str) -> Path:
    return RESULTS / f"{bar}.json"


def _result(bar: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_path(bar).read_text())
    return found


def table(results: Sequence[dict[str, Any]], *, markdown: bool = False) -> str:
    """Lay results out, a line a bar; a result that holds its bar alone is said not to have been measured."""
    rows = [_row(one) for one in results]
    if markdown:
        lines = [_HEAD, tuple("---" for _ in _HEAD), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(len(_HEAD))]
    lines = [_HEAD, *rows]
    return "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in lines)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    if "spread" not in one:
        return (one["bar"], *("–" for _ in _HEAD[1:-1]), "not measured")
    lowest, highest = one["spread"]
    return (
        one["bar"],
        one["unit"],
        _figure(one["ours"]),
        _figure(one["peer"]),
        f"{one['ratio']:.2f}",
        f"{lowest:.2f}–{highest:.2f}",
        f"{one['floor']:g}",
        f"{one['aim']:g}",
        one["reached"],
        one["peer_name"],
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= _SMALL else f"{value:.3g}"


if __name__ == "__main__":
    main()
