"""The tree is RFC 6962's: its vectors, and a naive tree beside ours for any size."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    ProofRefused,
    check_consistency,
    check_inclusion,
    consistency_proof,
    fold_complete,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)

# The leaves and roots with which implementations of RFC 6962 test each other.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
G = ROOTS[3]


def node_of(leaves: list[bytes]):
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(leaves[index])
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def naive_root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaf_hash(leaves[0]) if leaves else EMPTY_ROOT
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def test_roots_are_those_of_the_vectors():
    node = node_of(LEAVES)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [root(size, node).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(
    ("leaf", "size", "proof"),
    [(0, 1, []), (0, 8, [A, B, C]), (5, 8, [D, E, G]), (1, 5, [ROOTS[0], B, D])],
)
def test_inclusion_proofs_are_those_of_the_vectors(leaf: int, size: int, proof: list[str]):
    made = inclusion_proof(leaf, size, node_of(LEAVES))
    assert [one.hex() for one in made] == proof
    check_inclusion(leaf, size, leaf_hash(LEAVES[leaf]), made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "proof"), [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [F, E, G]), (2, 5, [B, D])])
def test_consistency_proofs_are_those_of_the_vectors(old: int, new: int, proof: list[str]):
    made = consistency_proof(old, new, node_of(LEAVES))
    assert [one.hex() for one in made] == proof
    check_consistency(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), made)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=3), min_size=1, max_size=70), st.data())
def test_ours_is_the_naive_tree_and_every_proof_holds(leaves: list[bytes], data: st.DataObject):
    node, whole, growing = node_of(leaves), naive_root(leaves), GrowingTree()
    for leaf in leaves:
        growing.add(leaf_hash(leaf))
    assert root(len(leaves), node) == growing.root == whole
    place = data.draw(st.integers(0, len(leaves) - 1))
    old = data.draw(st.integers(0, len(leaves)))
    included = inclusion_proof(place, len(leaves), node)
    consistent = consistency_proof(old, len(leaves), node)
    check_inclusion(place, len(leaves), leaf_hash(leaves[place]), included, whole)
    check_consistency(old, len(leaves), naive_root(leaves[:old]), whole, consistent)

    with pytest.raises(ProofRefused):
        check_inclusion(place, len(leaves), leaf_hash(b"another leaf"), included, whole)
    with pytest.raises(ProofRefused):
        check_inclusion(place, len(leaves), leaf_hash(leaves[place]), [*included, whole], whole)
    with pytest.raises(ProofRefused):
        check_consistency(old, len(leaves), leaf_hash(b"another root"), whole, consistent)
    if consistent:
        with pytest.raises(ProofRefused):
            check_consistency(old, len(leaves), naive_root(leaves[:old]), whole, consistent[:-1])
        with pytest.raises(ProofRefused):
            check_consistency(old, len(leaves), naive_root(leaves[:old]), whole, [leaf_hash(b"x"), *consistent[1:]])


@given(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9))
def test_complete_subtrees_grow_a_tree_as_their_leaves_do(level: int, subtrees: int, more: int):
    leaves = [leaf_hash(number.to_bytes(2, "big")) for number in range((subtrees << level) + more)]
    by_leaf, by_subtree = GrowingTree(), GrowingTree()
    for leaf in leaves:
        by_leaf.add(leaf)
    for number in range(subtrees):
        by_subtree.add(fold_complete(leaves[number << level : (number + 1) << level]), level)
    for leaf in leaves[subtrees << level :]:
        by_subtree.add(leaf)
    assert (by_subtree.size, by_subtree.root) == (by_leaf.size, by_leaf.root)
