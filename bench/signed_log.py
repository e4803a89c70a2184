"""A large log with all that proves it, as a deployment keeps it: `python -m bench.signed_log 1000000`.

Beside a log of `bench.large_log` and its read models: made-up personal data of every member in the vault, the feeds of
all regions, the tree over the whole log, and a checkpoint signed at every 4,000 events. The folder is the home of a
deployment: `KITELINE_HOME=<folder> kiteline verify` looks at it as at any other.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection

from bench.large_log import LargeLog, large_log
from bench.people import people
from infra.event_store.epochs import keep_source, present_source
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import VaultWrite
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint
from infra.notes.log_keys import load_log_keys
from infra.notes.outside_copy import OutsideCopy
from infra.recording.mapper import cloud_event
from infra.settings import Settings
from infra.vault.configured import configured_vault
from projections import region_feeds
from projections.log_tiles import Tiles, TreeWriter
from projections.merkle import leaf_hash

_PAGE: Final = 4_000
_FEED_PAGE: Final = 20_000
_PEOPLE_AT_ONCE: Final = 2_000

_IS_MADE: Final = "SELECT FROM bench.made WHERE what = 'proved'"
_MADE: Final = "INSERT INTO bench.made (what) VALUES ('proved')"
_EMPTY: Final = """
TRUNCATE vault_key, vault_field, vault_index, vault_token, feed_entry, feed_head, log_tile,
         log_checkpoint, log_cosignature;
UPDATE feed_progress SET position = 0
"""
_UNLOCK: Final = "ALTER TABLE feed_entry DISABLE TRIGGER USER"
_LOCK: Final = "ALTER TABLE feed_entry ENABLE TRIGGER USER"
_MEMBERS: Final = "SELECT originator_id FROM log WHERE topic = 'member_registered'"
_KEEP: Final = "INSERT INTO log_checkpoint (origin, size, root, note) VALUES (%s, %s, %s, %s)"
_SETTLE: Final = "VACUUM (ANALYZE) feed_entry, log_tile, vault_key, vault_field, vault_index, vault_token"
_VAULT: Final[tuple[LiteralString, ...]] = (
    "COPY vault_key (member_id, master_version, wrapped) FROM STDIN",
    "COPY vault_field (member_id, field, ciphertext) FROM STDIN",
    "COPY vault_index (key_version, digest, member_id) FROM STDIN",
    "COPY vault_token (kind, token, member_id) FROM STDIN",
)


@contextmanager
def signed_log(events: int, *, home: Path | None = None) -> Iterator[tuple[LargeLog, Path]]:
    """Start the server of a log of about so many events with all that proves it; give its folder as a home too."""
    with large_log(events, read_models=True, home=home) as made:
        folder = made.server.cluster.root.parent
        with psycopg.connect(made.url, autocommit=True) as connection:
            if connection.execute(_IS_MADE).fetchone() is None:
                _prove(connection, made.url, Settings(home=folder))
        yield made, folder


def _prove(connection: Connection[Any], url: str, settings: Settings) -> None:
    connection.execute("SET lock_timeout = 0")
    connection.execute(region_feeds.UNHURRIED)
    connection.execute(_UNLOCK)
    connection.execute(_EMPTY)
    connection.execute(_LOCK)
    keep_source(url, settings.deployment)
    fill_vault(connection, settings)
    say("vault filled")
    while region_feeds.write_page(connection, _FEED_PAGE)[0]:
        pass
    say("feeds written")
    grow_and_sign(connection, url, settings)
    say("tree grown and signed")
    connection.execute(_SETTLE)
    connection.execute(_MADE)


def fill_vault(connection: Connection[Any], settings: Settings) -> None:
    """Seal made-up personal data of every member of the log."""
    vault, persons = configured_vault(settings), people()
    with connection.transaction(), connection.cursor("registered") as members:
        members.execute(_MEMBERS)
        while batch := members.fetchmany(_PEOPLE_AT_ONCE):
            writes = []
            for (member,) in batch:
                person = next(persons)
                personal = {"name": person.name, "phone": person.phone}
                writes.append(vault.seal_person(member, personal, person.number))
            _copy(connection, writes)


def _copy(connection: Connection[Any], writes: list[VaultWrite]) -> None:
    rows: tuple[list[tuple[object, ...]], ...] = ([], [], [], [])
    for write in writes:
        rows[0].append((write.member_id, write.master_version, write.wrapped_key))
        rows[1].extend((write.member_id, *one) for one in write.fields)
        rows[2].extend((*one, write.member_id) for one in write.index)
        rows[3].extend((*one, write.member_id) for one in write.tokens)
    for statement, lines in zip(_VAULT, rows, strict=True):
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for line in lines:
                copy.write_row(line)


def grow_and_sign(connection: Connection[Any], url: str, settings: Settings) -> None:
    """Grow the tree over the log, and sign it after every page, in the database and outside."""
    writer, source = TreeWriter(connection), present_source(url)
    signers, outside = load_log_keys(settings).signers(source), OutsideCopy(settings.home)
    recorder = KitelineRecorder(url, readers=1)
    note = ""
    while rows := recorder.read_log(writer.size + 1, _PAGE):
        writer.add([leaf_hash(cloud_event(row, source)) for row in rows])
        checkpoint = Checkpoint(source, writer.size, Tiles(connection).root(writer.size))
        note = signed_note.write(checkpoint.text, [one.sign(checkpoint.text) for one in signers])
        connection.execute(_KEEP, (source, writer.size, checkpoint.root, note))
    outside.keep(source, note)
    recorder.close()


def say(what: str) -> None:
    """Tell how far the making is."""
    print(f"  {time.strftime('%H:%M:%S')} {what}", flush=True)


def main() -> None:
    """Make a log, and say where it is and how large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    options = parser.parse_args()
    started = time.perf_counter()
    with signed_log(options.events) as (made, folder):
        seconds = time.perf_counter() - started
        print(f"{made.events:,} events of {made.members:,} members in {seconds:.0f} s: {folder}")


if __name__ == "__main__":
    main()
