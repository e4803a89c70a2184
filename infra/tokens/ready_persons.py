"""Persons to sign in as without a password, one line of a file each: for trying things out on synthetic data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from infra.failures import OperatorFailure
from infra.tokens.principal import Role


class PersonsUnreadable(OperatorFailure):
    """The file of ready persons is not there, or not one."""


@dataclass(frozen=True, slots=True)
class ReadyPerson:
    """Somebody to sign in as; `subject` is opaque and always the same, `name` what the console's head shows."""

    subject: str
    name: str
    role: Role
    organisation: str | None = None
    region: str | None = None
    member: UUID | None = None


def write_persons(path: Path, persons: list[ReadyPerson]) -> None:
    """Write the file that `read_persons` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(persons, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_persons(path: Path | None) -> list[ReadyPerson]:
    """Read the file of the settings; nobody without one. Raises PersonsUnreadable."""
    if path is None:
        return []
    try:
        return [_person(one) for one in orjson.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PersonsUnreadable(
            f"KITELINE_READY_PERSONS 指定的文件无法读取：{path}。",
            f"The file that KITELINE_READY_PERSONS names cannot be read: {path}.",
        ) from error


_TEXTS: Final = ("subject", "name", "organisation", "region")


def _person(said: dict[str, Any]) -> ReadyPerson:
    member = said.get("member")
    texts = {name: said[name] for name in _TEXTS if said.get(name) is not None}
    return ReadyPerson(**texts, role=Role(said["role"]), member=None if member is None else UUID(member))
