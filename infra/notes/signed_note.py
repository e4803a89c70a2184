"""Signed notes (C2SP signed-note): a text, and lines by which Ed25519 keys vouch for it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 1
"""The signature type of a log's own signature; that of cosignatures is another."""
_DASH: Final = "— "
_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_MOST_LINES: Final = 100


class NoteRefused(ValueError):
    """A text is no signed note, or no trusted key vouches for it."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that checks: name, type and 32 bytes. Its line is what others are given."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        """The four bytes by which signatures name their key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    @property
    def line(self) -> str:
        """The verifier key, as C2SP writes it: name, id in hex, type and key in base64."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs, under a name; the secret is never shown."""

    verifier: Verifier
    secret: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, seed: bytes, kind: int = ED25519) -> Signer:
        """Make the signer of 32 secret bytes. Raises NoteRefused for a name that notes cannot carry."""
        must_be_a_name(name)
        secret = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(Verifier(name, secret.public_key().public_bytes_raw(), kind), secret)

    def sign(self, text: str) -> str:
        """Return the signature line over a text, without its end of line."""
        return signature_line(self.verifier, self.secret.sign(text.encode()))


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose, by which key, and the bytes after the key's id."""

    name: str
    key_id: bytes
    value: bytes
    line: str


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text that ends with its line, and the signatures below it; nobody has checked them."""

    text: str
    signatures: Sequence[Signature]

    def by(self, verifier: Verifier) -> list[Signature]:
        """Return the signatures that claim to be this key's."""
        return [one for one in self.signatures if (one.name, one.key_id) == (verifier.name, verifier.key_id)]

    def vouched_by(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """Return which of the log's keys signed the text. Raises NoteRefused for a false signature of a known key."""
        found = []
        for verifier in verifiers:
            for signature in self.by(verifier):
                if not verifier.signed(self.text.encode(), signature.value):
                    raise NoteRefused(f"the signature of {verifier.name} is false")
                found.append(verifier)
        return found


def write(text: str, lines: Iterable[str]) -> str:
    """Write a signed note from its text and its signature lines."""
    return text + "\n" + "".join(f"{line}\n" for line in lines)


def read(note: bytes | str) -> SignedNote:
    """Read a signed note. Raises NoteRefused."""
    try:
        whole = note if isinstance(note, str) else note.decode()
    except UnicodeDecodeError:
        raise NoteRefused("a note is UTF-8") from None
    if any((ord(letter) < 0x20 and letter != "\n") or ord(letter) == 0x7F for letter in whole):
        raise NoteRefused("a note has no control characters")
    split = whole.rfind("\n\n")
    if split < 0 or not whole.endswith("\n"):
        raise NoteRefused("a note is a text, an empty line and signatures")
    text, below = whole[: split + 1], whole[split + 2 :]
    lines = below[:-1].split("\n") if below else []
    if not 1 <= len(lines) <= _MOST_LINES:
        raise NoteRefused(f"a note has 1 to {_MOST_LINES} signatures")
    return SignedNote(text, [read_signature(line) for line in lines])


def read_signature(line: str) -> Signature:
    """Read one signature line. Raises NoteRefused."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise NoteRefused("a signature line begins with a dash")
    must_be_a_name(name)
    value = _decoded(encoded)
    if len(value) <= _ID_BYTES:
        raise NoteRefused("a signature is longer than its key's id")
    return Signature(name, value[:_ID_BYTES], value[_ID_BYTES:], line)


def signature_line(verifier: Verifier, value: bytes) -> str:
    """Write a signature line, without its end of line."""
    return f"{_DASH}{verifier.name} {base64.b64encode(verifier.key_id + value).decode()}"


def read_verifier(line: str) -> Verifier:
    """Read a verifier key line. Raises NoteRefused."""
    name, hex_id, encoded = (*line.strip().split("+", 2), "", "")[:3]
    must_be_a_name(name)
    key = _decoded(encoded)
    if len(key) != 1 + _KEY_BYTES:
        raise NoteRefused("a verifier key is name+id+key, the key 33 bytes in base64")
    verifier = Verifier(name, key[1:], key[0])
    if verifier.key_id.hex() != hex_id:
        raise NoteRefused("the id of this verifier key is not that of its name and key")
    return verifier


def must_be_a_name(name: str) -> None:
    """Refuse what notes cannot carry as a key's name. Raises NoteRefused."""
    if not name or "+" in name or any(letter.isspace() for letter in name) or not name.isprintable():
        raise NoteRefused("a key's name is not empty and has neither spaces nor a plus")


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise NoteRefused("not base64") from None
