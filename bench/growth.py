"""How figures change with size: 10^4 to 10^7 events, 10^2 to 10^4 subscribers, 1 to 8 processes; drawn as curves.

    python -m bench.growth [--largest 10000000] [--only append,roster]

Not one of the bars: each size is compared with the others. Logs are those of `bench.large_log`; what is appended to
them is taken away again. The tree of the proofs has simulated leaves. Writes `bench/results/growth.json` and an SVG for
each curve to `docs/performance/`; prints the table.
Not measured: several machines, a log larger than the disk's cache many times over.
"""

import argparse
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
import uvloop
from psycopg import Connection
from psycopg.rows import TupleRow

from api.projecting import log_at, log_of
from api.server import open_many_files
from bench.collective_day import served
from bench.harness import RESULTS, await_quiet, command, not_measured
from bench.large_log import LargeLog, large_log, take_away
from bench.machine import machine, settings, versions
from bench.plots import Curve, Point, svg
from bench.s1r_recorder import must_be_gapless, rate, recording
from bench.sse_subscribers import measured
from infra.database.connections import connect_pool, connection_options
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.interpreter import settle_interpreter
from infra.recording.application import Kiteline
from infra.recording.mapper import facts_of
from infra.settings import Settings
from projections.asking import Moment
from projections.history import replay
from projections.log_tiles import Tiles, TreeWriter
from projections.merkle import inclusion_proof
from projections.rebuild import VIEWS, rebuild
from projections.roster import RosterQuestion, page

DRAWINGS: Final = Path(__file__).parents[1] / "docs" / "performance"
_SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
_SUBSCRIBERS: Final = (100, 1_000, 10_000)
_PROCESSES: Final = (1, 2, 4, 8)
_ROUNDS: Final = 5
_WRITERS: Final = 64
_QUESTIONS: Final = 200
_SECONDS: Final = 2.0
_WARM_SECONDS: Final = 20.0
_LEAVES_AT_ONCE: Final = 20_000
_EVERYWHERE: Final = "SELECT set_config('kiteline.regions', '*', false)"
_COUNTIES: Final = "SELECT DISTINCT affiliation_region FROM member ORDER BY 1"
_SOME_MEMBERS: Final = "SELECT member_id FROM member WHERE member_id >= %s ORDER BY member_id LIMIT 1"

Measure = Callable[[LargeLog], list[float]]


def main() -> None:
    """Measure what was asked for, draw it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=_SIZES[-1], help="of the logs, in events")
    parser.add_argument("--only", default="", help="curves, separated by commas; all when none is named")
    options = parser.parse_args()
    wanted = set(options.only.split(",")) - {""}
    curves = {curve.name: curve for curve in _kept()}
    for curve in measure(wanted, [size for size in _SIZES if size <= options.largest]):
        curves[curve.name] = curve
        keep(list(curves.values()))
    print(table(list(curves.values())))


def measure(wanted: set[str], sizes: Sequence[int]) -> Iterator[Curve]:
    """Measure each of the curves wanted, all where none is named."""
    for name, title, unit, one in _OF_LOGS:
        if not wanted or name in wanted:
            yield Curve(name, title, unit, "events in the log", [_at(size, one) for size in sizes])
    if not wanted or "proof" in wanted:
        yield Curve("proof", "An inclusion proof, from stored tiles", "ms", "leaves in the tree", list(_proofs(sizes)))
    if not wanted or "subscribers" in wanted:
        yield from _subscribed()
    if not wanted or "processes" in wanted:
        points = [Point(count, *_spread(_together(count))) for count in _PROCESSES]
        yield Curve("processes", "Saves of 2 events on one log", "saves/s", "processes that append", points)


def keep(curves: Sequence[Curve]) -> None:
    """Write the figures and draw them."""
    RESULTS.mkdir(exist_ok=True)
    DRAWINGS.mkdir(exist_ok=True)
    result = {
        "curves": [asdict(curve) for curve in curves],
        "not_measured": not_measured(),
        "machine": machine(),
        "versions": versions(),
        "settings": settings(),
        "command": command(),
    }
    (RESULTS / "growth.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    for curve in curves:
        (DRAWINGS / f"{curve.name}.svg").write_text(svg(curve))


def table(curves: Sequence[Curve]) -> str:
    """Lay the figures out as Markdown, a line a curve: the median at each size, the first and the last compared."""
    lines = ["| what | unit | at each size | last to first |", "|---|---|---|---|"]
    for curve in curves:
        figures = ", ".join(f"{point.size:,}: {point.median:,.4g}" for point in curve.points)
        ratio = curve.points[-1].median / curve.points[0].median
        lines.append(f"| {curve.title} | {curve.unit} | {figures} | {ratio:.2f} |")
    return "\n".join(lines)


def _kept() -> list[Curve]:
    path = RESULTS / "growth.json"
    kept: list[dict[str, Any]] = json.loads(path.read_text())["curves"] if path.exists() else []
    return [Curve(**{**one, "points": [Point(**point) for point in one["points"]]}) for one in kept]


def _at(size: int, one: Measure) -> Point:
    with large_log(size, read_models=True) as made:
        await_quiet()
        median, low, high = _spread(one(made))
        print(f"  {size:>12,}: {median:,.4g} ({low:,.4g} to {high:,.4g})", flush=True)
        return Point(made.events, median, low, high)


def _spread(figures: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(figures), min(figures), max(figures)


def _append(made: LargeLog) -> list[float]:
    """What one round appended is taken away before the next: a log that grew would be another size.

    The first is not told: in a server just started each page of an index is written to the write-ahead log whole when
    it is first touched, and a long log has more of them.
    """
    recorder = KitelineRecorder(made.url)
    try:
        return [_appended_and_taken_away(made, recorder, each) for each in (_WARM_SECONDS, *[_SECONDS] * _ROUNDS)][1:]
    finally:
        recorder.close()


def _appended_and_taken_away(made: LargeLog, recorder: KitelineRecorder, seconds: float) -> float:
    try:
        return rate(recording(recorder), _WRITERS, seconds)
    finally:
        take_away(made.url, made.events)


def _roster(made: LargeLog) -> list[float]:
    kiteline = Kiteline(made.url)
    reference = kiteline.refresh_reference()
    kiteline.close()
    now_us = time.time_ns() // 1000
    with psycopg.connect(made.url, autocommit=True, options=connection_options("reader")) as connection:
        connection.execute(_EVERYWHERE)
        counties = [row[0] for row in connection.execute(_COUNTIES)]
        questions = [RosterQuestion(Moment(now_us), "outflow", county) for county in counties]
        return _rounds([partial(page, connection, one, reference, now_us) for one in questions])


def _history(made: LargeLog) -> list[float]:
    kiteline = Kiteline(made.url)
    reference = kiteline.refresh_reference()
    chance = random.Random(1)
    with psycopg.connect(made.url, autocommit=True) as connection:
        members = [_somebody(connection, chance) for _ in range(_QUESTIONS)]

    def told(member: Any) -> object:  # noqa: ANN401 - an id as the database gave it
        return replay(facts_of(kiteline.log.read_streams([member])[member]), reference, member=member)

    try:
        return _rounds([partial(told, member) for member in members])
    finally:
        kiteline.close()


def _somebody(connection: Connection[TupleRow], chance: random.Random) -> Any:  # noqa: ANN401 - an id
    row = None
    while row is None:
        row = connection.execute(_SOME_MEMBERS, (f"{chance.getrandbits(128):032x}",)).fetchone()
    return row[0]


def _rounds(asked: Sequence[Callable[[], object]]) -> list[float]:
    """Ask all in turn, five times and once before; milliseconds of a question in each round."""
    for one in asked:
        one()
    figures = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for number in range(_QUESTIONS):
            asked[number % len(asked)]()
        figures.append((time.perf_counter() - began) / _QUESTIONS * 1000)
    return figures


def _rebuild(made: LargeLog) -> list[float]:
    """One rebuild in two processes, as the command does it: minutes, and at nearly the same rate each time."""
    recorder = KitelineRecorder(made.url)
    try:
        with connect_pool(made.url) as pool:
            began = time.perf_counter()
            rebuild(pool, log_of(recorder), VIEWS, opening=partial(log_at, made.url))
            return [made.events / (time.perf_counter() - began)]
    finally:
        recorder.close()


_OF_LOGS: Final[tuple[tuple[str, str, str, Measure], ...]] = (
    ("append", "Saves of 2 events, 64 writers", "saves/s", _append),
    ("roster", "A page of a county's roster, as the reader", "ms", _roster),
    ("history", "A member's history, read and replayed", "ms", _history),
    ("rebuild", "Rebuild of every read model", "events/s", _rebuild),
)


def _proofs(sizes: Sequence[int]) -> Iterator[Point]:
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        with psycopg.connect(server.url, autocommit=True) as connection:
            writer = TreeWriter(connection)
            for size in sizes:
                while writer.size < size:
                    drawn = os.urandom(32 * min(_LEAVES_AT_ONCE, size - writer.size))
                    writer.add([drawn[at : at + 32] for at in range(0, len(drawn), 32)])
                asked = [
                    partial(_proved, connection, leaf, size) for leaf in (chance.randrange(size) for _ in range(100))
                ]
                yield Point(size, *_spread(_rounds(asked)))


def _proved(connection: Connection[Any], leaf: int, size: int) -> object:
    return inclusion_proof(leaf, size, Tiles(connection).node)


def _subscribed() -> Iterator[Curve]:
    """Memory of a subscriber, and how long until all have an event."""
    open_many_files()
    memory, last = [], []
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        configured = Settings(home=Path(folder) / "home", database_url=server.url)
        for count in _SUBSCRIBERS:
            rounds = []
            for _ in range(_ROUNDS):
                with served(configured, server.url) as port:
                    rounds.append(uvloop.run(measured(configured, port, count)))
            memory.append(Point(count, *_spread([each for each, _ in rounds])))
            last.append(Point(count, *_spread([delays[-1] * 1000 for _, delays in rounds])))
    yield Curve("subscriber-memory", "Memory of an SSE subscriber", "KiB", "subscribers", memory)
    yield Curve("subscriber-delay", "From an event's answer until all subscribers have it", "ms", "subscribers", last)


def _together(count: int) -> list[float]:
    """Let `count` processes append to one log, 64 writers among them; the log is gapless afterwards."""
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        with multiprocessing.get_context("spawn").Pool(count) as pool:
            figures = []
            for number in range(_ROUNDS + 1):
                saved = pool.starmap(_appended, [(server.url, _WRITERS // count)] * count, chunksize=1)
                figures += [sum(saved)] * (number > 0)  # the first warms
        recorder = KitelineRecorder(server.url)
        must_be_gapless(recorder)
        recorder.close()
    print(f"  {count} processes: {statistics.median(figures):,.0f}", flush=True)
    return figures


def _appended(url: str, writers: int) -> float:
    settle_interpreter()
    recorder = KitelineRecorder(url)
    try:
        return rate(recording(recorder), writers, _SECONDS)
    finally:
        recorder.close()


if __name__ == "__main__":
    main()
