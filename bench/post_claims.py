"""Claims: 500 takers at once for one post of 50 places, through the application layer: load, decide, save, one key.

Every taker is answered: 50 have a place, 450 are told that it is full, and the log holds 50 holders. Our takers are
coroutines of one event loop, as the service's requests are. The peer is the least that PostgreSQL itself can do for the
same: a row that counts down under its lock and a row for each holder, in one transaction a taker, from 16 threads.
Not measured: HTTP, parsing JSON, tokens.
"""

import argparse
import asyncio
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import uvloop
from psycopg_pool import ConnectionPool

from bench.harness import Bar, Measured, in_turn, report
from domain.errors import Refused
from domain.fact import Fact
from domain.member import events as e
from domain.organisation import OrganisationRegistered
from domain.post import PostHolderChanged
from domain.times import parse_occurred
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.save import Save
from infra.interpreter import settle_interpreter
from infra.recording.application import Kiteline
from infra.recording.desk import Desk, decide_fact
from infra.recording.drafts import Caller, drafted
from infra.recording.keys import Key
from infra.recording.mapper import FactMapper
from infra.recording.members import new_ledger
from infra.recording.organisations import ReferenceDesk
from infra.recording.posts import PostDesk
from infra.recording.procedures import arun, run
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault

BAR = Bar("claims", "claims/s", "a counted row under its lock, in SQL", floor=0.25, aim=1)
CALLER = Caller("bench", "branch", "SIMULATION")
PEER_THREADS = 16

_PEER_TABLES = """
CREATE TABLE counted_post (post uuid PRIMARY KEY, free integer NOT NULL CHECK (free >= 0));
CREATE TABLE counted_holder (post uuid NOT NULL, member uuid NOT NULL, PRIMARY KEY (post, member));
"""
_PEER_OPEN = "INSERT INTO counted_post VALUES (%s, %s)"
_PEER_TAKE = "UPDATE counted_post SET free = free - 1 WHERE post = %s AND free > 0"
_PEER_HOLD = "INSERT INTO counted_holder VALUES (%s, %s)"


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--takers", type=int, default=500)
    parser.add_argument("--places", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        kiteline = Kiteline(server.url)
        desk = Desk(kiteline, Vault(MasterKey({1: b"k" * 32})), lambda: time.time_ns() // 1000)
        ReferenceDesk(desk).register_many([OrganisationRegistered("branch", "样例支部", "BRANCH", "620621")], CALLER)
        settle_interpreter()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA peer")
            connection.execute("SET search_path TO peer")
            connection.execute(_PEER_TABLES)
        with ConnectionPool(
            server.url, min_size=PEER_THREADS, max_size=PEER_THREADS, kwargs={"options": "-c search_path=peer"}
        ) as pool:
            rounds = in_turn(
                lambda: our_rate(desk, options.takers, options.places),
                lambda: peer_rate(pool, options.takers, options.places),
                options.rounds,
            )
        report(Measured(BAR, rounds, {"takers": options.takers, "places": options.places}))
        kiteline.close()


def our_rate(desk: Desk, takers: int, places: int) -> float:
    """Let all takers claim at once, check that no place is given twice, and tell the answers a second."""
    members = prepare(desk, takers)
    opened = {"title": "样例岗位", "places": places, "occurred_at": "2025-01-01", "organisation": "branch"}
    post = run(PostDesk(desk).opening(opened, CALLER)).stream
    if post is None:
        raise RuntimeError("the post was not opened")
    started = time.perf_counter()
    taken = uvloop.run(claims(desk, members, str(post)))
    seconds = time.perf_counter() - started
    notes: list[Fact] = desk.kiteline.read_stream(post)[1:]
    holders = {note.body.member for note in notes if isinstance(note.body, PostHolderChanged)}
    assert taken == len(holders) == len(notes) == min(places, takers)
    return takers / seconds


async def claims(desk: Desk, members: list[UUID], post: str) -> int:
    """Claim for everybody; returns how many have a place."""
    payload = {"occurred_at": "2025-03-01", "post": post}

    async def claim(member: UUID) -> bool:
        key = Key("bench", str(member), b"body")
        with suppress(Refused):
            await arun(desk.recording(member, [("claim-post", payload)], CALLER, key=key))
            return True
        return False

    return sum(await asyncio.gather(*map(claim, members)))


def prepare(desk: Desk, count: int) -> list[UUID]:
    """Register members; none is kept in memory."""
    mapper, reference, now_us = FactMapper(), desk.kiteline.reference(), desk.now_us()
    ids, saves = [], []
    for _ in range(count):
        ledger = new_ledger(uuid4(), reference)
        fact = drafted(
            ledger.member_id, 1, e.MemberRegistered("FULL", "branch"), parse_occurred("2025-01-01"), "branch", CALLER
        )
        saves.append(Save([mapper.to_stored_event(decide_fact(ledger, fact, reference, now_us))]))
        ids.append(ledger.member_id)
    for future in desk.kiteline.log.submit_many(saves):
        future.result()
    return ids


def peer_rate(pool: ConnectionPool, takers: int, places: int) -> float:
    """Let as many take from a counted row, and tell the answers a second."""
    post = uuid4()
    with pool.connection() as connection:
        connection.execute(_PEER_OPEN, (post, places))

    def take(member: UUID) -> bool:
        with pool.connection() as connection:
            if connection.execute(_PEER_TAKE, (post,)).rowcount == 0:
                return False
            connection.execute(_PEER_HOLD, (post, member))
            return True

    members = [uuid4() for _ in range(takers)]
    with ThreadPoolExecutor(PEER_THREADS) as threads:
        started = time.perf_counter()
        taken = sum(threads.map(take, members))
        seconds = time.perf_counter() - started
    assert taken == min(places, takers)
    return takers / seconds


if __name__ == "__main__":
    main()
