"""The clock set back by a day: neither positions nor recorded_at ever go back."""

from itertools import pairwise
from uuid import uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Save
from tests.faults.event_store_checks import log_of

_A_DAY_BACK = """
CREATE OR REPLACE FUNCTION log_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT clock_timestamp() - interval '1 day' $$
"""


def test_times_of_the_log_never_go_back_with_the_clock(database_url, recorder):
    saved = append_around_a_clock_set_back(database_url, recorder)

    log = log_of(database_url)
    assert goes_back(log) == []
    assert [row.position for row in log] == [1, 2, 3, 4]
    assert [row.recorded_at for row in log[::2]] == saved


def test_the_check_finds_a_log_that_follows_the_clock(database_url, recorder):
    with psycopg.connect(database_url, autocommit=True) as owner:
        row = owner.execute("SELECT pg_get_functiondef('append_saves'::regproc)").fetchone()
        assert row is not None
        following = row[0].replace("greatest(log_clock(), last_at)", "log_clock()")
        assert following != row[0]
        owner.execute(following)

    append_around_a_clock_set_back(database_url, recorder)

    assert goes_back(log_of(database_url)) == [3]


def append_around_a_clock_set_back(url: str, recorder: KitelineRecorder) -> list[object]:
    """Save two events, set the clock of the log back, save two more; return when each save was recorded."""
    saved: list[object] = []
    for _ in range(2):
        stream = uuid4()
        events = [StoredEvent(stream, 1, "recorded", b"{}"), StoredEvent(stream, 2, "recorded", b"{}")]
        saved.append(recorder.record(Save(events)).recorded_at)
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(_A_DAY_BACK)
    return saved


def goes_back(log: list) -> list[int]:
    """Positions recorded before the one below them."""
    return [after.position for before, after in pairwise(log) if after.recorded_at < before.recorded_at]
