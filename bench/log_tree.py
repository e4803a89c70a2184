"""The log's tree: leaves into it, and proofs out of it, at a size; against the same hashes without a database.

Leaves are simulated: as long as an event's, their content random.
Not measured: reading them from the log, and signing, which happens once in a while.
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
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
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
            report(Measured(BAR, rounds, _proofs(connection, writer.size, leaves)))


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
