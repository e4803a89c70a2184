"""A rebuild in a process of its own, which gives way to whoever reads and records, and tells how far it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from infra.giving_way import give_way
from infra.logs import configure_logs
from projections.rebuild import RebuildRunning, Rebuilt, ReferenceChanged, rebuild

_MAIN: Final = "from api.rebuild_process import main; main()"
RUNNING: Final = "rebuild_running"
CHANGED: Final = "reference_changed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many streams are folded, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it: what was rebuilt, or that it was refused, with RUNNING or CHANGED; neither where it failed."""

    rebuilt: Rebuilt | None = None
    refused: str | None = None


class RebuildProcess:
    """The end of whoever asked for it."""

    def __init__(self, url: str, views: Sequence[str], *, helped: bool) -> None:
        """Begin; `helped` by a second process that folds half of the members."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _MAIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101
        with self._process.stdin as told:
            told.write(json.dumps({"url": url, "views": list(views), "helped": helped}))

    def follow(self) -> Iterator[Progress | Ended]:
        """Yield how far it is, again and again, and at last what came of it."""
        assert self._process.stdout is not None  # noqa: S101
        ended = Ended()
        with self._process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if "total" in said:
                    yield Progress(**said)
                elif "refused" in said:
                    ended = Ended(refused=said["refused"])
                else:
                    ended = Ended(rebuilt=Rebuilt(**said))
        self._process.wait()
        yield ended

    def end(self) -> None:
        """End it if it is under way; the read models stay as they are."""
        if self._process.poll() is None:
            self._process.terminate()


@contextmanager
def rebuild_process(url: str, views: Sequence[str], *, helped: bool) -> Iterator[RebuildProcess]:
    """Lend one that is ended when it is left."""
    process = RebuildProcess(url, views, helped=helped)
    try:
        yield process
    finally:
        process.end()


def main() -> None:
    """Rebuild what is asked for on standard input; say how far it is, and what came of it, a line each."""
    from api.projecting import log_at
    from infra.database.connections import connect_pool

    configure_logs("WARNING")
    asked = json.load(sys.stdin)
    url = asked["url"]
    give_way()
    with log_at(url) as log, connect_pool(url, max_size=2, name="kiteline rebuild") as pool:
        try:
            opening = partial(log_at, url) if asked["helped"] else None
            done = rebuild(pool, log, asked["views"], lambda seen, total: _say(done=seen, total=total), opening)
        except RebuildRunning:
            _say(refused=RUNNING)
        except ReferenceChanged:
            _say(refused=CHANGED)
        else:
            _say(**asdict(done))


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
