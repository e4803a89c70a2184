"""The evidence bundle: what was recorded of a member, the proofs that the log holds it, and a signature over all of it.

A file is `{"evidence": {...}, "signature": "<signed note>"}`. What is signed is the SHA-256 of the evidence's RFC 8785
form, which is how the file itself writes it: a reader may hash those bytes as they stand.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from infra.notes import signed_note
from infra.notes.signed_note import NoteRefused, SignedNote, Signer, Verifier

FORMAT: Final = "urn:kiteline:evidence:1"
"""The first line of what is signed. No log is called so: the note cannot be taken for a checkpoint."""


class BundleRefused(ValueError):
    """A file is no evidence bundle, or its signature is not over what it holds."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as read; nobody has checked whose the signatures are."""

    evidence: dict[str, Any]
    note: SignedNote

    def vouched_by(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """Return which of these keys signed the evidence. Raises NoteRefused for a false signature of one of them."""
        keys = [one for one in verifiers if one.name == self.evidence["origin"] and one.kind == signed_note.ED25519]
        return self.note.vouched_by(keys)


def write(evidence: dict[str, Any], signers: Iterable[Signer]) -> bytes:
    """Sign evidence and write the bundle; `evidence` names its `origin` and `member_id`."""
    canonical = _canonical(evidence)
    text = _text(evidence, canonical)
    note = signed_note.write(text, [one.sign(text) for one in signers])
    return b'{"evidence":' + canonical + b',"signature":' + orjson.dumps(note) + b"}\n"


def read(content: bytes) -> Bundle:
    """Read a bundle whose signature is over what it holds. Raises BundleRefused."""
    try:
        held = orjson.loads(content)
        evidence = held["evidence"]
        note = signed_note.read(held["signature"])
        text = _text(evidence, _canonical(evidence))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BundleRefused("not an evidence bundle") from error
    except NoteRefused as refused:
        raise BundleRefused(str(refused)) from refused
    if note.text != text:
        raise BundleRefused("the signature is over something else")
    return Bundle(evidence, note)


def _text(evidence: dict[str, Any], canonical: bytes) -> str:
    digest = base64.b64encode(sha256(canonical).digest()).decode()
    return f"{FORMAT}\n{evidence['origin']}\n{evidence['member_id']}\n{digest}\n"


def _canonical(evidence: dict[str, Any]) -> bytes:
    """Write RFC 8785: keys are ASCII and numbers whole or in quarters, for which sorted compact output is that form."""
    return orjson.dumps(_whole(evidence), option=orjson.OPT_SORT_KEYS)


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
