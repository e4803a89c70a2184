"""The log's tree: leaves into it, and proofs out of it, at a size; against the same hashes without a database.

Leaves are simulated: as long as an event's, their content random. What the tree costs is measured of a real log as
well: its events read, hashed and written, beside the same events read and folded into all read models, page by page.
Not measured: signing, which happens once in a while.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from bench.harness import Bar, Measured, await_quiet, in_turn, report
from bench.s4_catch_up import prepare_log
from bench.s5_rebuild import folded_page_by_page, second_database
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.epochs import present_source
from infra.event_store.recorder import KitelineRecorder
from infra.recording.mapper import cloud_event
from projections.log_tiles import Tiles, TreeWriter
from projections.merkle import (
    GrowingTree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)

BAR = Bar("log-tree", "leaves/s", "the same hashes without a database", floor=0.3, aim=0.6)
_LEAF_BYTES = 1_000
_PAGE = 4_000
_PROOFS = 500
_DIFFERENT = 2_000


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000, help="size at which proofs are made")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--round-leaves", type=int, default=100_000)
    parser.add_argument("--members", type=int, default=500, help="whose year is a real log, for the cost of its tree")
    options = parser.parse_args()
    # As many different leaves as defeat a cache, not more than memory should hold.
    leaves = [os.urandom(_LEAF_BYTES) for _ in range(_DIFFERENT)]
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate(server.url)
        with psycopg.connect(server.url, autocommit=True) as connection:
            writer = TreeWriter(connection)
            alone = GrowingTree()

            def ours() -> float:
                return _rate(options.round_leaves, leaves, writer.add)

            def peer() -> float:
                def add(hashes: list[bytes]) -> None:
                    for hashed in hashes:
                        alone.add(hashed)

                return _rate(options.round_leaves, leaves, add)

            await_quiet()
            rounds = in_turn(ours, peer, options.rounds)
            _fill(writer, options.leaves)
            notes = _proofs(connection, writer.size, leaves) | _share(server.url, options.members, options.rounds)
            report(Measured(BAR, rounds, notes))


def _rate(count: int, leaves: list[bytes], add: object) -> float:
    assert callable(add)
    started = time.perf_counter()
    for first in range(0, count, _PAGE):
        add([leaf_hash(leaves[number % _DIFFERENT]) for number in range(first, min(first + _PAGE, count))])
    return count / (time.perf_counter() - started)


def _fill(writer: TreeWriter, size: int) -> None:
    """Grow the tree to a size, its leaves' hashes random: making them is no part of what is looked at."""
    started = writer.size
    while writer.size < size:
        count = min(20_000, size - writer.size)
        drawn = os.urandom(32 * count)
        writer.add([drawn[at : at + 32] for at in range(0, len(drawn), 32)])
        print(f"  {writer.size:,} leaves", end="\r", flush=True)
    print(f"  {writer.size:,} leaves, {writer.size - started:,} of them simulated")


def _proofs(connection: psycopg.Connection[tuple[object, ...]], size: int, leaves: list[bytes]) -> dict[str, object]:
    """Make and check proofs at random places, each as the service does: from stored tiles, none kept between them."""
    chance = random.Random(1)
    root = Tiles(connection).root(size)
    inclusions, consistencies, longest = [], [], 0
    for _ in range(_PROOFS):
        leaf, old = chance.randrange(size), chance.randrange(1, size)
        started = time.perf_counter()
        proof = inclusion_proof(leaf, size, Tiles(connection).node)
        inclusions.append(time.perf_counter() - started)
        check_inclusion(leaf, size, Tiles(connection).node(0, leaf), proof, root)
        started = time.perf_counter()
        steps = consistency_proof(old, size, Tiles(connection).node)
        consistencies.append(time.perf_counter() - started)
        check_consistency(old, size, Tiles(connection).root(old), root, steps)
        longest = max(longest, len(proof), len(steps))
    stored = connection.execute("SELECT pg_total_relation_size('log_tile')").fetchone()
    return {
        "leaves in the tree": size,
        "bytes a leaf": round(int(str(stored[0])) / size, 1) if stored else 0,
        "inclusion proof": _spread(inclusions),
        "consistency proof": _spread(consistencies),
        "longest proof": f"{longest} hashes, {longest * 32} bytes",
        "leaf hashed": f"{_hashing(leaves):.2f} µs of {_LEAF_BYTES} bytes",
    }


def _share(server_url: str, members: int, rounds: int) -> dict[str, object]:
    """Grow the tree of a real log, and fold the same log, in turn; return what each costs an event."""
    url = second_database(server_url)
    events = prepare_log(url, members)
    folding, growing = [], []
    for _ in range(rounds):
        folding.append(1e6 / folded_page_by_page(url, events))
        growing.append(1e6 * _grown(url) / events)
    fold, tree = statistics.median(folding), statistics.median(growing)
    return {
        "tree of a real log": f"{tree:.1f} µs an event, {1e6 / tree:,.0f} events/s",
        "read models of the same log": f"{fold:.1f} µs an event",
        "tree as a share of projecting": f"{100 * tree / fold:.0f} %",
    }


def _grown(url: str) -> float:
    recorder, source = KitelineRecorder(url, readers=1), present_source(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE log_tile")
        writer, started = TreeWriter(connection), time.perf_counter()
        while rows := recorder.read_log(writer.size + 1, _PAGE):
            writer.add([leaf_hash(cloud_event(row, source)) for row in rows])
        seconds = time.perf_counter() - started
    recorder.close()
    return seconds


def _spread(seconds: list[float]) -> str:
    cut = statistics.quantiles(seconds, n=100)
    return f"median {cut[49] * 1000:.2f} ms, p99 {cut[98] * 1000:.2f} ms"


def _hashing(leaves: list[bytes]) -> float:
    started = time.perf_counter()
    for leaf in leaves:
        leaf_hash(leaf)
    return (time.perf_counter() - started) / len(leaves) * 1e6


if __name__ == "__main__":
    main()
