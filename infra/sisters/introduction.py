"""The text that a member takes from one deployment to another: by what id they are known, signed where they come from.

A JSON Web Signature in compact form (RFC 7515, RFC 8037, algorithm Ed25519), so that any library of that standard reads
it; it holds no personal data and about 400 letters, as a link or a QR code does. The same movement, the same text.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.notes.signed_note import Signer, Verifier

LONGEST: Final = 1_000
TYPE: Final = "introduction+jwt"
_ALGORITHM: Final = "Ed25519"
_FIELDS: Final = ("movement_id", "source", "subject")


class NoIntroduction(ValueError):
    """A text is no introduction, or not signed by who it says introduces."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who is introduced: their id (`subject`) at `source` (deployment and epoch), and the movement it is about."""

    source: str
    subject: str
    movement_id: str

    @property
    def deployment(self) -> str:
        """The deployment that introduces."""
        return deployment_of(self.source) or ""


class Introducer:
    """Writes introductions of this deployment's members."""

    def __init__(self, source: str, signer: Signer) -> None:
        """Sign as `source` with the introduction key."""
        self._source = source
        self._key = OKPKey.import_key(signer.secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._header = {"alg": _ALGORITHM, "kid": signer.verifier.key_id.hex(), "typ": TYPE}

    def write(self, subject: str, movement_id: str) -> str:
        """Return the text for a member and their movement."""
        said = {"movement_id": movement_id, "source": self._source, "subject": subject}
        payload = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        return jws.serialize_compact(self._header, payload, self._key, algorithms=[_ALGORITHM])


def read(text: str, key_of: Callable[[str], Verifier | None]) -> Introduction:
    """Read an introduction; `key_of` tells the key of a deployment, None for one that is nobody's sister.

    Raises NoIntroduction.
    """
    said = _unchecked(text)
    introduction = Introduction(said["source"], said["subject"], said["movement_id"])
    verifier = key_of(introduction.deployment)
    if verifier is None:
        raise NoIntroduction("signed by nobody who is known here")
    try:
        checked = jws.deserialize_compact(text, _public(verifier), algorithms=[_ALGORITHM])
    except (JoseError, ValueError) as error:
        raise NoIntroduction("the signature is false") from error
    if checked.headers().get("typ") != TYPE:
        raise NoIntroduction("signed for something else")
    return introduction


def deployment_of(source: str) -> str | None:
    """Return the deployment that a source names, None for a text that is no source of ours."""
    parts = source.split(":")
    if len(parts) != 4 or parts[:2] != ["urn", "kiteline"] or not parts[2] or not parts[3].isdecimal():
        return None
    return parts[2]


def _unchecked(text: str) -> dict[str, str]:
    parts = text.split(".")
    if len(text) > LONGEST or len(parts) != 3:
        raise NoIntroduction("not an introduction")
    try:
        said: Any = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError as error:
        raise NoIntroduction("not an introduction") from error
    if not isinstance(said, dict) or any(not isinstance(said.get(name), str) for name in _FIELDS):
        raise NoIntroduction("not an introduction")
    return said


def _public(verifier: Verifier) -> OKPKey:
    key = Ed25519PublicKey.from_public_bytes(verifier.public)
    return OKPKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
