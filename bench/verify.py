"""`kiteline verify` beside the database of a large log: signatures, tree, events, streams, feeds, vault, read models.

The log is made once (`bench.signed_log`) and must be found right. Ours is the whole command, in as many processes of
its own as it takes, from its start to its end; memory is the most that all of them had resident together. The peer does
the least that any verification of the log has to: one process reads every event and hashes it, and compares nothing.
Not measured: starting the database, and what it keeps in memory itself; events recorded meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil

from bench.harness import Bar, Measured, in_turn, report
from bench.signed_log import signed_log
from infra.event_store.epochs import present_source
from infra.event_store.recorder import KitelineRecorder
from infra.recording.mapper import cloud_event
from projections.merkle import leaf_hash

BAR = Bar(
    "verify", "events/s", "reading and hashing every event, in one process", floor=16_667, aim=25_000, of_ours=True
)
"""The floor is a million events in a minute."""
_PAGE = 4_000


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=80_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    walls: list[float] = []
    peaks: list[float] = []
    parts: defaultdict[str, list[float]] = defaultdict(list)
    with signed_log(options.events) as (made, home):

        def ours() -> float:
            seconds, peak, told = verified(home)
            walls.append(seconds)
            peaks.append(peak)
            for part, taken in told["seconds"].items():
                parts[part].append(taken)
            return made.events / seconds

        def peer() -> float:
            return made.events / _hashed(made.url)

        rounds = in_turn(ours, peer, options.rounds)
    notes: dict[str, Any] = {
        "events": made.events,
        "members": made.members,
        "wall": f"{_middle(walls):.1f} s ({min(walls):.1f} to {max(walls):.1f})",
        "most memory, all processes": f"{max(peaks):,.0f} MiB",
    }
    for part, taken in parts.items():
        waited = _middle(taken)
        rate = f", {made.events / waited:,.0f} events/s" if waited >= 1 else ""
        notes[part] = f"{waited:.1f} s{rate}"
    report(Measured(BAR, rounds, notes))


def verified(home: Path) -> tuple[float, float, dict[str, Any]]:
    """Verify the log of a home, which must be right; return seconds, MiB at most, and what was told."""
    # Modules are compiled once, as where they are installed.
    environment = {**os.environ, "KITELINE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": ""}
    command = [str(Path(sys.executable).with_name("kiteline")), "verify", "--json"]
    began, peak = time.perf_counter(), 0
    process = psutil.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, _resident(process))
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    said = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"verify ended with {process.returncode}: {said.decode()[:2_000]}")
    told: dict[str, Any] = json.loads(said)
    return seconds, peak / 2**20, told


def _resident(process: psutil.Process) -> int:
    try:
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def _hashed(url: str) -> float:
    source, recorder = present_source(url), KitelineRecorder(url, readers=1)
    began, position = time.perf_counter(), 0
    while rows := recorder.read_log(position + 1, _PAGE):
        for row in rows:
            leaf_hash(cloud_event(row, source))
        position = rows[-1].position
    seconds = time.perf_counter() - began
    recorder.close()
    return seconds


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
