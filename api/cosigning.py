"""The thread that asks witnesses to cosign our checkpoints (C2SP tlog-witness), and keeps what they answer."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from infra.database.connections import connect_pool
from infra.logs import get_logger
from infra.metrics import COSIGNATURES
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint, read_text
from infra.notes.cosignature import cosigned_at
from infra.notes.signed_note import NoteRefused, Verifier, read_signature
from projections.log_tiles import Tiles
from projections.merkle import consistency_proof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

_log = get_logger(__name__)
_TIMEOUT: Final = 10.0
_AGAIN_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 15.0
_MOST_ANSWER: Final = 65_536
_LAST: Final = """
SELECT note FROM log_checkpoint
WHERE origin = (SELECT source FROM log_epoch ORDER BY epoch DESC LIMIT 1) ORDER BY size DESC LIMIT 1
"""
_COSIGNED: Final = "SELECT witness FROM log_cosignature WHERE origin = %s AND size = %s"
_KEEP: Final = """
INSERT INTO log_cosignature (origin, size, witness, line) VALUES (%s, %s, %s, %s)
ON CONFLICT (origin, size, witness) DO UPDATE SET line = excluded.line, cosigned_at = clock_timestamp()
"""


class WitnessRefused(Exception):
    """A witness did not cosign: what it answered."""


class Cosigning:
    """Asks each witness for each new checkpoint; a witness that is away is asked again, and never waited for."""

    def __init__(self, database_url: str, witnesses: Mapping[str, Verifier]) -> None:
        """Start at once; does nothing without witnesses."""
        self._witnesses = witnesses
        self._sizes = dict.fromkeys(witnesses, 0)
        self._stop = threading.Event()
        self._news = threading.Event()
        self._refused: set[str] = set()
        self._pool = connect_pool(database_url, max_size=1, name="kiteline witnesses")
        self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """`ok`, or `failing` where a witness did not cosign the last checkpoint it was asked for."""
        return "failing" if self._refused else "ok"

    def signed(self, _note: str) -> None:
        """Hear that there is a new checkpoint."""
        self._news.set()

    def close(self) -> None:
        """Stop after the request under way."""
        self._stop.set()
        self._news.set()
        self._thread.join(_STOP_SECONDS)
        self._pool.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._pool.connection() as connection:
                    self._ask_all(connection)
            except Exception as error:  # noqa: BLE001 - the database away: tried again
                _log.warning("witnesses were not asked, trying again", exc_info=error)
            self._news.wait(_AGAIN_SECONDS)
            self._news.clear()

    def _ask_all(self, connection: Connection[Any]) -> None:
        row = connection.execute(_LAST).fetchone()
        if row is None:
            return
        checkpoint = read_text(signed_note.read(row[0]).text)
        have = {one[0] for one in connection.execute(_COSIGNED, (checkpoint.origin, checkpoint.size))}
        for address, witness in self._witnesses.items():
            if witness.name in have or self._stop.is_set():
                continue
            try:
                line = self._cosigned(connection, address, witness, checkpoint, row[0])
            except (OSError, http.client.HTTPException, NoteRefused, WitnessRefused) as error:
                self._refused.add(address)
                COSIGNATURES.labels("refused").inc()
                _log.warning("a witness did not cosign", witness=witness.name, size=checkpoint.size, why=str(error))
                continue
            connection.execute(_KEEP, (checkpoint.origin, checkpoint.size, witness.name, line))
            self._refused.discard(address)
            self._sizes[address] = checkpoint.size
            COSIGNATURES.labels("cosigned").inc()

    def _cosigned(
        self, connection: Connection[Any], address: str, witness: Verifier, checkpoint: Checkpoint, note: str
    ) -> str:
        """Return the witness's line; it tells from where to go on where we do not know."""
        for _ in range(2):
            old = min(self._sizes[address], checkpoint.size)
            proof = consistency_proof(old, checkpoint.size, Tiles(connection).node)
            lines = [f"old {old}", *(b64encode(one).decode() for one in proof), ""]
            status, answer = _post(f"{address}/add-checkpoint", ("\n".join(lines) + "\n" + note).encode())
            if status == http.client.OK:
                return _own_line(witness, checkpoint, answer)
            if status != http.client.CONFLICT or not answer.strip().isdigit():
                break
            seen = int(answer)
            if seen > checkpoint.size or seen == old:
                raise WitnessRefused(f"saw {seen} leaves, other than ours of {checkpoint.size}")
            self._sizes[address] = seen
        raise WitnessRefused(f"answered {status}")


def _own_line(witness: Verifier, checkpoint: Checkpoint, answer: str) -> str:
    for line in answer.splitlines():
        signature = read_signature(line)
        if (signature.name, signature.key_id) == (witness.name, witness.key_id):
            cosigned_at(witness, checkpoint.text, signature)
            return line
    raise NoteRefused(f"no cosignature of {witness.name}")


def _post(url: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "text/plain; charset=utf-8"})  # noqa: S310 - http(s) only, as witness_keys sees to
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - as above
            return answer.status, answer.read(_MOST_ANSWER).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_MOST_ANSWER).decode("utf-8", "replace")
