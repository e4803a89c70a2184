"""The deployment's master key: read from a setting or a file, made once if there is none, one derived key a purpose."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.failures import OperatorFailure
from infra.key_files import read_or_make
from infra.settings import Settings
from infra.vault.cipher import KEY_BYTES

_ENTRY: Final = re.compile(r"(?:([1-9][0-9]{0,8}):)?([A-Za-z0-9+/]{43}=?)\Z")


class MasterKeyFailure(OperatorFailure):
    """The master key cannot be read, or is not the one that this database was written with."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One key or, during a rotation, several by version; the highest version seals, all of them open."""

    versions: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse keys of another length."""
        if not self.versions or any(len(key) != KEY_BYTES for key in self.versions.values()):
            message = "a master key has 32 bytes"
            raise ValueError(message)

    @property
    def current(self) -> int:
        """The version that seals."""
        return max(self.versions)

    @property
    def oldest(self) -> int:
        """The version that was there first, of those still held."""
        return min(self.versions)

    def derive(self, version: int, purpose: str) -> bytes:
        """Derive the key of one purpose (RFC 5869, SHA-256, 32 bytes). Raises KeyError for a version not held."""
        info = f"kiteline/{version}/{purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.versions[version])


def load_master_key(settings: Settings) -> MasterKey:
    """Take the master key that the settings name, or make one. Raises MasterKeyFailure."""
    return master_key(settings.master_key.get_secret_value() if settings.master_key else None, settings.home)


def master_key(setting: str | None, home: Path) -> MasterKey:
    """Take the master key of the setting; without one that of `home/keys/master`, made (mode 0600) at first use.

    Either holds 32 bytes in base64, during a rotation several as `version:base64`, separated by commas or white space.
    Raises MasterKeyFailure.
    """
    if setting is not None:
        return _read(setting, "KITELINE_MASTER_KEY")
    path = home / "keys" / "master"
    try:
        return _read(read_or_make(path, _new_key).decode("ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyFailure(
            f"主密钥文件无法读取：{path}。", f"The master key file cannot be read: {path}."
        ) from error


def _read(text: str, source: str) -> MasterKey:
    versions: dict[int, bytes] = {}
    for entry in re.split(r"[,\s]+", text.strip()):
        match = _ENTRY.match(entry)
        if match is None or (version := int(match[1] or 1)) in versions:
            raise _not_a_key(source)
        try:
            versions[version] = base64.b64decode(match[2].rstrip("=") + "=", validate=True)
        except binascii.Error as error:
            raise _not_a_key(source) from error
    return MasterKey(versions)


def _not_a_key(source: str) -> MasterKeyFailure:
    # The text itself stays out of the message.
    return MasterKeyFailure(
        f"{source} 不是主密钥：应为32字节的base64，例如由 `openssl rand -base64 32` 生成。",
        f"{source} is not a master key: 32 bytes in base64 are expected, as `openssl rand -base64 32` makes.",
    )


def _new_key() -> bytes:
    return b"1:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"
