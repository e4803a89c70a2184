"""Every row that the read models hold is compared with a fresh fold: nothing altered, added or taken away passes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from psycopg import Connection, Rollback, sql
from psycopg.rows import TupleRow

from infra.event_store.recorder import KitelineRecorder
from projections import fresh_fold
from projections.copying import COPIED
from projections.folding import reference_upto
from projections.fresh_fold import Compared, SpanFolding, comparing, in_snapshot
from projections.kept_counts import COUNTS
from projections.live_rows import _LIST, _TEXT, BY_MEMBER, LiveRows, differing
from projections.log_rows import Log
from projections.rebuild import RebuildRunning, rebuilding_alone
from projections.runner import Hooks, Runner
from tests.integration.projections.conftest import Pool
from tests.integration.projections.lives import Lives
from tests.integration.projections.test_counts_as_known_are_kept import made
from tests.integration.projections.test_poison_parks_one_member import spoilt
from tests.integration.projections.test_rebuilt_live_and_afresh_agree import lives_with_changing_reference

_ALTER = {
    "uuid": sql.SQL("UPDATE {0} SET {1} = gen_random_uuid() WHERE ctid = (SELECT min(ctid) FROM {0})"),
    "text": sql.SQL("UPDATE {0} SET {1} = coalesce({1}, '') || 'x' WHERE ctid = (SELECT min(ctid) FROM {0})"),
    "text[]": sql.SQL("UPDATE {0} SET {1} = array_append({1}, 'x') WHERE ctid = (SELECT min(ctid) FROM {0})"),
    "date": sql.SQL("UPDATE {0} SET {1} = coalesce({1} + 1, '2025-01-01') WHERE ctid = (SELECT min(ctid) FROM {0})"),
    "boolean": sql.SQL("UPDATE {0} SET {1} = {1} IS NOT TRUE WHERE ctid = (SELECT min(ctid) FROM {0})"),
    "bigint": sql.SQL("UPDATE {0} SET {1} = coalesce({1}, 0) # 1048576 WHERE ctid = (SELECT min(ctid) FROM {0})"),
    "integer": sql.SQL("UPDATE {0} SET {1} = coalesce({1}, 0) # 1048576 WHERE ctid = (SELECT min(ctid) FROM {0})"),
}
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute AS a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
_DELETE = sql.SQL("DELETE FROM {0} WHERE ctid = (SELECT min(ctid) FROM {0})")
LONE = [table for table in COPIED if table not in COUNTS]
"""The tables of which nothing else is the sum."""
_A_COUNT = """
SELECT measure, level, of_month, region, view, stage, at FROM day_count
WHERE level = %s AND (of_month = 0) = %s AND amount > 0 LIMIT 1
"""
_ADD_TO_IT = """
UPDATE day_count SET amount = amount + %s
WHERE measure = %s AND level = %s AND of_month = %s AND region = %s AND view = %s AND stage = %s AND at = %s
"""
EVERYBODY = (UUID(int=0), UUID(int=(1 << 128) - 1))


def compared(pool: Pool, log: Log) -> Compared:
    """Compare as one process does, span by span."""
    with comparing(pool) as comparison, pool.connection() as live, in_snapshot(live, comparison.snapshot):
        folding = SpanFolding(live, log, reference_upto(log, comparison.position), comparison.position)
        for span in comparison.spans():
            comparison.take(folding.compare(span))
        return comparison.conclude()


@pytest.fixture
def lives(recorder: KitelineRecorder, make_runner: Callable[..., Runner], monkeypatch: pytest.MonkeyPatch) -> Lives:
    """Read models of random lives, in spans of a few members, the counts added up every few cells."""
    monkeypatch.setattr(fresh_fold, "_MEMBERS_AT_ONCE", 3)
    monkeypatch.setattr(fresh_fold, "_MOST_SUMS", 20)
    lives = lives_with_changing_reference(recorder, 17)
    make_runner(page=40).catch_up()
    return lives


def test_what_was_folded_page_by_page_is_what_a_fresh_fold_makes(lives: Lives, pool: Pool, log: Log) -> None:
    found = compared(pool, log)
    assert (found.position, found.tables, found.differences) == (lives.head, 15, ())


def test_events_behind_the_position_reflected_are_not_missed_in_the_tables(
    recorder: KitelineRecorder, pool: Pool, log: Log, make_runner: Callable[..., Runner]
) -> None:
    lives = Lives(18)
    lives.reference()
    lives.play(members=6, steps=80)
    lives.record(recorder, upto=50)
    make_runner().catch_up()
    lives.record(recorder)
    found = compared(pool, log)
    assert found.position < lives.head
    assert found.differences == ()


def test_whatever_is_written_while_it_is_compared_changes_nothing(
    lives: Lives, recorder: KitelineRecorder, pool: Pool, log: Log, make_runner: Callable[..., Runner]
) -> None:
    before = lives.head
    with comparing(pool) as comparison, pool.connection() as live, in_snapshot(live, comparison.snapshot):
        lives.play(members=2, steps=60)
        lives.record(recorder)
        make_runner().catch_up()
        folding = SpanFolding(live, log, reference_upto(log, comparison.position), comparison.position)
        for span in comparison.spans():
            comparison.take(folding.compare(span))
        found = comparison.conclude()
    assert (found.position, found.differences) == (before, ())
    assert compared(pool, log).position == lives.head > before


@pytest.mark.parametrize("how", ["decode", "fold"])
def test_who_is_parked_is_compared_as_well(
    how: str,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = Lives(31)
    lives.reference()
    lives.play(members=8, steps=120)
    lives.record(recorder)
    victim = next(fact for fact in lives.facts if fact.version == 5 and fact.stream == lives.members()[2])
    make_runner(log=spoilt(log, victim, how), hooks=Hooks()).catch_up()

    assert compared(pool, spoilt(log, victim, how)).differences == ()
    assert "projection_parked" in {one.table for one in compared(pool, log).differences}
    connection.execute("UPDATE projection_parked SET code = 'KeyError'")
    (parked,) = compared(pool, spoilt(log, victim, how)).differences
    assert (parked.table, len(parked.surplus), len(parked.missing)) == ("projection_parked", 1, 1)


def test_a_column_altered_is_seen_in_every_column_of_every_table(
    lives: Lives, connection: Connection[TupleRow]
) -> None:
    del lives
    for table in BY_MEMBER:
        rows = LiveRows(connection)
        before = rows.of_members(table, *EVERYBODY)
        assert before
        for name, kind in connection.execute(_COLUMNS, (table,)).fetchall():
            statement = _ALTER[kind].format(sql.Identifier(table), sql.Identifier(name))
            with undone(connection):
                assert connection.execute(statement).rowcount == 1
                surplus, missing = differing(rows.of_members(table, *EVERYBODY), before)
            assert (len(surplus), len(missing)) == (1, 1), (table, name)


def test_a_row_taken_away_and_one_that_belongs_to_nobody_are_told(
    lives: Lives, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    del lives
    for table in LONE:
        assert connection.execute(_DELETE.format(sql.Identifier(table))).rowcount == 1
    gone = compared(pool, log).differences
    assert [(one.table, len(one.surplus), len(one.missing)) for one in gone] == [(table, 0, 1) for table in LONE]

    kept = [table for table in COUNTS if table not in COPIED]
    assert made(connection) > 0
    for table in kept:
        connection.execute(_ALTER["bigint"].format(sql.Identifier(table), sql.Identifier("amount")))
    altered = [one for one in compared(pool, log).differences if one.table not in COPIED]
    assert [(one.table, len(one.surplus), len(one.missing)) for one in altered] == [(table, 1, 1) for table in kept]

    for table in BY_MEMBER:
        connection.execute(_ALTER["uuid"].format(sql.Identifier(table), sql.Identifier("member_id")))
    connection.execute(_ALTER["text"].format(sql.Identifier("statistic"), sql.Identifier("region")))
    moved = [one for one in compared(pool, log).differences if one.table in COPIED]
    assert [(one.table, len(one.surplus), len(one.missing)) for one in moved] == [(table, 1, 2) for table in LONE]


def test_a_count_by_day_that_is_amiss_and_a_sum_of_such_counts_are_told(
    lives: Lives, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    del lives
    for level, is_sum in ((0, False), (0, True), (2, False), (2, True)):
        row = connection.execute(_A_COUNT, (level, is_sum)).fetchone()
        assert row is not None
        connection.execute(_ADD_TO_IT, (1, *row))
        found = compared(pool, log).differences
        assert [one.table for one in found] == ["day_count"]
        lines = (len(found[0].surplus), len(found[0].missing))
        assert lines == (1, 1) if level or is_sum else min(lines) >= 1
        connection.execute(_ADD_TO_IT, (-1, *row))
    assert compared(pool, log).differences == ()


def test_text_is_written_as_postgresql_writes_it(connection: Connection[TupleRow]) -> None:
    awkward = [
        "",
        "a",
        "NULL",
        "null",
        "nullx",
        " ",
        "a b",
        "风 筝",
        "　",
        "\x85",
        "\\",
        'a"b',
        "(a)",
        "{a}",
        "a\tb",
        "a\nb",
    ]
    for text in awkward:
        told = connection.execute("SELECT ROW(%s::text, NULL::text)::text", (text,)).fetchone()
        assert told == (f"({_TEXT[text]},{_TEXT[None]})",)
    for text in ["", *awkward[1:], "a,b", "a,,b", "620102,NULL,风"]:
        told = connection.execute("SELECT ROW(string_to_array(%s::text, ','), true)::text", (text,)).fetchone()
        assert told == (f"({_LIST[text]},t)",)


def test_nobody_compares_while_somebody_rebuilds(pool: Pool, log: Log) -> None:
    with rebuilding_alone(pool), pytest.raises(RebuildRunning):
        compared(pool, log)
    assert compared(pool, log).differences == ()


@contextmanager
def undone(connection: Connection[TupleRow]) -> Iterator[None]:
    """Take back what is done within."""
    with connection.transaction() as transaction:
        yield
        raise Rollback(transaction)
