"""Secret files under `home/keys`: made once, whole and readable by their owner only, whoever starts first."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read the file; where there is none, write what `make` gives (mode 0600, in a folder of mode 0700) and read that.

    Of several processes that start at once, all get what one of them wrote. Raises OSError.
    """
    if not path.exists():
        _write_once(path, make())
    return path.read_bytes()


def replace(path: Path, content: bytes) -> None:
    """Replace the file's content, wholly or not at all. Raises OSError."""
    draft = _draft(path, content)
    try:
        draft.replace(path)
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _write_once(path: Path, content: bytes) -> None:
    draft = _draft(path, content)
    try:
        os.link(draft, path)
        _sync_folder(path.parent)  # what is sealed with a key that a power cut took back would be lost for ever
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _draft(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
