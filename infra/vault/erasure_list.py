"""The list of erasures outside the database: what a restored backup brings back is erased again by it.

One line an erasure: position, member id, when, separated by spaces. It names nobody: a member id means nothing without
the vault.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import BinaryIO, NamedTuple
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
    """A file that only grows; safe for threads and several processes."""

    def __init__(self, path: Path) -> None:
        """Keep the list at `path`; it is made with the first erasure."""
        self._path = path
        self._lock = Lock()
        self._file: tuple[int, int] | None = None
        self._upto = 0
        self._known: set[tuple[int, UUID]] = set()

    def read(self) -> list[Erasure]:
        """Return every erasure. Raises ErasureListFailure for a line that is none."""
        try:
            return self._erasures(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._failure(str(error)) from error

    def add(self, erasures: Iterable[Erasure]) -> bool:
        """Add those that are not in it yet, durably; read only what others wrote since the last time.

        Returns False where the file is another than the last time, or shorter, and was read whole: what had been added
        to the one before may not be in it. Raises ErasureListFailure.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with self._lock, os.fdopen(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                same = self._follow(file)
                fresh = [one for one in erasures if (one.position, one.member_id) not in self._known]
                lines = b"".join(f"{one.position} {one.member_id} {one.recorded_at}\n".encode() for one in fresh)
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
                self._known.update((one.position, one.member_id) for one in fresh)
                self._upto += len(lines)
        except OSError as error:
            raise self._failure(str(error)) from error
        return same

    def _follow(self, file: BinaryIO) -> bool:
        """Read what is new in the file; all of it, and False, if it is not the one that was read before."""
        found = os.fstat(file.fileno())
        same = self._file == (found.st_dev, found.st_ino) and self._upto <= found.st_size
        if not same:
            self._file, self._upto = (found.st_dev, found.st_ino), 0
            self._known.clear()
        file.seek(self._upto)
        unread = file.read()
        try:
            self._known.update((one.position, one.member_id) for one in self._erasures(unread))
        except ErasureListFailure:
            self._file = None
            raise
        self._upto += len(unread)
        return same

    def _erasures(self, content: bytes) -> list[Erasure]:
        found = []
        for number, line in enumerate(content.splitlines(), 1):
            try:
                position, member_id, recorded_at = line.decode("ascii").split()
                found.append(Erasure(int(position), UUID(member_id), recorded_at))
            except ValueError:
                raise self._failure(f"line {number}") from None
        return found

    def _failure(self, why: str) -> ErasureListFailure:
        return ErasureListFailure(
            f"个人信息清除名单无法读写：{self._path}（{why}）。请恢复该文件或其权限后再启动。",
            f"The list of erasures cannot be read or written: {self._path} ({why}). Restore it or its rights first.",
        )
