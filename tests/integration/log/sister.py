"""A sister's log in memory, which can sign honestly, and fork."""

from __future__ import annotations

import secrets
from base64 import b64encode

from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint
from infra.notes.signed_note import Signer
from projections.merkle import consistency_proof, leaf_hash, node_hash, root


class SisterLog:
    """Leaves and a key; asks to be witnessed from any size to any size."""

    def __init__(self, origin: str) -> None:
        self.signer = Signer.of(origin, secrets.token_bytes(32))
        self.leaves: list[bytes] = []

    def grow(self, *leaves: str) -> SisterLog:
        self.leaves += [leaf.encode() for leaf in leaves]
        return self

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.signer.verifier.name, size, root(size, self._node))

    def note(self, size: int, signer: Signer | None = None) -> str:
        text = self.checkpoint(size).text
        return signed_note.write(text, [(signer or self.signer).sign(text)])

    def request(self, old: int, size: int, signer: Signer | None = None) -> str:
        proof = consistency_proof(old, size, self._node) if old <= size else []
        lines = [f"old {old}", *(b64encode(one).decode() for one in proof), ""]
        return "\n".join(lines) + "\n" + self.note(size, signer)

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(self.leaves[index])
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))
