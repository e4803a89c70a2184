"""Runs the benchmarks one after the other and prints one table: `python -m bench`, with `--full` for more rounds."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.harness import RESULTS

BENCHMARKS = {
    "S1": ("bench.s1_recording", ["--seconds", "4"], ["--seconds", "10", "--rounds", "7"]),
    "S1r": ("bench.s1r_recorder", ["--seconds", "4"], ["--seconds", "10", "--rounds", "7"]),
    "S3": ("bench.s3_import", [], ["--rounds", "7"]),
    "S4": ("bench.s4_catch_up", [], ["--rounds", "7"]),
    "S7": ("bench.s7_history", [], ["--rounds", "15"]),
    "log-tree": ("bench.log_tree", [], ["--leaves", "10000000", "--rounds", "7"]),
    "S8": ("bench.s8_everything_on", ["--seconds", "30"], ["--seconds", "600"]),
    "S9": ("bench.s9_publishing", [], ["--rounds", "7"]),
    "claims": ("bench.post_claims", [], ["--rounds", "7"]),
    "sse-subscribers": ("bench.sse_subscribers", ["--subscribers", "1000"], ["--subscribers", "5000", "--rounds", "7"]),
    "collective-day": ("bench.collective_day", ["--seconds", "20"], ["--seconds", "60"]),
}


def main() -> None:
    """Run what was asked for; the exit code is 1 when a benchmark could not run, 0 whatever the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bars", nargs="*", choices=[[], *BENCHMARKS], help="which bars; all when none is named")
    parser.add_argument("--full", action="store_true", help="more and longer rounds")
    options = parser.parse_args()
    failed = [bar for bar in options.bars or BENCHMARKS if not _ran(bar, full=options.full)]
    print(table([_result(bar) for bar in BENCHMARKS if bar not in failed and _path(bar).exists()]))
    if failed:
        sys.exit(f"could not run: {', '.join(failed)}")


def _ran(bar: str, *, full: bool) -> bool:
    module, quick, long = BENCHMARKS[bar]
    _path(bar).unlink(missing_ok=True)
    finished = subprocess.run([sys.executable, "-m", module, *(long if full else quick)], check=False)
    return finished.returncode == 0 and _path(bar).exists()


def _path(bar: str) -> Path:
    return RESULTS / f"{bar}.json"


def _result(bar: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_path(bar).read_text())
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Lay results out: ours, the peer, the ratio, floor and aim, a line a bar."""
    rows = [("bar", "unit", "ours", "peer", "ratio", "floor", "aim", "against")]
    rows += [
        (
            one["bar"],
            one["unit"],
            f"{one['ours']:,.0f}",
            f"{one['peer']:,.0f}",
            f"{one['ratio']:.2f}",
            f"{one['floor']:g}",
            f"{one['aim']:g}",
            one["peer_name"],
        )
        for one in results
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


if __name__ == "__main__":
    main()
