"""The list of erasures outside the database: what a restored backup brings back is erased again by it.

One line an erasure: position, member id, when, separated by spaces. It names nobody: a member id means nothing without
the vault.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from infra.failures import OperatorFailure


class Erasure(NamedTuple):
    """One erasure: where the log told of it, whose, and when (RFC 3339)."""

    position: int
    member_id: UUID
    recorded_at: str


class ErasureListFailure(OperatorFailure):
    """The list cannot be read or written: nothing is served, since what must stay erased might come back."""


class ErasureList:
    """A file that only grows; safe for several processes."""

    def __init__(self, path: Path) -> None:
        """Keep the list at `path`; it is made with the first erasure."""
        self._path = path

    def read(self) -> list[Erasure]:
        """Return every erasure. Raises ErasureListFailure for a line that is none."""
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise self._failure(str(error)) from error
        found = []
        for number, line in enumerate(lines, 1):
            try:
                position, member_id, recorded_at = line.split()
                found.append(Erasure(int(position), UUID(member_id), recorded_at))
            except ValueError:
                raise self._failure(f"line {number}") from None
        return found

    def add(self, erasures: Iterable[Erasure]) -> None:
        """Add those that are not in it yet, durably. Raises ErasureListFailure."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                known = {(one.position, one.member_id) for one in self.read()}
                fresh = [one for one in erasures if (one.position, one.member_id) not in known]
                file.write(b"".join(f"{one.position} {one.member_id} {one.recorded_at}\n".encode() for one in fresh))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failure(str(error)) from error

    def _failure(self, why: str) -> ErasureListFailure:
        return ErasureListFailure(
            f"个人信息清除名单无法读写：{self._path}（{why}）。请恢复该文件或其权限后再启动。",
            f"The list of erasures cannot be read or written: {self._path} ({why}). Restore it or its rights first.",
        )
