"""S4: catching up every read model together, against the library's stock ProjectionRunner with one trivial view.

Ours folds a year of lives (late facts and corrections among them) into rosters, clocks, duties, flows and members. The
peer counts events in one row, with its own PostgreSQL recorders. Both on the same embedded PostgreSQL, in turn, each
from nothing to the head of its log.
Not measured: what made the logs, feeds and tree, questions meanwhile.
"""

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg import sql
from psycopg.rows import DictRow

from api.projecting import log_at, log_of
from bench.harness import Bar, Measured, await_quiet, in_turn, report
from bench.year_of_lives import append, lives, reference_facts
from infra.database.connections import connect_pool
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from projections.runner import Hooks, Runner

BAR = Bar("S4", "events/s", "stock ProjectionRunner with one trivial view", floor=10, aim=25)
_TABLES = (
    "member", "roster_past", "clock_past", "duty", "duty_past", "leg", "leg_past", "statistic", "day_count", "tally",
)  # fmt: skip
FORGET = """
TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past, statistic, day_count, tally;
UPDATE projection_position SET position = 0, latest_us = 0
"""
_EVENTS_AN_AGGREGATE = 25


class Kite(Aggregate):
    """Something that happens again and again."""

    @event("Moved")
    def move(self, where: str) -> None:
        """Be somewhere else."""
        self.where = where


class CountedView(PostgresTrackingRecorder):
    """One row that counts events."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(datastore, **kwargs)
        create = sql.SQL("CREATE TABLE IF NOT EXISTS {} (events bigint NOT NULL)")
        self.sql_create_statements.append(create.format(sql.Identifier("counted")))

    def count(self, tracking: Tracking) -> None:
        """Count one more, with the tracking in the same transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("UPDATE counted SET events = events + 1", prepare=True)

    def events(self) -> int:
        """Read the count."""
        with self.datastore.transaction(commit=False) as cursor:
            row: DictRow | None = cursor.execute("SELECT events FROM counted").fetchone()
            return int(row["events"]) if row is not None else 0


class Counting(Projection[TrackingRecorder]):
    """The trivial projection."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ANN401, ARG002
        """Count every event."""
        assert isinstance(self.view, CountedView)
        self.view.count(tracking)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, default=5_000)
    parser.add_argument("--peer-events", type=int, default=3_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        events = prepare_log(server.url, options.members)
        environment = _prepare_peer(server.url, options.peer_events)

        def our_rate() -> float:
            return _ours(server.url, events)

        def peer_rate() -> float:
            return _peer(environment, options.peer_events)

        await_quiet()
        rounds = in_turn(our_rate, peer_rate, options.rounds)
        notes = {"events": events, "peer's events": options.peer_events, **_rows(server.url, events)}
        report(Measured(BAR, rounds, notes))


def prepare_log(url: str, members: int) -> int:
    """Record the lives of some members; returns how many events there are."""
    facts, _ = lives(members)
    recorder = KitelineRecorder(url)
    append(recorder, reference_facts())
    append(recorder, facts)
    events = recorder.max_notification_id() or 0
    recorder.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE log")
    return events


def _ours(url: str, events: int) -> float:
    recorder = KitelineRecorder(url)
    failures: list[Exception] = []
    with connect_pool(url) as pool:
        with pool.connection() as connection:
            connection.execute(FORGET)
        started = time.perf_counter()
        reached = Runner(
            pool, log_of(recorder), opening=partial(log_at, url), hooks=Hooks(failed=failures.append)
        ).catch_up()
        seconds = time.perf_counter() - started
    recorder.close()
    assert reached == events
    assert not failures
    return events / seconds


def _prepare_peer(url: str, events: int) -> dict[str, str]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE peer")
    parts = urlsplit(url)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": "peer",
        "POSTGRES_HOST": unquote(parts.query.removeprefix("host=")),
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
    }
    application = Application[Any](environment)
    for _ in range(events // _EVENTS_AN_AGGREGATE):
        kite = Kite()
        for number in range(_EVENTS_AN_AGGREGATE - 1):
            kite.move(str(number))
        application.save(kite)
    application.close()
    return environment


def _peer(environment: dict[str, str], events: int) -> float:
    with psycopg.connect(
        host=environment["POSTGRES_HOST"],
        user=environment["POSTGRES_USER"],
        password=environment["POSTGRES_PASSWORD"],
        dbname=environment["POSTGRES_DBNAME"],
        autocommit=True,
    ) as connection:
        connection.execute("DROP TABLE IF EXISTS counting_tracking, counted")
        connection.execute("CREATE TABLE counted (events bigint NOT NULL)")
        connection.execute("INSERT INTO counted VALUES (0)")
    started = time.perf_counter()
    with ProjectionRunner(
        application_class=Application[Any],
        projection_class=Counting,
        view_class=CountedView,
        env={**os.environ, **environment},
    ) as runner:
        runner.wait(events, timeout=120)
        seconds = time.perf_counter() - started
        assert isinstance(runner.view, CountedView)
        assert runner.view.events() == events
    return events / seconds


def _rows(url: str, events: int) -> dict[str, str]:
    counted: dict[str, int] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for table in _TABLES:
            statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            row = connection.execute(statement).fetchone()
            counted[table] = row[0] if row is not None else 0
    return {"rows an event": f"{sum(counted.values()) / events:.2f}", "rows": str(counted)}


if __name__ == "__main__":
    main()
