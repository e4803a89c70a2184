"""The stored tree, grown in any pages by writers that come and go, is the tree of its leaves at every size."""

from hashlib import sha256
from itertools import pairwise
from random import Random

import psycopg
import pytest

from projections.log_tiles import TileMissing, Tiles, TreeOverwritten, TreeWriter, tile, tile_index, tree_size
from projections.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(66_500)]


def grown(connection, random: Random, upto: int) -> TreeWriter:
    writer = TreeWriter(connection)
    while writer.size < upto:
        if random.random() < 0.05:
            writer = TreeWriter(connection)
        count = random.choice((1, 7, 255, 256, 257, 4_000))
        writer.add(LEAVES[writer.size : min(writer.size + count, upto)])
    return writer


def test_three_levels_of_tiles_give_every_root_and_proof(database_url):
    random = Random(5)
    sizes = sorted({0, 1, 255, 256, 257, 65_535, 65_536, 65_537, len(LEAVES), *random.sample(range(2, 66_500), 12)})
    roots, tree = {}, GrowingTree()
    for size, leaf in enumerate(LEAVES):
        if size in sizes:
            roots[size] = tree.root
        tree.add(leaf)
    roots[len(LEAVES)] = tree.root
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert tree_size(connection) == 0
        grown(connection, random, len(LEAVES))
        assert tree_size(connection) == len(LEAVES)
        node = Tiles(connection).node
        assert {size: Tiles(connection).root(size) for size in sizes} == roots
        assert roots[0] == EMPTY_ROOT
        for old, new in pairwise(sizes):
            check_consistency(old, new, roots[old], roots[new], consistency_proof(old, new, node))
            place = random.randrange(new)
            check_inclusion(place, new, LEAVES[place], inclusion_proof(place, new, node), roots[new])
        assert len(tile(connection, 1, 0) or b"") == len(tile(connection, 2, 0, 1) or b"") * 256 == 8192
        assert tile(connection, 2, 0, 2) is None
        with pytest.raises(TileMissing):
            Tiles(connection).root(len(LEAVES) + 1)


def test_a_tile_is_widened_only_by_who_knows_what_it_holds(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        first, second = TreeWriter(connection), TreeWriter(connection)
        first.add(LEAVES[:3])
        with pytest.raises(TreeOverwritten):
            second.add(LEAVES[5:9])
        assert tree_size(connection) == 3


@pytest.mark.parametrize(
    ("index", "path"), [(0, "000"), (999, "999"), (1_000, "x001/000"), (1_234_067, "x001/x234/067")]
)
def test_a_tile_is_named_as_c2sp_names_it(index: int, path: str):
    assert tile_index(index) == path
