"""Rows and position are written together or not at all; of several runners one leads, and another takes over."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from infra.event_store.recorder import KitelineRecorder
from projections import rows, runner
from projections.log_rows import Log
from projections.position import NotReached, await_position, reflected
from projections.rebuild import VIEWS, rebuild
from projections.runner import GapInLog, Hooks, Runner
from projections.state_hash import state_hash
from tests.integration.projections.conftest import Pool
from tests.integration.projections.lives import Lives


@pytest.fixture
def lives(recorder: KitelineRecorder) -> Lives:
    lives = Lives(41)
    lives.reference()
    lives.play(members=10, steps=200)
    lives.record(recorder)
    return lives


@pytest.mark.usefixtures("lives")
@pytest.mark.parametrize("statement", [0, 1, 3])
def test_killed_between_rows_and_position_leaves_both_or_neither(
    statement: int,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_runner(page=60, log=_until(log, 120)).catch_up()
    before = state_hash(connection), reflected(connection).position

    def killed(session: Connection[TupleRow], changes: list[tuple[str, list[str]]]) -> None:
        rows.write(session, changes[:statement])
        connection.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))
        rows.write(session, changes[statement:])

    monkeypatch.setattr(runner, "write", killed)
    with pytest.raises(psycopg.OperationalError):
        make_runner(page=60).catch_up()
    assert (state_hash(connection), reflected(connection).position) == before

    monkeypatch.setattr(runner, "write", rows.write)
    make_runner(page=60).catch_up()
    after = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == after != before[0]


@pytest.mark.usefixtures("lives")
def test_rows_written_apart_from_their_position_would_be_found_out(
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: a writer that commits the position before its rows, killed between them, loses a page."""

    def apart(session: Connection[TupleRow], changes: list[tuple[str, list[str]]]) -> None:
        session.execute("COMMIT")
        if changes:
            connection.execute("SELECT pg_terminate_backend(%s)", (session.info.backend_pid,))
        rows.write(session, changes)

    with monkeypatch.context() as broken:
        broken.setattr(runner, "write", apart)
        with pytest.raises(psycopg.OperationalError):
            make_runner(page=60).catch_up()
    make_runner(page=60).catch_up()
    live = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) != live


def test_a_second_runner_takes_over_when_the_first_stops(
    lives: Lives, recorder: KitelineRecorder, connection: Connection[TupleRow], make_runner: Callable[..., Runner]
) -> None:
    written: list[str] = []
    stops = [threading.Event(), threading.Event()]

    def running(name: str, stop: threading.Event) -> threading.Thread:
        led = make_runner(page=20, hooks=Hooks(page=lambda _position, _facts: written.append(name)))
        thread = threading.Thread(target=led.run_forever, args=(stop,))
        thread.start()
        return thread

    threads = [running("first", stops[0])]
    try:
        await_position(connection, lives.head, timeout=30)
        threads.append(running("second", stops[1]))
        lives.play(members=2, steps=20)
        lives.record(recorder)
        await_position(connection, lives.head, timeout=30)
        assert set(written) == {"first"}
        stops[0].set()
        threads[0].join()
        lives.play(members=2, steps=20)
        lives.record(recorder)
        await_position(connection, lives.head, timeout=30)
        assert set(written) == {"first", "second"}
    finally:
        for stop in stops:
            stop.set()
        for thread in threads:
            thread.join()


def test_a_leader_whose_connection_is_cut_begins_again_by_itself(
    lives: Lives, recorder: KitelineRecorder, pool: Pool, log: Log, connection: Connection[TupleRow]
) -> None:
    failures: list[Exception] = []
    stop = threading.Event()
    led = Runner(pool, log, hooks=Hooks(failed=failures.append), page=20)
    thread = threading.Thread(target=led.run_forever, args=(stop,))
    thread.start()
    try:
        await_position(connection, lives.head, timeout=30)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1886547818"
        )
        lives.play(members=2, steps=20)
        lives.record(recorder)
        await_position(connection, lives.head, timeout=30)
    finally:
        stop.set()
        thread.join()
    assert failures
    live = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == live


def test_waiting_for_a_position_ends_with_where_the_read_models_are(connection: Connection[TupleRow]) -> None:
    assert await_position(connection, 0) == 0
    with pytest.raises(NotReached) as raised:
        await_position(connection, 7, timeout=0.02)
    assert (raised.value.asked, raised.value.reached) == (7, 0)


def test_nothing_is_folded_over_a_gap(lives: Lives, log: Log, make_runner: Callable[..., Runner]) -> None:
    def gappy(start: int, limit: int) -> list[Any]:
        return [row for row in log.read(start, limit) if row.position != lives.facts[50].position]

    with pytest.raises(GapInLog):
        make_runner(log=_reading(log, gappy)).catch_up()


def _until(log: Log, position: int) -> Log:
    return _reading(log, lambda start, limit: [row for row in log.read(start, limit) if row.position <= position])


def _reading(log: Log, read: Callable[[int, int], list[Any]]) -> Log:
    return Log(read, log.reference, log.streams, log.fact)
