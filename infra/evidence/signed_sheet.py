"""The signature of a printed sheet: a signed note over the PDF's bytes, in comment lines after its end.

A PDF is signed by the log's own key, as the bundle is, so that one line that a reader keeps checks both. Programs that
show a PDF skip comments; `%kiteline-signature` begins ours, and what is signed is every byte before that line.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from infra.notes import signed_note
from infra.notes.signed_note import NoteRefused, SignedNote, Signer, Verifier

FORMAT: Final = "urn:kiteline:evidence-sheet:1"
"""The first line of what is signed. No log and no bundle is called so: the note cannot be taken for another."""
_BEGINS: Final = b"%PDF-"
_MARK: Final = b"%kiteline-signature\n"
_LEAST_LINES: Final = 4


class SheetRefused(ValueError):
    """A PDF bears no signature, or not one over these bytes."""


@dataclass(frozen=True, slots=True)
class SignedSheet:
    """A sheet whose signature is over its bytes; nobody has checked whose it is."""

    origin: str
    member_id: str
    keys: list[str]
    """The lines of the keys that signed, as the sheet itself names them."""
    note: SignedNote

    def vouched_by(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """Return which of these keys signed the sheet. Raises NoteRefused for a false signature of one of them."""
        keys = [one for one in verifiers if one.name == self.origin and one.kind == signed_note.ED25519]
        return self.note.vouched_by(keys)


def is_sheet(content: bytes) -> bool:
    """Whether a file is a PDF, rather than a bundle."""
    return content.startswith(_BEGINS)


def write(pdf: bytes, origin: str, member_id: str, signers: Iterable[Signer]) -> bytes:
    """Sign a sheet: return the PDF with the note's lines as comments after it."""
    signing = list(signers)
    covered = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    lines = [FORMAT, origin, member_id, _digest(covered), *(one.verifier.line for one in signing)]
    text = "".join(f"{line}\n" for line in lines)
    note = signed_note.write(text, [one.sign(text) for one in signing])
    return covered + _MARK + b"".join(b"%" + line.encode() + b"\n" for line in note.split("\n")[:-1])


def read(content: bytes) -> SignedSheet:
    """Read a sheet whose signature is over its bytes. Raises SheetRefused."""
    covered, mark, below = content.rpartition(b"\n" + _MARK)
    lines = below.split(b"\n")
    if not mark or lines.pop() != b"" or not all(line.startswith(b"%") for line in lines):
        raise SheetRefused("the sheet does not end in a signature")
    try:
        note = signed_note.read(b"".join(line[1:] + b"\n" for line in lines))
    except NoteRefused as refused:
        raise SheetRefused(str(refused)) from refused
    said = note.text.splitlines()
    if len(said) < _LEAST_LINES or said[0] != FORMAT:
        raise SheetRefused("the signature is no sheet's")
    if said[3] != _digest(covered + b"\n"):
        raise SheetRefused("the signature is over something else")
    return SignedSheet(said[1], said[2], said[_LEAST_LINES:], note)


def _digest(covered: bytes) -> str:
    return base64.b64encode(sha256(covered).digest()).decode()
