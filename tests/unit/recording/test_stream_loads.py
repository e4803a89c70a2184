"""Loads gathered: everybody gets their own stream, errors reach all who shared a read, nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest

from infra.event_store.save import LogRow
from infra.recording.stream_loads import StreamLoads


def _row(stream: UUID) -> LogRow:
    return LogRow(1, stream, 1, "checked_in", b"{}", [], 1, datetime(2025, 1, 1, tzinfo=UTC))


def test_every_thread_gets_its_own_stream_however_many_share_a_read() -> None:
    reads: list[int] = []

    def read(ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        reads.append(len(ids))
        return {one: [_row(one)] for one in ids}

    loads = StreamLoads(read)
    streams = [UUID(int=number) for number in range(2_000)]
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(loads.load, streams))
    assert [rows[0].originator_id for rows in found] == streams
    assert sum(reads) == len(streams)


def test_those_who_wait_while_a_read_is_under_way_share_the_next_one() -> None:
    begun, go_on = threading.Event(), threading.Event()
    reads: list[int] = []

    def read(ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        reads.append(len(ids))
        begun.set()
        assert go_on.wait(10)
        return {one: [_row(one)] for one in ids}

    loads = StreamLoads(read, readers=1)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(loads.load, UUID(int=1))
        assert begun.wait(10)
        others = [pool.submit(loads.load, UUID(int=number)) for number in range(2, 8)]
        while len(loads._waiting) < len(others):
            pass
        go_on.set()
        assert [first.result(10)[0].originator_id.int] == [1]
        assert [other.result(10)[0].originator_id.int for other in others] == [2, 3, 4, 5, 6, 7]
    assert reads == [1, 6]


def test_a_failed_read_is_told_to_everybody_who_shared_it_and_to_nobody_after() -> None:
    fails = True

    def read(ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        if fails:
            raise ConnectionError
        return {one: [_row(one)] for one in ids}

    loads = StreamLoads(read, readers=1)
    with pytest.raises(ConnectionError):
        loads.load(UUID(int=1))
    fails = False
    assert loads.load(UUID(int=1))[0].originator_id == UUID(int=1)


def test_coroutines_share_reads_and_each_gets_its_own_stream() -> None:
    reads: list[int] = []

    def read(ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        reads.append(len(ids))
        return {one: [_row(one)] for one in ids}

    loads = StreamLoads(read, readers=1)
    streams = [UUID(int=number) for number in range(1, 1_001)]

    async def all_of_them() -> list[list[LogRow]]:
        return await asyncio.gather(*(loads.load_async(stream) for stream in streams))

    assert [rows[0].originator_id for rows in asyncio.run(all_of_them())] == streams
    assert sum(reads) == len(streams)
    assert len(reads) == 1 + 4  # the first alone, the rest 256 at a time


def test_a_failed_read_is_told_to_every_coroutine_that_shared_it_and_to_none_after() -> None:
    fails = True

    def read(ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        if fails:
            raise ConnectionError
        return {one: [_row(one)] for one in ids}

    loads = StreamLoads(read, readers=1)

    async def each() -> list[object]:
        return await asyncio.gather(
            *(loads.load_async(UUID(int=number)) for number in range(1, 4)), return_exceptions=True
        )

    assert [type(one) for one in asyncio.run(each())] == [ConnectionError] * 3
    fails = False
    assert [type(one) for one in asyncio.run(each())] == [list] * 3


def test_a_coroutine_that_is_cancelled_takes_nothing_from_those_who_share_its_read() -> None:
    go_on = threading.Event()

    def read(ids: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        assert go_on.wait(10)
        return {one: [_row(one)] for one in ids}

    loads = StreamLoads(read, readers=1)

    async def one_gives_up() -> list[LogRow]:
        given_up = asyncio.ensure_future(loads.load_async(UUID(int=1)))
        waits = asyncio.ensure_future(loads.load_async(UUID(int=2)))
        await asyncio.sleep(0)
        given_up.cancel()
        go_on.set()
        return await waits

    assert asyncio.run(one_gives_up())[0].originator_id == UUID(int=2)
