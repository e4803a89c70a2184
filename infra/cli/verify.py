"""`kiteline verify`: proves that the log is the one that was signed, beside the database or from the outside.

Exit codes: 0 everything holds; 1 something is wrong; 2 a setting or argument cannot be used; 3 the log, or what was
brought to measure it by, cannot be read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.settings import load_settings

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from infra.cli.verifying.findings import Findings, Progress
    from infra.cli.verifying.trust import Trust
    from infra.settings import Settings

app = typer.Typer()


@app.command()
def verify(  # noqa: PLR0913, PLR0917 - the options of a command
    key: Annotated[
        list[str] | None, typer.Option(help="verifier key line of the log, kept from earlier; without it the log's own")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="file with the checkpoint that was right last time; replaced when all holds")
    ] = None,
    url: Annotated[str | None, typer.Option(help="look from the outside at the service of this address")] = None,
    token: Annotated[str | None, typer.Option(help="an auditor's token: with --url, look at every entry too")] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="address of a witness (…/v1/log): what it saw is compared too")
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(help="look at this evidence instead, bundle or sheet, offline; with --key the log's line"),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="beside the database: how many processes look; as many as cores, 1 if short"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="what was looked at and found, as JSON")] = False,
) -> None:
    """Prove the log: signature, tree, every event; beside the database streams, feeds, read models and blind index too.

    As strong as the key and the earlier checkpoint that you bring. Exit codes: 0 everything holds, 1 something is
    wrong, 2 a setting cannot be used, 3 the log cannot be read.
    """
    from infra.cli.verifying.findings import Findings
    from infra.cli.verifying.trust import Trust, keep_state, read_keys, read_state

    findings = Findings()
    brought = Trust(read_keys(key or []), read_state(state), tuple(witness or []))
    if evidence is not None:
        from infra.cli.verifying.evidence_check import check_evidence

        note = check_evidence(evidence, brought, findings)
    else:
        note = (
            _outside(url, token, brought, findings) if url else _beside(load_settings(), brought, findings, processes)
        )
    _print(findings, brought, as_json=as_json)
    if findings.total:
        raise typer.Exit(1)
    if state is not None and note is not None and evidence is None:
        keep_state(state, note)


def _outside(url: str, token: str | None, brought: Trust, findings: Findings) -> str | None:
    from infra.cli.verifying.over_http import LogAt, check_over_http
    from infra.cli.verifying.trust import read_keys

    log = LogAt(url, token)
    lines = [] if brought.keys else log.needed("key").decode("utf-8", "replace").splitlines()
    with _progress("切片 tiles", findings) as progress:
        return check_over_http(log, brought.or_own(read_keys(lines)), findings, progress, leaves=token is not None)


def _beside(settings: Settings, brought: Trust, findings: Findings, processes: int | None) -> str | None:
    from concurrent.futures import ThreadPoolExecutor

    from infra.cli.database import opened_database
    from infra.cli.verifying.crew import crew_of, how_many
    from infra.cli.verifying.log_check import check_log
    from infra.cli.verifying.models_check import check_models
    from infra.cli.verifying.over_http import seen_by_witnesses
    from infra.cli.verifying.tools import PATIENT
    from infra.cli.verifying.vault_check import check_vault
    from infra.database.connections import connect_pool
    from infra.notes.log_keys import load_log_keys
    from infra.notes.outside_copy import OutsideCopy
    from infra.notes.standing import how_it_stands

    with (
        opened_database(settings) as url,
        connect_pool(url, max_size=4, name="kiteline verify") as pool,
        pool.connection() as connection,
    ):
        connection.execute(PATIENT)
        stands = how_it_stands(connection, OutsideCopy(settings.home))
        trust = brought.or_own(one.verifier for one in load_log_keys(settings).signers(stands.origin))
        seen = seen_by_witnesses(stands.origin, trust, findings).values()
        with (
            ThreadPoolExecutor(1, "kiteline-verify") as aside,
            crew_of(processes or how_many(stands.head), url, settings) as crew,
        ):
            # The database's own work, beside that of the processes.
            asked = aside.submit(_ask_database, pool)
            with _progress("事件 events", findings) as progress:
                check_log(connection, crew, stands, trust, findings, progress, seen)
            with _progress("流与地区事件流 streams and feeds", findings):
                findings.extend(asked.result())
            with _progress("保险库 vault", findings) as progress:
                check_vault(connection, crew, findings, progress)
            with _progress("读模型 read models", findings) as progress:
                check_models(pool, crew, findings, progress)
    return stands.notes[0] if stands.notes else None


def _ask_database(pool: ConnectionPool[Connection[TupleRow]]) -> Findings:
    from infra.cli.verifying.feeds_check import check_feeds
    from infra.cli.verifying.findings import Findings
    from infra.cli.verifying.streams import check_streams

    found = Findings()
    with pool.connection() as connection:
        check_streams(connection, found)
        check_feeds(connection, found)
    return found


@contextmanager
def _progress(what: str, findings: Findings) -> Iterator[Progress]:
    """Show how far a part has come, and note how long one waited for it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        began = time.perf_counter()
        yield lambda done, total: bar.update(task, completed=done, total=total)
        findings.took[what] = time.perf_counter() - began


def _print(findings: Findings, brought: Trust, *, as_json: bool) -> None:
    if as_json:
        import orjson

        checks = [{"check": what.en, "looked_at": seen, "holds": holds} for what, seen, holds in findings.checks]
        found = [
            {
                "code": one.code,
                "where": one.where,
                "since": one.since or None,
                "detail": one.sentence.en,
                "说明": one.sentence.zh,
            }
            for one in findings.shown
        ]
        seconds = {what: round(taken, 3) for what, taken in findings.took.items()}
        told = {"checks": checks, "findings": found, "counts": findings.counts, "seconds": seconds}
        print(orjson.dumps(told).decode())
        return
    for what, seen, holds in findings.checks:
        print(f"{'✓' if holds else '✗'} {what.zh} {what.en}: {seen}")
    for one in findings.shown:
        since = f"（此后 after {one.since}）" if one.since else ""
        print(f"✗ [{one.code}] {one.where}{since}\n  {one.sentence.zh}\n  {one.sentence.en}")
    for code, count in findings.counts.items():
        if count > 1:
            print(f"  {code}: {count}")
    if findings.took:
        print("用时 seconds: " + ", ".join(f"{what} {taken:.1f}" for what, taken in findings.took.items()))
    if not brought.keys:
        print("未带 --key：只证明日志与它自己的密钥相符。 No --key was brought: the log is proved by its own key only.")
    if brought.state is None and not brought.witnesses:
        print(
            "未带先前的检查点：被整体改写的日志看不出来。 No earlier checkpoint was brought: a log rewritten whole and"
        )
        print("signed again with its own key cannot be told.")
