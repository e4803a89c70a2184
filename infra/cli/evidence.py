"""What `kiteline replay` has the service's parts make: evidence on paper and as JSON, two knowledges compared."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
import typer

from infra.failures import OperatorFailure
from infra.settings import load_settings

if TYPE_CHECKING:
    from api.service import Service


class NoEvidence(OperatorFailure):
    """There is no such member, a moment cannot be read, or a file cannot be written."""

    exit_code = 2


def write_evidence(
    member: UUID, file: Path, *, as_of: str | None, known_at: str | None, fields: str | None, purpose: str | None
) -> None:
    """Write the sheet, and the bundle beside it with the suffix .json. Raises NoEvidence."""
    from api.evidence_making import evidence_of, sheet_of
    from api.personal_reads import read_personal
    from infra.tokens.principal import Principal, Role

    if file.suffix.lower() != ".pdf":
        raise NoEvidence(f"应为 PDF 文件名：{file}。", f"The sheet is a PDF: {file} does not end in .pdf.")
    who = f"kiteline replay ({getpass.getuser()})"
    with _service() as service:
        content = evidence_of(service, member, as_of=as_of, known_at=known_at, made_by=who)
        told: dict[str, str] = {}
        if fields is not None and purpose is not None:
            principal = Principal(who, Role.OPERATOR)
            told = read_personal(service, principal, member, _fields(fields), purpose)
        sheet = b"" if content is None else sheet_of(service, member, content, told)
    if content is None:
        raise NoEvidence(f"没有这个党员：{member}。", f"There is no member {member}.")
    bundle = file.with_suffix(".json")
    try:
        bundle.write_bytes(content)
        file.write_bytes(sheet)
    except OSError as error:
        raise NoEvidence(f"无法写入 {error.filename}。", f"{error.filename} cannot be written.") from error
    typer.echo(f"{file}\n{bundle}")


def print_differences(member: UUID, *, as_of: str | None, known_at: str | None, diff_from: str) -> None:
    """Print what differs between two knowledges of a member's history, as JSON. Raises NoEvidence."""
    from api.histories import compared

    with _service() as service:
        found = compared(service, member, as_of=as_of, known_at=known_at, diff_from=diff_from)
    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@contextmanager
def _service() -> Iterator[Service]:
    """Open the parts of the service, which sign the log's tree where no running service does; problems are told."""
    from api.problems import Problem
    from api.service import open_service
    from infra.cli.database import opened_database
    from infra.recording.errors import MergedInto

    settings = load_settings()
    try:
        with opened_database(settings) as url, open_service(settings, url) as service:
            yield service
    except Problem as problem:
        raise NoEvidence(problem.detail.zh, problem.detail.en) from problem
    except MergedInto as merged:
        raise NoEvidence(f"已并入 {merged.kept}。", f"It was merged into {merged.kept}: ask for that one.") from merged


def _fields(text: str) -> list[str]:
    from api.members import FIELDS

    names = sorted({name.strip() for name in text.split(",")})
    if not set(names) <= set(FIELDS):
        raise NoEvidence(f"--fields 应为：{'、'.join(FIELDS)}。", f"--fields are among {', '.join(FIELDS)}.")
    return names
