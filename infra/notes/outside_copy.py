"""The last checkpoint of each epoch as a file outside the database: what a restored backup does not take back."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

_ORIGIN: Final = re.compile(r"urn:kiteline:([a-z0-9-]+):([0-9]+)")


class OutsideCopy:
    """A folder with a signed note for each epoch of each deployment; files are replaced whole and flushed to disk."""

    def __init__(self, home: Path) -> None:
        """Use `home/log`, made with the first note."""
        self._folder = home / "log"

    def last(self, origin: str) -> str | None:
        """Return the note that was signed last for this origin. Raises OSError."""
        try:
            return self._path(origin).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def latest_epoch(self, origin: str) -> int:
        """Tell the latest epoch of this origin's deployment that signed anything here, 0 for none."""
        deployment, _ = _apart(origin)
        names = (path.name.split(".") for path in self._folder.glob(f"{deployment}.*.checkpoint"))
        return max((int(parts[1]) for parts in names if len(parts) == 3 and parts[1].isdecimal()), default=0)

    def keep(self, origin: str, note: str) -> None:
        """Replace the note of this origin; on the disk when this returns. Raises OSError."""
        path = self._path(origin)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            with draft.open("x", encoding="utf-8") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, origin: str) -> Path:
        deployment, epoch = _apart(origin)
        return self._folder / f"{deployment}.{epoch}.checkpoint"


def _apart(origin: str) -> tuple[str, int]:
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        raise ValueError(f"not the source of a log: {origin}")
    return match[1], int(match[2])
