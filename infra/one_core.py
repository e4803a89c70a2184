"""Keeps the interpreter's threads together on one core: they take turns anyway, and turns between cores are dear.

A thread that waits on another core for the interpreter must be woken there whenever the one that has it makes a system
call, and the caller then waits for it: half of a service's throughput on two cores (docs/decisions/0041). Which core is
looked at again and again; other programs are moved out of the way by the system, others of our kind only by this.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 2.0
_WORTH_MOVING: Final = 0.25
_STAT: Final = Path("/proc/stat")

Seconds = dict[int, float]
"""Time that each core was busy since the system began."""


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process's Python threads, and those they start, on one core at a time; where a system cannot, nothing.

    A program started meanwhile inherits the core, unless it takes them all again, as the projections' second one does.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2 or not _STAT.exists():
        yield
        return
    keeper = _Keeper()
    keeper.begin()
    try:
        yield
    finally:
        keeper.end()


def better_core(current: int, own: float, busy: Mapping[int, float]) -> int:
    """Say on which core to be, by how busy each was, as a share of the time; `own` is our part of the current one."""
    beside_us = max(0.0, busy[current] - own)
    idlest = min(busy, key=lambda core: busy[core] if core != current else beside_us)
    return idlest if idlest != current and beside_us - busy[idlest] > _WORTH_MOVING else current


class _Keeper:
    """The thread that looks whether another core would be better, and moves everybody there."""

    def __init__(self) -> None:
        self._allowed = os.sched_getaffinity(0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="one core", daemon=True)
        self._core = min(self._allowed)

    def begin(self) -> None:
        before = _busy_seconds(self._allowed)
        time.sleep(0.1)
        after = _busy_seconds(self._allowed)
        order = random.sample(sorted(self._allowed), len(self._allowed))  # equals do not all take the first
        self._core = min(order, key=lambda core: after[core] - before[core])
        _place({self._core})
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        _place(self._allowed)

    def _keep(self) -> None:
        own, busy, at = time.process_time(), _busy_seconds(self._allowed), time.monotonic()
        # Not in step with others who share a core with us: one of the two moves.
        while not self._ended.wait(_LOOK_SECONDS * random.uniform(0.5, 1.5)):  # noqa: S311 - no secret
            own_now, busy_now, now = time.process_time(), _busy_seconds(self._allowed), time.monotonic()
            took = now - at
            shares = {core: (busy_now[core] - busy[core]) / took for core in self._allowed}
            self._core = better_core(self._core, (own_now - own) / took, shares)
            _place({self._core})  # also those who were started by a thread that is not ours
            own, busy, at = own_now, busy_now, now


def _place(cores: set[int]) -> None:
    for thread in threading.enumerate():
        if thread.native_id is not None:
            with suppress(OSError):  # it ended
                os.sched_setaffinity(thread.native_id, cores)


def _busy_seconds(cores: set[int]) -> Seconds:
    a_second = os.sysconf("SC_CLK_TCK")
    busy: Seconds = {}
    for line in _STAT.read_text().splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            ticks = [int(field) for field in fields[:8]]
            busy[int(name[3:])] = (sum(ticks) - ticks[3] - ticks[4]) / a_second  # all but idle and waiting for a disk
    return busy
