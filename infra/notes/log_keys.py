"""The keys that sign the log's checkpoints: from a setting or a file made once; two while one follows the other."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.failures import OperatorFailure
from infra.key_files import read_or_make
from infra.notes.signed_note import Signer
from infra.settings import Settings

_SEED_BYTES: Final = 32
_MOST_KEYS: Final = 2


class LogKeyFailure(OperatorFailure):
    """The keys that sign the log cannot be read, or not be changed here."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Ed25519 seeds, the newest first; all of them sign, so that who trusts the former learns of the latter."""

    seeds: tuple[bytes, ...] = field(repr=False)

    def signers(self, origin: str) -> list[Signer]:
        """Return the signers under the log's name."""
        return [Signer.of(origin, seed) for seed in self.seeds]


def load_log_keys(settings: Settings) -> LogKeys:
    """Read the keys anew: KITELINE_LOG_KEY, else `home/keys/log`, made (mode 0600) at first use.

    Either holds 32 bytes in base64, twice while keys are rotated. Raises LogKeyFailure.
    """
    return _load(settings.log_key.get_secret_value() if settings.log_key else None, _path(settings), "KITELINE_LOG_KEY")


def load_witness_key(settings: Settings) -> LogKeys:
    """Read the key that cosigns sisters' logs, never a log's: KITELINE_WITNESS_KEY, else `home/keys/witness`."""
    setting = settings.witness_key.get_secret_value() if settings.witness_key else None
    return _load(setting, settings.home / "keys" / "witness", "KITELINE_WITNESS_KEY")


def load_introduction_key(settings: Settings) -> LogKeys:
    """Read the keys of introductions: KITELINE_INTRODUCTION_KEY, else `home/keys/introduction`; the newest signs."""
    setting = settings.introduction_key.get_secret_value() if settings.introduction_key else None
    return _load(setting, settings.home / "keys" / "introduction", "KITELINE_INTRODUCTION_KEY")


def rotate(settings: Settings) -> LogKeys:
    """Put a new key before the present one, which goes on signing. Raises LogKeyFailure."""
    keys = _changeable(settings)
    if len(keys.seeds) == _MOST_KEYS:
        raise LogKeyFailure(
            "上一次更换尚未结束：请先运行 kiteline log rotate-key --retire 停用旧密钥。",
            "The last rotation has not ended: first retire the former key by kiteline log rotate-key --retire.",
        )
    return _write(settings, (secrets.token_bytes(_SEED_BYTES), *keys.seeds))


def retire(settings: Settings) -> LogKeys:
    """Let the former key sign no more. Raises LogKeyFailure."""
    keys = _changeable(settings)
    if len(keys.seeds) < _MOST_KEYS:
        raise LogKeyFailure("没有可停用的旧密钥。", "There is no former key to retire.")
    return _write(settings, keys.seeds[:1])


def _path(settings: Settings) -> Path:
    return settings.home / "keys" / "log"


def _load(setting: str | None, path: Path, variable: str) -> LogKeys:
    if setting is not None:
        return _read(setting, variable)
    try:
        return _read(read_or_make(path, _new_key).decode("ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise LogKeyFailure(f"密钥文件无法读取：{path}。", f"The key file cannot be read: {path}.") from error


def _read(text: str, source: str) -> LogKeys:
    entries = [entry for entry in re.split(r"[,\s]+", text.strip()) if entry]
    try:
        seeds = tuple(base64.b64decode(entry, validate=True) for entry in entries)
    except binascii.Error:
        seeds = ()
    if not 1 <= len(seeds) <= _MOST_KEYS or any(len(seed) != _SEED_BYTES for seed in seeds):
        # The text itself stays out of the message.
        raise LogKeyFailure(
            f"{source} 应为一把或两把32字节的base64密钥，例如由 `openssl rand -base64 32` 生成。",
            f"{source} holds one or two keys of 32 bytes in base64, as `openssl rand -base64 32` makes.",
        )
    return LogKeys(seeds)


def _changeable(settings: Settings) -> LogKeys:
    if settings.log_key is not None:
        raise LogKeyFailure(
            "密钥由 KITELINE_LOG_KEY 给出：请在该设置中把新密钥写在旧密钥之前，以空格分隔。",
            "The key comes from KITELINE_LOG_KEY: put the new key before the former one there, a space between them.",
        )
    return load_log_keys(settings)


def _write(settings: Settings, seeds: tuple[bytes, ...]) -> LogKeys:
    path = _path(settings)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(base64.b64encode(seed) + b"\n" for seed in seeds))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return LogKeys(seeds)


def _new_key() -> bytes:
    return base64.b64encode(secrets.token_bytes(_SEED_BYTES)) + b"\n"
