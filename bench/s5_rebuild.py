"""S5: rebuilding every read model from the whole log beside the live ones, as `kiteline rebuild` does.

Beside it stands the rate at which a live runner takes a log page by page, of the same lives on the same server, in
turn. While the rebuild runs, another process asks for a roster's page fifty times a second, as it does for ten seconds
right before each; memory is the most that all of the rebuild's processes had resident together.
Not measured: what PostgreSQL itself keeps in memory; events recorded meanwhile; the rights of a reader.
"""

import argparse
import random
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from api.projecting import log_at, log_of
from bench.harness import Bar, Measured, in_turn, report
from bench.large_log import is_reflected, large_log
from bench.s4_catch_up import FORGET, prepare_log
from bench.year_of_lives import COUNTIES, reference_facts
from domain.reference import empty_reference
from infra.database.connections import connect_pool
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.giving_way import give_way
from projections import roster
from projections.asking import Moment
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion
from projections.runner import Hooks, Runner

BAR = Bar("S5", "events/s", "its own live rate, page by page", floor=12_000, aim=40_000, of_ours=True)
_EVERY_SECONDS = 0.02
_BEFORE_SECONDS = 10.0
_FIRST_ASKED = 50
_LOOK_FOR_CHILDREN_EVERY = 8
_NOW_US = 1_735_660_800_000_000


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--live-members", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rebuild", metavar="URL", help="only rebuild, in this process: what the benchmark measures")
    parser.add_argument("--read", metavar="URL", help="only read, until standard input ends")
    options = parser.parse_args()
    if options.rebuild:
        _rebuild(options.rebuild)
        return
    if options.read:
        _read(options.read)
        return
    with large_log(options.events) as made:
        live_url = second_database(made.url)
        live_events = prepare_log(live_url, options.live_members)
        if not is_reflected(made.url):
            _measured(made.url)  # so that what is read is there
        peaks: list[float] = []
        before: list[float] = []
        meanwhile: list[float] = []

        def ours() -> float:
            with reading(made.url, before):
                time.sleep(_BEFORE_SECONDS)
            with reading(made.url, meanwhile):
                seconds, peak = _measured(made.url)
            peaks.append(peak)
            return made.events / seconds

        rounds = in_turn(ours, partial(folded_page_by_page, live_url, live_events), options.rounds)
    notes = {
        "events": made.events,
        "members": made.members,
        "most memory, all our processes": f"{max(peaks):,.0f} MiB (at most 1,024)",
        "p99 of a roster's page": (
            f"{_p99(meanwhile):.1f} ms meanwhile, {_p99(before):.1f} ms before:"
            f" {_p99(meanwhile) / _p99(before):.2f} x (at most 2), of {len(meanwhile):,} and {len(before):,}"
        ),
    }
    report(Measured(BAR, rounds, notes))


def _rebuild(url: str) -> None:
    """Rebuild as the command's process does: after whoever reads."""
    give_way()
    recorder = KitelineRecorder(url, readers=2)
    with connect_pool(url, max_size=2) as pool:
        rebuild(pool, log_of(recorder), VIEWS, opening=partial(log_at, url))
    recorder.close()


def _measured(url: str) -> tuple[float, float]:
    """Rebuild in processes of their own; return seconds, and MiB resident in all of them together at most."""
    began = time.perf_counter()
    process = psutil.Popen([sys.executable, "-m", "bench.s5_rebuild", "--rebuild", url], start_new_session=True)
    peak, looks = 0, 0
    children: list[psutil.Process] = []
    while process.poll() is None:
        if looks % _LOOK_FOR_CHILDREN_EVERY == 0:  # all processes of the machine are gone through for it
            with suppress(psutil.NoSuchProcess):
                children = process.children(recursive=True)
        looks += 1
        peak = max(peak, sum(map(_resident, (process, *children))))
        time.sleep(0.25)
    seconds = time.perf_counter() - began
    assert process.returncode == 0
    return seconds, peak / 2**20


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@contextmanager
def reading(url: str, times: list[float]) -> Iterator[None]:
    """Ask for pages meanwhile, in a process of its own that waits for nothing here; add how long each took, in ms."""
    command = [sys.executable, "-m", "bench.s5_rebuild", "--read", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield
        told, _ = process.communicate()
    times.extend(map(float, told.split()))


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def _read(url: str) -> None:
    """Ask for a page of a county's roster, again and again at a steady rate, until standard input ends."""
    chance, reference = random.Random(5), empty_reference().with_facts(reference_facts())
    times: list[float] = []
    with psycopg.connect(url, autocommit=True) as connection:
        for asked in range(sys.maxsize):
            if asked == _FIRST_ASKED:
                print("reading", flush=True)
                times.clear()
            if select.select([sys.stdin], [], [], _EVERY_SECONDS)[0]:
                break
            question = RosterQuestion(Moment(_NOW_US), "outflow", chance.choice(COUNTIES))
            began = time.perf_counter()
            roster.page(connection, question, reference, _NOW_US)
            times.append((time.perf_counter() - began) * 1e3)
    print(*times)


def second_database(url: str) -> str:
    """Make another database on the server, and return its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS live_rate")
        connection.execute("CREATE DATABASE live_rate")
    second = make_conninfo(url, dbname="live_rate")
    migrate(second)
    return second


def folded_page_by_page(url: str, events: int) -> float:
    """Fold a log from nothing as a live runner does; return events a second."""
    recorder = KitelineRecorder(url)
    failures: list[Exception] = []
    with connect_pool(url) as pool:
        with pool.connection() as connection:
            connection.execute(FORGET)
        began = time.perf_counter()
        hooks = Hooks(failed=failures.append)
        reached = Runner(pool, log_of(recorder), opening=partial(log_at, url), hooks=hooks, afresh=None).catch_up()
        seconds = time.perf_counter() - began
    recorder.close()
    assert reached == events
    assert not failures
    return events / seconds


if __name__ == "__main__":
    main()
