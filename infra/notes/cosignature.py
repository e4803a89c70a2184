"""Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says when it saw a checkpoint that goes on from the last."""

from __future__ import annotations

from typing import Final

from infra.notes.signed_note import NoteRefused, Signature, Signer, Verifier, read_verifier, signature_line

COSIGNATURE: Final = 4
"""The signature type of witnesses; a key line of another type is not a witness's."""
_TIME_BYTES: Final = 8
_LENGTH: Final = _TIME_BYTES + 64


def cosign(signer: Signer, text: str, time_s: int) -> str:
    """Return the line by which a witness vouches for a checkpoint's text; seconds since 1970 UTC."""
    value = time_s.to_bytes(_TIME_BYTES, "big") + signer.secret.sign(_message(text, time_s))
    return signature_line(signer.verifier, value)


def cosigned_at(verifier: Verifier, text: str, signature: Signature) -> int:
    """Return when the witness vouched, in seconds since 1970 UTC. Raises NoteRefused for a line that is not its own."""
    if (signature.name, signature.key_id) != (verifier.name, verifier.key_id) or len(signature.value) != _LENGTH:
        raise NoteRefused(f"not a cosignature of {verifier.name}")
    time_s = int.from_bytes(signature.value[:_TIME_BYTES], "big")
    if time_s >= 1 << 63 or not verifier.signed(_message(text, time_s), signature.value[_TIME_BYTES:]):
        raise NoteRefused(f"the cosignature of {verifier.name} is false")
    return time_s


def read_witness(line: str) -> Verifier:
    """Read a witness's key line. Raises NoteRefused."""
    verifier = read_verifier(line)
    if verifier.kind != COSIGNATURE:
        raise NoteRefused("this key line is not a witness's")
    return verifier


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()
