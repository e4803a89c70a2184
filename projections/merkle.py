"""The Merkle tree of RFC 6962: hashes, roots and proofs, of nothing but bytes.

A `node(level, index)` function gives the hash of the complete subtree of 2^level leaves from leaf index · 2^level on;
whoever keeps the hashes brings it. Proofs are checked by the iterative algorithms of RFC 9162, which share no code with
the recursive definitions of RFC 6962 that make them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of the tree without leaves (RFC 6962, 2.1)."""

Node = Callable[[int, int], bytes]


class ProofRefused(ValueError):
    """A proof does not prove what it is said to."""


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf (RFC 6962, 2.1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def fold_complete(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes that are a power of two in number."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def root(size: int, node: Node) -> bytes:
    """Return the root of the first `size` leaves."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(leaf: int, size: int, node: Node) -> list[bytes]:
    """Return PATH(leaf, D[size]) (RFC 6962, 2.1.1); leaves count from 0. Raises ValueError outside the tree."""
    if not 0 <= leaf < size:
        raise ValueError(f"leaf {leaf} of {size}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if leaf < middle:
            proof.append(_subtree(middle, high, node))
            high = middle
        else:
            proof.append(_subtree(low, middle, node))
            low = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Return PROOF(old, D[new]) (RFC 6962, 2.1.2); empty from nothing, and between equals. Raises ValueError."""
    if not 0 <= old <= new:
        raise ValueError(f"from {old} to {new}")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    low, high, whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_subtree(middle, high, node))
            high = middle
        else:
            proof.append(_subtree(low, middle, node))
            low, whole = middle, False
    if not whole:
        proof.append(_subtree(low, high, node))
    return proof[::-1]


def check_inclusion(leaf: int, size: int, hashed: bytes, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Check that the leaf with this hash is in the tree (RFC 9162, 2.1.3.2). Raises ProofRefused."""
    if not 0 <= leaf < size:
        raise ProofRefused(f"leaf {leaf} is not in a tree of {size}")
    place, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if place & 1 or place == last:
            hashed = node_hash(sibling, hashed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
    if hashed != root_hash:
        raise ProofRefused("the leaf is not in the tree of this root")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the old tree is the beginning of the new one (RFC 9162, 2.1.4.2). Raises ProofRefused."""
    if not 0 <= old <= new:
        raise ProofRefused(f"a tree of {new} has no earlier tree of {old}")
    if old in (0, new):
        if proof:
            raise ProofRefused("the proof should be empty")
        if old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ProofRefused("two roots of one size" if old else "the root of nothing is another")
        return
    first, second = _both_roots(old, new, proof if old & (old - 1) else [old_root, *proof])
    if first != old_root:
        raise ProofRefused("the proof does not begin at the old root")
    if second != new_root:
        raise ProofRefused("the old tree is not the beginning of the new one")


def _both_roots(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    if not path:
        raise ProofRefused("the proof is empty")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")
    return first, second


class GrowingTree:
    """The root of a tree that only grows, in the memory of one hash a level: how a verifier folds a whole log."""

    def __init__(self) -> None:
        """Begin without leaves."""
        self.size = 0
        self._complete: list[bytes] = []  # roots of complete subtrees, the largest first, as the bits of the size say

    def add(self, hashed: bytes, level: int = 0) -> None:
        """Add the hash of the next leaf, or of the next 2^level where so many are a complete subtree."""
        carried = self.size >> level
        while carried & 1:
            hashed = node_hash(self._complete.pop(), hashed)
            carried >>= 1
        self._complete.append(hashed)
        self.size += 1 << level

    def copy(self) -> GrowingTree:
        """Return a tree of the same leaves, which grows by itself."""
        same = GrowingTree()
        same.size, same._complete = self.size, list(self._complete)
        return same

    @property
    def root(self) -> bytes:
        """The root of what was added so far."""
        if not self._complete:
            return EMPTY_ROOT
        above = self._complete[-1]
        for left in reversed(self._complete[:-1]):
            above = node_hash(left, above)
        return above


def _subtree(low: int, high: int, node: Node) -> bytes:
    """Return MTH(D[low:high]); `low` is a multiple of the largest power of two below the length, as in the RFC."""
    length = high - low
    level = length.bit_length() - 1
    if length == 1 << level:
        return node(level, low >> level)
    middle = low + _split(length)
    return node_hash(_subtree(low, middle, node), _subtree(middle, high, node))


def _split(length: int) -> int:
    """Return the largest power of two smaller than a length of two or more."""
    return 1 << ((length - 1).bit_length() - 1)
