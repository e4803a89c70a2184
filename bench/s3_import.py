"""S3: the write phase of a register's import against COPY of the rows finally written, vault and search rows included.

A register of 20,000 synthetic people is read, decided, sealed and appended by the real import. What it handed to the
log is then handed over again, to the log of another database, in the same chunks, one appended while the next is
packed: that is the write phase. The rows that are then in its tables are copied, binary, into a third database of the
same schema with the same indexes. Both figures are rows finally written a second. Beside it: the whole import in
register rows a second, and its seconds by stage. The interpreter is settled as the service's is.
Not measured: the upload, the annotated errors file.
"""

import argparse
import gc
import io
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import psycopg
import xlsxwriter
from psycopg import sql

from bench.harness import Bar, Measured, await_quiet, in_turn, report
from domain.identity import make_identity_number
from domain.organisation import OrganisationRegistered
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.recorder import KitelineRecorder
from infra.event_store.save import Save, Saved
from infra.interpreter import settle_interpreter
from infra.recording.application import Kiteline
from infra.recording.desk import Desk
from infra.recording.drafts import Caller
from infra.recording.import_report import ImportReport
from infra.recording.imports import Importer
from infra.recording.organisations import ReferenceDesk
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault

BAR = Bar("S3", "rows/s", "COPY of the rows finally written", floor=0.3, aim=0.6)
TABLES = ("log", "stream_head", "vault_key", "vault_field", "vault_index", "vault_token")
COMMITTEE, BRANCH = "bench-committee", "bench-branch"
HEADS = [
    "姓名",
    "公民身份号码",
    "党员类别",
    "联系电话",
    "流出党支部",
    "流出时间",
    "流出原因",
    "流入地",
    "外出从业单位",
    "备注",
]
SAME_FOR_ALL = ["样例第一支部", "2025年3月5日", "务工", "兰州城关区", "样例公司", "无"]
_FIRST_BIRTHDAY = date(1950, 1, 1)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=20_000)
    options = parser.parse_args()
    numbers = count()
    reports: list[ImportReport] = []
    copies: list[tuple[int, dict[str, bytes]]] = []
    content = register(options.rows)
    with tempfile.TemporaryDirectory(prefix="kiteline-bench-") as folder, EmbeddedPostgres(Path(folder)) as server:

        def ours() -> float:
            done, total, saves = import_it(_database(server, next(numbers)), content)
            url = _database(server, next(numbers))
            before = _rows_of(url)
            seconds = written_in(url, saves)
            written = _rows_of(url) - before
            reports.append(done)
            copies.append((written, _copied_out(url)))
            done.seconds["whole"] = total
            return written / seconds

        def peer() -> float:
            if not copies:
                ours()
            written, buffers = copies[-1]
            return written / _copy_in(_database(server, next(numbers)), buffers)

        settle_interpreter()
        await_quiet()
        rounds = in_turn(ours, peer, options.rounds)
        last = reports[-1]
        stages = {f"{stage} s": round(seconds, 2) for stage, seconds in last.seconds.items()}
        whole = round(options.rows / last.seconds["whole"])
        report(Measured(BAR, rounds, {"register rows": options.rows, "whole import, register rows/s": whole, **stages}))


def import_it(url: str, content: bytes) -> tuple[ImportReport, float, list[list[Save]]]:
    """Import a register by the real import; return its report, the seconds of all of it, and what the log was given."""
    kiteline = Kiteline(url)
    saves: list[list[Save]] = []
    submit_many = kiteline.log.submit_many

    def kept(chunk: Iterable[Save]) -> list[Future[Saved]]:
        saves.append(list(chunk))
        return submit_many(saves[-1])

    kiteline.log.submit_many = kept  # type: ignore[assignment, method-assign]
    desk = Desk(kiteline, Vault(MasterKey({1: b"k" * 32})), lambda: time.time_ns() // 1000)
    references = ReferenceDesk(desk)
    caller = Caller("bench", COMMITTEE, "IMPORT")
    references.register_many(
        [
            OrganisationRegistered(COMMITTEE, "样例县委", "COMMITTEE", "620621"),
            OrganisationRegistered(BRANCH, "样例第一支部", "BRANCH", "620621", COMMITTEE),
        ],
        caller,
    )
    saves.clear()
    started = time.perf_counter()
    done = Importer(desk, references).run(content, "register.xlsx", organisation=COMMITTEE, caller=caller)
    total = time.perf_counter() - started
    kiteline.close()
    if done.accepted != done.rows:
        raise SystemExit(f"{done.rejected} rows were rejected: {done.errors[:3]}")
    return done, total, saves


def written_in(url: str, chunks: list[list[Save]]) -> float:
    """Give saves to the log as the import does; return the seconds until all of them are durable."""
    recorder = KitelineRecorder(url)
    recorder.max_notification_id()
    gc.collect()
    started = time.perf_counter()
    under_way: list[Future[Saved]] = []
    for chunk in chunks:
        handed_over = recorder.submit_many(chunk)
        for one in under_way:
            one.result()
        under_way = handed_over
    for one in under_way:
        one.result()
    seconds = time.perf_counter() - started
    recorder.close()
    return seconds


def register(rows: int) -> bytes:
    """Write a register of synthetic people as an office would, in memory."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("流出")
        sheet.write_row(0, 0, ["样例县流出党员登记表"])
        sheet.write_row(1, 0, HEADS)
        for row in range(rows):
            born = _FIRST_BIRTHDAY + timedelta(days=row % 20_000)
            number = make_identity_number("990000", born, row // 20_000 + 1)
            phone = f"138{row:08d}"
            sheet.write_row(
                2 + row,
                0,
                [f"测试{row:05d}", number, "正式党员", phone, *SAME_FOR_ALL],
            )
    return buffer.getvalue()


def _database(server: EmbeddedPostgres, number: int) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        base = connection.info.dbname
        name = f"bench_{number}"
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = server.url.replace(f"/{base}?", f"/{name}?", 1)
    migrate(url)
    return url


def _rows_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        return sum(_count(connection, table) for table in TABLES)


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row is not None else 0


def _copied_out(url: str) -> dict[str, bytes]:
    found = {}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in TABLES:
            with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))) as copy:
                found[table] = b"".join(bytes(block) for block in copy)
    return found


def _copy_in(url: str, buffers: dict[str, bytes]) -> float:
    started = time.perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table, content in buffers.items():
            with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))) as copy:
                copy.write(content)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
