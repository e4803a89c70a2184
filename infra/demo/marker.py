"""How far the making of the sample data has come, in KITELINE_HOME: an interrupted run goes on from here."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import orjson

FOLDER: Final = "demo"
_FILE: Final = "made.json"
_VERSION: Final = 1


@dataclass(slots=True)
class Marker:
    """What is being made, and what of it is durable. Days are ISO dates of Asia/Shanghai.

    `today` is the day up to which the year is played; `played_until` the last day that is wholly recorded; `heads` the
    last position of the log at each month's end; `story` the member whose history is worth replaying.
    """

    seed: int
    today: str
    members: int
    imported: bool = False
    played_until: str | None = None
    done: bool = False
    events: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    story: str | None = None
    story_told: str = ""
    version: int = _VERSION

    def write(self, home: Path) -> None:
        """Replace the marker on disk, wholly or not at all."""
        folder = home / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{_FILE}.new"
        with fresh.open("wb") as file:
            file.write(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / _FILE)


def read_marker(home: Path) -> Marker | None:
    """Read the marker; None when nothing was begun, or an older program began it in another way."""
    try:
        kept: dict[str, Any] = orjson.loads((home / FOLDER / _FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if kept.get("version") != _VERSION:
        return None
    known = {one.name for one in fields(Marker)}
    return Marker(**{name: value for name, value in kept.items() if name in known})
