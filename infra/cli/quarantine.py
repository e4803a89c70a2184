"""`kiteline quarantine list|retry|drop`: events of sister deployments that could not be recorded, and what to do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from infra.failures import OperatorFailure
from infra.settings import load_settings

if TYPE_CHECKING:
    from infra.sisters.quarantine import Waiting
    from infra.sisters.taking import Inbox

app = typer.Typer(
    help="兄弟地区发来而未能记录的事件 Events of sisters that could not be recorded.", no_args_is_help=True
)
_LATER: Final = frozenset({"not_introduced", "behind_another"})
_Ids = Annotated[list[int] | None, typer.Argument(help="numbers as listed", metavar="NUMBER...")]


class NothingSuch(OperatorFailure):
    """Nothing waits under this number."""

    exit_code = 2


@app.command("list")
def list_(
    deployment: Annotated[str | None, typer.Option(help="of one sister only")] = None,
    reason: Annotated[str | None, typer.Option(help="for one reason only, by its code")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line, with the event as it came")] = False,
) -> None:
    """List what waits, oldest first; what waits for an introduction or behind another is taken by itself later."""
    with _inbox() as inbox:
        for one in _every(inbox, deployment, reason):
            typer.echo(_json(one) if as_json else _line(one))
        counts = inbox.quarantine.counts()
    if not as_json:
        told = "，".join(f"{code} {count}" for code, count in sorted(counts.items())) or "没有 nothing waits"
        typer.echo(told)


@app.command()
def retry(
    numbers: _Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="whatever does not wait for an introduction")] = False,
) -> None:
    """Try again, in the order in which it came; exit code 1 if something still cannot be recorded."""
    with _inbox() as inbox:
        chosen = _chosen(inbox, numbers, everything=everything)
        for one in chosen:
            inbox.retry(one)
        numbers = [one.quarantine_id for one in chosen]
        left = [one for one in _every(inbox, None, None) if one.quarantine_id in numbers]
    for one in left:
        typer.echo(_line(one))
    typer.echo(f"已处理 settled: {len(chosen) - len(left)}，仍在等待 still waiting: {len(left)}")
    if left:
        raise typer.Exit(1)


@app.command()
def drop(numbers: Annotated[list[int], typer.Argument(help="numbers as listed", metavar="NUMBER...")]) -> None:
    """Give events up: what they say is deleted and never recorded, and what waits behind them is."""
    with _inbox() as inbox:
        chosen = _chosen(inbox, numbers, everything=False)
        dropped = sum(inbox.drop(one) for one in chosen)
    typer.echo(f"已放弃 dropped: {dropped}")


@contextlib.contextmanager
def _inbox() -> Iterator[Inbox]:
    from api.service import open_service
    from infra.cli.database import opened_database

    settings = load_settings()
    with opened_database(settings) as url, open_service(settings, url, projecting=False) as service:
        service.log_keeping.must_be_sound()
        yield service.inbox


def _every(inbox: Inbox, deployment: str | None, reason: str | None) -> Iterator[Waiting]:
    after = 0
    while page := inbox.quarantine.listed(deployment=deployment, code=reason, after=after):
        yield from page
        after = page[-1].quarantine_id


def _chosen(inbox: Inbox, numbers: list[int] | None, *, everything: bool) -> list[Waiting]:
    waiting = {one.quarantine_id: one for one in _every(inbox, None, None)}
    if everything:
        return [one for one in waiting.values() if one.code not in _LATER]
    unknown = [number for number in numbers or [] if number not in waiting]
    if unknown or not numbers:
        named = ", ".join(map(str, unknown)) or "-"
        raise NothingSuch(f"没有等待处理的编号：{named}。", f"Nothing waits under: {named}.")
    return [waiting[number] for number in sorted(set(numbers))]


def _line(one: Waiting) -> str:
    when = f"{one.arrived_at:%Y-%m-%d %H:%M}"
    whose = f"{one.deployment or '?'} {one.subject or '-'}"
    return f"{one.quarantine_id:>6}  {when}  {whose}  {one.fact or '?'}  {one.code}  {one.detail}"


def _json(one: Waiting) -> str:
    told = one._asdict() | {
        "event": one.event.decode(errors="replace"),
        "arrived_at": one.arrived_at.isoformat(),
        "tried_at": one.tried_at.isoformat(),
    }
    return json.dumps(told, ensure_ascii=False)
