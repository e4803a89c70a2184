"""Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root, signed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from infra.notes import signed_note
from infra.notes.signed_note import NoteRefused, SignedNote, Verifier

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_ROOT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the first `size` leaves of the log called `origin`."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed: three lines, no extensions."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint; extension lines are let through. Raises NoteRefused."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not all(lines[3:-1]) or lines[-1]:
        raise NoteRefused("a checkpoint has an origin, a size and a root, a line each")
    if not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("the size of a checkpoint is a number without zeros before it")
    try:
        root = base64.b64decode(lines[2].encode(), validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != _ROOT_BYTES:
        raise NoteRefused("the root of a checkpoint is 32 bytes in base64")
    return Checkpoint(lines[0], int(lines[1]), root)


def read_signed(note: bytes | str, verifiers: Iterable[Verifier]) -> tuple[Checkpoint, SignedNote]:
    """Read a checkpoint that one of these keys of its log signed. Raises NoteRefused."""
    signed = signed_note.read(note)
    checkpoint = read_text(signed.text)
    keys = [one for one in verifiers if one.name == checkpoint.origin and one.kind == signed_note.ED25519]
    if not signed.vouched_by(keys):
        raise NoteRefused(f"no trusted key of {checkpoint.origin} signed this checkpoint")
    return checkpoint, signed
