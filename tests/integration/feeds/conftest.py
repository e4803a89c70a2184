"""A log of events that concern this region and that, and connections to its feeds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from api.feed_writing import FeedWriting
from domain.fact import Fact
from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Save
from infra.recording.application import Kiteline
from infra.recording.mapper import FactMapper, fact_from_row
from tests.integration.projections.lives import Lives

REGIONS = ("620621", "620602", "510104", "620600")


@pytest.fixture
def writer(database_url: str) -> Iterator[Connection[TupleRow]]:
    """Open a session as the feeds' writer has it."""
    with connect_pool(database_url, max_size=1) as pool, pool.connection() as connection:
        yield connection


def record_lives(recorder: KitelineRecorder, seed: int, *, members: int = 6, steps: int = 80) -> list[Fact]:
    """Record random lives, each event concerning some regions or none, and return the log's facts."""
    lives, mapper, choose = Lives(seed), FactMapper(), random.Random(seed)
    lives.reference()
    lives.play(members=members, steps=steps)
    for fact in lives.facts:
        fact.concerns = tuple(sorted(choose.sample(REGIONS, choose.choice((0, 1, 1, 2, 4)))))
        recorder.record(Save([mapper.to_stored_event(fact)]))
    return [fact_from_row(row) for row in recorder.read_log(1, 10_000)]


@pytest.fixture
def make_feeding(database_url: str) -> Iterator[Callable[[], FeedWriting]]:
    """Start writers of feeds as processes of the service do."""
    kiteline = Kiteline(database_url, readers=2)
    made: list[FeedWriting] = []

    def make() -> FeedWriting:
        made.append(FeedWriting(kiteline, database_url))
        return made[-1]

    yield make
    for feeding in made:
        feeding.close()
    kiteline.close()
