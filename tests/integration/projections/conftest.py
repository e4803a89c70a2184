"""A log of random lives, and a runner over it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from infra.recording.mapper import fact_from_row
from projections.log_rows import Log
from projections.runner import Hooks, Runner

Pool = ConnectionPool[Connection[TupleRow]]

FORGET = """
TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past, statistic, day_count, tally,
    projection_parked;
UPDATE projection_position SET position = 0, latest_us = 0
"""
"""Leaves the read models as before the first event."""


@pytest.fixture
def log(recorder: KitelineRecorder) -> Log:
    return Log(recorder.read_log, recorder.read_reference, recorder.read_streams, fact_from_row)


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    with connect_pool(database_url) as pool:
        yield pool


@pytest.fixture
def connection(pool: Pool) -> Iterator[Connection[TupleRow]]:
    with pool.connection() as connection:
        yield connection


@pytest.fixture
def make_runner(pool: Pool, log: Log) -> Callable[..., Runner]:
    """Make runners whose failures fail the test."""

    def failed(error: Exception) -> None:
        raise error

    def make(**options: Any) -> Runner:
        return Runner(pool, options.pop("log", log), hooks=options.pop("hooks", Hooks(failed=failed)), **options)

    return make
