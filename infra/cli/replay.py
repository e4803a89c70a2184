"""`kiteline replay`: a member's history on two clocks, in the order in which things happened."""

from __future__ import annotations

from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from infra.failures import OperatorFailure
from infra.settings import load_settings

if TYPE_CHECKING:
    from infra.recording.application import Kiteline

app = typer.Typer()


class NothingToReplay(OperatorFailure):
    """There is no such member, or a moment cannot be read."""

    exit_code = 2


@app.command()
def replay(  # noqa: PLR0913, PLR0917 - the command's options
    member: Annotated[UUID, typer.Argument(help="the member's id", metavar="MEMBER")],
    as_of: Annotated[str | None, typer.Option(help="as true at this time, date (its end) or month (its end)")] = None,
    known_at: Annotated[str | None, typer.Option(help="as known at this time, or at this position of the log")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="the items of GET /v1/members/{id}/history?effects=true")
    ] = False,
    diff_from: Annotated[
        str | None, typer.Option(help="what differs from what was known at this time or position, as JSON")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="write a signed evidence sheet to this PDF, and its JSON bundle beside it")
    ] = None,
    fields: Annotated[
        str | None, typer.Option(help="with --evidence: personal data to print (name,phone,…); the read is on record")
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="what the personal data is for")] = None,
) -> None:
    """Print a member's history: what happened, who recorded it, what was corrected by what, effects, states."""
    purpose = purpose.strip() or None if purpose is not None else None
    if (fields is None) != (purpose is None) or (fields is not None and evidence is None):
        raise NothingToReplay(
            "--fields 须与 --evidence、--purpose 同用。", "--fields goes with --evidence and --purpose."
        )
    if evidence is not None:
        from infra.cli.evidence import write_evidence

        write_evidence(member, evidence, as_of=as_of, known_at=known_at, fields=fields, purpose=purpose)
        return
    if diff_from is not None:
        from infra.cli.evidence import print_differences

        print_differences(member, as_of=as_of, known_at=known_at, diff_from=diff_from)
        return
    import orjson

    from domain.member.merging.belonging import merged_into
    from domain.times import as_of_us, day_end_us, local_day
    from infra.cli.database import opened_database
    from infra.cli.replay_table import print_history
    from infra.recording.application import Kiteline
    from projections.effects import tell_effects
    from projections.history import replay as replayed

    try:
        moment_us = as_of_us(as_of) if as_of is not None else day_end_us(local_day(time_ns() // 1_000))
        known_us = as_of_us(known_at) if known_at is not None and not known_at.isdecimal() else None
    except (ValueError, OverflowError):
        raise NothingToReplay(
            "不能识别的时间：应为带时区的时间、日期或月份。", "A moment is a time with offset, a date or a month."
        ) from None
    with opened_database(load_settings()) as url:
        kiteline = Kiteline(url, readers=1)
        try:
            reference = kiteline.refresh_reference()
            ledger = kiteline.members.load(member, reference)
            position = _known_position(kiteline, known_at, known_us)
            reference = kiteline.reference_at(position)
        finally:
            kiteline.close()
    told = ledger.linked or ledger.facts
    if not told:
        raise NothingToReplay(f"没有这个党员：{member}。", f"There is no member {member}.")
    into = merged_into(member, told, position)
    if into is not None:
        raise NothingToReplay(f"{member} 已并入 {into}。", f"{member} was merged into {into}: replay that one.")
    items = replayed(ledger.known(position), reference, as_of_us=moment_us, member=member)
    tell_effects(items, ledger.known, reference, moment_us, states=True)
    if as_json:
        answer = {"member_id": str(member), "known_position": position, "items": items}
        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    print_history(member, items, reference, as_of=as_of, known_position=position if known_at is not None else None)


def _known_position(kiteline: Kiteline, known_at: str | None, known_us: int | None) -> int:
    """Return the last position that was known; `known_us` where `known_at` is a time."""
    from domain.times import instant
    from infra.event_store.reading import position_by

    if known_us is not None:
        with kiteline.log.reading() as connection:
            return position_by(connection, instant(known_us))
    head = kiteline.log.max_notification_id() or 0
    return head if known_at is None else min(int(known_at), head)
