"""A log of 10^4 to 2 x 10^7 events, made once and used again: `python -m bench.large_log 10000000 [--read-models]`.

Lives of a year are recorded by the real recorder and folded by the real projections; then both are cloned on the server
(`bench.cloning`), organisations of a hundred counties among them. Every row of the log is a proper event with its own
ids and nonce, positions are gapless, streams have their heads, and each event its idempotency key. Kept in
`$KITELINE_HOME/bench/<events>`; a benchmark that appends takes away again what it appended. A log without states, for
questions to the read models alone, takes a third of the room.
"""

import argparse
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from api.projecting import log_at, log_of
from bench import cloning
from bench.cloned_lives import COUNTY_GROUPS, MARKER, Plan, Template, plan_for, template
from bench.year_of_lives import append
from infra.database.connections import connect_pool
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.settings import load_settings
from projections.known_counts import make_block
from projections.rows import DAY_COUNT, STATISTIC
from projections.runner import Hooks, Runner
from projections.statements import ADD_UP

# What is half made is made again; nothing that is being made needs to survive a crash.
_MAKING: Final[Mapping[str, str]] = {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "lock_timeout": "0",
}
_MEMBER_TABLES: Final = ("member", "roster_past", "clock_past", "duty", "duty_past", "leg", "leg_past", "tally")
_BYTES: Final = 1_300
_BYTES_WITHOUT: Final = 250
_BYTES_READ: Final = 700
_LEFT_FREE: Final = 3_000_000_000
_BEGAN: Final = datetime(2024, 3, 1, tzinfo=UTC)
_YEAR: Final = timedelta(days=400)

_PLAN: Final = """
INSERT INTO bench.plan (before, events, copies, copies_a_group, marker, latest_us)
VALUES (%s, %s, %s, %s, %s, (SELECT latest_us FROM projection_position))
"""
# Recorded over a year, as they happened; some duties count from when a fact was recorded.
_SPREAD: Final = """
UPDATE log SET recorded_at = %s + %s * (position::double precision / (SELECT max(position) FROM log))
"""
_UNLOCK: Final = "ALTER TABLE log DISABLE TRIGGER log_is_never_changed"
_LOCK: Final = "ALTER TABLE log ENABLE TRIGGER log_is_never_changed"
_FORGET_STREAMS: Final = """
DELETE FROM stream_head
WHERE originator_id IN (SELECT originator_id FROM log WHERE position > %s AND originator_version = 1)
"""
_SET_HEADS_BACK: Final = """
UPDATE stream_head SET version = before.version
FROM (SELECT originator_id, min(originator_version) - 1 AS version FROM log WHERE position > %s GROUP BY 1) AS before
WHERE stream_head.originator_id = before.originator_id
"""
_FORGET_KEYS: Final = "DELETE FROM idempotency WHERE first_position > %s"
_SHORTEN_LOG: Final = "DELETE FROM log WHERE position > %s"
# What was deleted stands in the indexes until then, and every save would come across it.
_CLEAR_AWAY: Final = "VACUUM log, stream_head, idempotency"
_EMPTY_LOG: Final = "TRUNCATE log, stream_head, idempotency"
_KEEP: Final = "CREATE TABLE bench.{} AS TABLE public.{}"
_FORGET: Final = """
TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past, statistic, day_count, tally;
UPDATE projection_position SET position = 0, latest_us = -4611686018427387904
"""
_FOLDED: Final = """
UPDATE projection_position
SET position = (SELECT max(position) FROM log), latest_us = (SELECT latest_us FROM bench.plan), version = version + 1
"""
_MADE: Final = "INSERT INTO bench.made (what) VALUES (%s)"
_IS_MADE: Final = "SELECT FROM bench.made WHERE what = %s"
_HAS_SCHEMA: Final = "SELECT to_regclass('bench.made') IS NOT NULL"
_HAS_COUNTS: Final = "SELECT to_regclass('bench.day_count') IS NOT NULL"
_REFLECTED: Final = "SELECT position >= (SELECT max(position) FROM log) FROM projection_position"
_SIZES: Final = """
SELECT (SELECT max(position) FROM log), (SELECT count(*) FROM bench.life) * copies, copies / copies_a_group
FROM bench.plan
"""


@dataclass(frozen=True, slots=True)
class LargeLog:
    """A server with a large log: `events` positions of `members` members; organisations in `groups` of ten counties."""

    server: EmbeddedPostgres
    url: str
    events: int
    members: int
    groups: int


@contextmanager
def large_log(
    events: int, *, read_models: bool = False, states: bool = True, home: Path | None = None
) -> Iterator[LargeLog]:
    """Start the server of a log of about so many events, which is made first if it is not there.

    Without `read_models` they may be at position 0: whoever catches up or rebuilds begins from nothing. Without
    `states` nobody can: events are but their positions, streams and topics. Raises OSError for want of room.
    """
    folder = (home or load_settings().home) / "bench" / (str(events) if states else f"{events}-without-states")
    if not _is_ready(folder, read_models=read_models):
        _must_have_room(folder, events * ((_BYTES if states else _BYTES_WITHOUT) + (_BYTES_READ if read_models else 0)))
        with EmbeddedPostgres(folder, _MAKING) as server:
            migrate(server.url)
            if not _is_made(server.url, "log"):
                make_log(server.url, plan_for(events), states=states)
            if read_models:
                make_read_models(server.url)
    with EmbeddedPostgres(folder) as server:
        migrate(server.url)
        with psycopg.connect(server.url) as connection:
            row = connection.execute(_SIZES).fetchone()
            assert row is not None
        yield LargeLog(server, server.url, *row)


def _is_ready(folder: Path, *, read_models: bool) -> bool:
    if not folder.exists():
        return False
    with EmbeddedPostgres(folder) as server:
        migrate(server.url)
        if _is_made(server.url, "log"):
            if not read_models or is_reflected(server.url):
                return True
            if _has(server.url, _HAS_COUNTS):
                return False
    shutil.rmtree(folder)
    return False


def _is_made(url: str, what: str) -> bool:
    with psycopg.connect(url) as connection:
        there = connection.execute(_HAS_SCHEMA).fetchone() == (True,)
        return there and connection.execute(_IS_MADE, (what,)).fetchone() is not None


def _has(url: str, statement: LiteralString) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchone() == (True,)


def _must_have_room(folder: Path, needed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed + _LEFT_FREE:
        msg = f"{folder} needs {needed / 1e9:.0f} GB and {_LEFT_FREE / 1e9:.0f} to spare; {free / 1e9:.0f} GB are free"
        raise OSError(msg)


def make_log(url: str, plan: Plan, *, states: bool = True) -> None:
    """Record and fold the template, keep it beside, and clone its log in its place."""
    lives = template(plan)
    _say(f"{len(lives.facts):,} events of {plan.members:,} lives, {plan.copies} clones of each")
    _record(url, lives)
    _fold(url)
    with (
        psycopg.connect(url, autocommit=True) as reading,
        psycopg.connect(url, autocommit=True) as writing,
    ):
        _keep_template(reading, plan, lives)
        reading.execute(cloning.IN_ORDER)
        for table in ("log", "stream_head", "idempotency"):
            writing.execute("SELECT bench.lay_indexes_aside(%s)", (table,))
        with writing.transaction():
            writing.execute(_UNLOCK)
            writing.execute(_EMPTY_LOG)
            writing.execute(_LOCK)
            cloning.pour(reading, writing, sql.SQL(cloning.LOG_OF_REFERENCE), sql.Identifier("log"))
            cloning.pour(
                reading,
                writing,
                sql.SQL(cloning.LOG_OF_CLONES if states else cloning.LOG_WITHOUT_STATES),
                sql.Identifier("log"),
            )
            cloning.pour(reading, writing, sql.SQL(cloning.STREAM_HEADS), sql.Identifier("stream_head"))
        _say("log cloned")
        writing.execute(_FORGET)
        if states:
            with writing.transaction():
                writing.execute("TRUNCATE idempotency")
                cloning.pour(reading, writing, sql.SQL(cloning.KEYS), sql.Identifier("idempotency"))
        for table in ("log", "stream_head", "idempotency"):
            writing.execute("SELECT bench.bring_indexes_back(%s)", (table,))
        writing.execute(_MADE, ("log",))
        _say("log ready")


def make_read_models(url: str) -> None:
    """Clone the rows that the template's lives were folded into, as a rebuild puts them in place of the live ones."""
    with (
        psycopg.connect(url, autocommit=True) as reading,
        psycopg.connect(url, autocommit=True) as writing,
    ):
        reading.execute(cloning.IN_ORDER)
        queries: dict[str, sql.Composable] = {table: cloning.rows_of_clones(reading, table) for table in _MEMBER_TABLES}
        queries[STATISTIC] = sql.SQL(cloning.STATISTICS)
        queries[DAY_COUNT] = sql.SQL(cloning.DAY_COUNTS)
        for table, query in queries.items():
            with writing.transaction():
                writing.execute("SELECT rebuild_begin(%s)", (table,))
                cloning.pour(reading, writing, query, sql.Identifier("rebuild", table))
                if table == DAY_COUNT:
                    writing.execute(ADD_UP[DAY_COUNT])
            writing.execute("SELECT rebuild_finish(%s)", (table,))
            _say(f"{table} cloned")
        with writing.transaction():
            for table in queries:
                writing.execute("SELECT rebuild_switch(%s)", (table,))
            writing.execute(_FOLDED)
        blocks = sum(1 for _ in iter(partial(make_block, writing), False))
        _say(f"{blocks} blocks of counts as known made")


def is_reflected(url: str) -> bool:
    """Whether the read models are there, as far as the log goes."""
    return _has(url, _REFLECTED)


def take_away(url: str, events: int) -> None:
    """Take away what was appended behind so many events, so that the log is as it was; who appended has stopped."""
    with psycopg.connect(url) as connection:
        connection.execute(_UNLOCK)
        for statement in (_FORGET_STREAMS, _SET_HEADS_BACK, _FORGET_KEYS, _SHORTEN_LOG):
            connection.execute(statement, (events,))
        connection.execute(_LOCK)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_CLEAR_AWAY)


def _record(url: str, lives: Template) -> None:
    recorder = KitelineRecorder(url)
    append(recorder, lives.reference)
    append(recorder, lives.facts)
    recorder.close()
    with psycopg.connect(url) as connection:
        connection.execute(_UNLOCK)
        connection.execute(_SPREAD, (_BEGAN, _YEAR))
        connection.execute(_LOCK)


def _fold(url: str) -> None:
    recorder = KitelineRecorder(url)
    failures: list[Exception] = []
    with connect_pool(url) as pool:
        runner = Runner(pool, log_of(recorder), opening=partial(log_at, url), hooks=Hooks(failed=failures.append))
        runner.catch_up()
    recorder.close()
    assert not failures


def _keep_template(connection: Connection[TupleRow], plan: Plan, lives: Template) -> None:
    before, events = len(lives.reference), len(lives.facts)
    with connection.transaction():
        connection.execute(cloning.SCHEMA)
        connection.execute(_PLAN, (before, events, plan.copies, plan.copies_a_group, MARKER))
        with connection.cursor() as cursor:
            with cursor.copy("COPY bench.county FROM STDIN") as copy:
                for number, group in enumerate(COUNTY_GROUPS[: plan.groups]):
                    for original, code in zip(COUNTY_GROUPS[0], group, strict=True):
                        copy.write_row((original, number, code))
            with cursor.copy("COPY bench.life FROM STDIN") as copy:
                for member, counties in lives.counties.items():
                    copy.write_row((member, *counties))
        connection.execute(cloning.KEEP_TEMPLATE)
        for table in _MEMBER_TABLES:
            connection.execute(sql.SQL(_KEEP).format(sql.Identifier(table), sql.Identifier(table)))


def _say(what: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {what}", flush=True)


def main() -> None:
    """Make a log, and say where it is and how large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("--read-models", action="store_true", help="clone the read models too")
    parser.add_argument("--without-states", action="store_true", help="positions, streams and topics only")
    options = parser.parse_args()
    started = time.perf_counter()
    with large_log(options.events, read_models=options.read_models, states=not options.without_states) as made:
        seconds = time.perf_counter() - started
        print(f"{made.events:,} events of {made.members:,} members in {seconds:.0f} s: {made.server.cluster.root}")


if __name__ == "__main__":
    main()
