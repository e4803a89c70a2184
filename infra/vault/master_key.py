"""The deployment's master key: of a setting, a command or a file, made if there is none; one derived key a purpose."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import Sentence
from infra.failures import OperatorFailure
from infra.key_files import read_or_make, replace
from infra.settings import Settings
from infra.vault.cipher import KEY_BYTES

_COMMAND_SECONDS: Final = 30
_HASHING: Final = "hash"
_ENTRY: Final = re.compile(r"(?:([1-9][0-9]{0,8}|hash):)?([A-Za-z0-9+/]{43}=?)\Z")


class MasterKeyFailure(OperatorFailure):
    """The master key cannot be read, or is not the one that this database was written with."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One key or, during a rotation, several by version; the highest version seals, all of them open."""

    versions: Mapping[int, bytes] = field(repr=False)
    kept_hashing: bytes | None = field(default=None, repr=False)
    """The key of hashes that live long, kept when the version that it comes from was retired."""

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
    def hashing(self) -> bytes:
        """The key of hashes that live long (idempotency keys, 400 days): of the version that was there first."""
        return self.kept_hashing or self.derive(min(self.versions), _HASHING)

    def derive(self, version: int, purpose: str) -> bytes:
        """Derive the key of one purpose (RFC 5869, SHA-256, 32 bytes). Raises KeyError for a version not held."""
        info = f"kiteline/{version}/{purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.versions[version])


def load_master_key(settings: Settings) -> MasterKey:
    """Take the master key that the settings name, or make one. Raises MasterKeyFailure."""
    if settings.master_key_command is not None:
        if settings.master_key is not None:
            raise MasterKeyFailure(
                "KITELINE_MASTER_KEY 与 KITELINE_MASTER_KEY_COMMAND 只能设置一个。",
                "Set KITELINE_MASTER_KEY or KITELINE_MASTER_KEY_COMMAND, not both.",
            )
        return _read(_printed_by(settings.master_key_command), "KITELINE_MASTER_KEY_COMMAND")
    return master_key(settings.master_key.get_secret_value() if settings.master_key else None, settings.home)


def rotate(settings: Settings) -> MasterKey:
    """Add a new version to `home/keys/master`, which seals from the next start on. Raises MasterKeyFailure."""
    held = _of_the_file(settings)
    versions = {**held.versions, held.current + 1: secrets.token_bytes(KEY_BYTES)}
    return _write(settings.home, MasterKey(versions, held.kept_hashing))


def must_be_retirable(settings: Settings, version: int) -> MasterKey:
    """Return the keys held, if a version of the key file may be taken out. Raises MasterKeyFailure."""
    held = _of_the_file(settings)
    if version not in held.versions or version == held.current:
        raise MasterKeyFailure(
            f"版本 {version} 不能停用：只能停用现用版本（{held.current}）以外仍持有的版本。",
            f"Version {version} cannot be retired: only one that is held and is not the present one ({held.current}).",
        )
    return held


def retire(settings: Settings, version: int) -> MasterKey:
    """Take a former version out of `home/keys/master`: what it alone opens is lost. Raises MasterKeyFailure.

    The key of hashes stays, so that no idempotency key is forgotten.
    """
    held = must_be_retirable(settings, version)
    left = {one: key for one, key in held.versions.items() if one != version}
    return _write(settings.home, MasterKey(left, held.hashing))


def master_key(setting: str | None, home: Path) -> MasterKey:
    """Take the master key of the setting; without one that of `home/keys/master`, made (mode 0600) at first use.

    Either holds 32 bytes in base64, during a rotation several as `version:base64`, separated by commas or white space;
    `hash:base64` is the key of long-lived hashes, left by a version that was retired.
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
    entries: dict[str, bytes] = {}
    for entry in re.split(r"[,\s]+", text.strip()):
        match = _ENTRY.match(entry)
        if match is None or (name := match[1] or "1") in entries:
            raise _not_a_key(source)
        try:
            entries[name] = base64.b64decode(match[2].rstrip("=") + "=", validate=True)
        except binascii.Error as error:
            raise _not_a_key(source) from error
    hashing = entries.pop(_HASHING, None)
    if not entries:
        raise _not_a_key(source)
    return MasterKey({int(version): key for version, key in entries.items()}, hashing)


def _not_a_key(source: str) -> MasterKeyFailure:
    # The text itself stays out of the message.
    return MasterKeyFailure(
        f"{source} 不是主密钥：应为32字节的base64，例如由 `openssl rand -base64 32` 生成。",
        f"{source} is not a master key: 32 bytes in base64 are expected, as `openssl rand -base64 32` makes.",
    )


def _of_the_file(settings: Settings) -> MasterKey:
    if settings.master_key is not None or settings.master_key_command is not None:
        raise MasterKeyFailure(
            "主密钥由设置或命令给出：请在那里增减版本，写作 `1:…,2:…`。",
            "The master key comes from a setting or a command: add or remove versions there, written `1:...,2:...`.",
        )
    return load_master_key(settings)


def _write(home: Path, keys: MasterKey) -> MasterKey:
    entries: dict[int | str, bytes] = {**dict(sorted(keys.versions.items()))}
    if keys.kept_hashing is not None:
        entries[_HASHING] = keys.kept_hashing
    lines = [f"{name}:{base64.b64encode(key).decode()}\n" for name, key in entries.items()]
    try:
        replace(home / "keys" / "master", "".join(lines).encode())
    except OSError as error:
        raise MasterKeyFailure(
            f"主密钥文件无法写入：{error.strerror}。", f"The master key file cannot be written: {error.strerror}."
        ) from error
    return keys


def _printed_by(command: str) -> str:
    """Run the command of a key management service; what it prints is told to nobody."""
    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, timeout=_COMMAND_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.decode("ascii")
    except subprocess.CalledProcessError as error:
        why = Sentence(f"退出码 {error.returncode}", f"exit code {error.returncode}")
    except subprocess.TimeoutExpired:
        why = Sentence(f"{_COMMAND_SECONDS} 秒内没有结束", f"it did not end within {_COMMAND_SECONDS} s")
    except (OSError, ValueError) as error:
        why = Sentence(type(error).__name__, type(error).__name__)
    raise MasterKeyFailure(
        f"KITELINE_MASTER_KEY_COMMAND 没有给出主密钥：{why.zh}。",
        f"KITELINE_MASTER_KEY_COMMAND gave no master key: {why.en}.",
    )


def _new_key() -> bytes:
    return b"1:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"
