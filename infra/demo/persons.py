"""Whom one may be in the demo's console: a person for each role, at the places that the demo's year is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from infra.demo.marker import FOLDER
from infra.tokens.principal import Role
from infra.tokens.ready_persons import ReadyPerson, write_persons

if TYPE_CHECKING:
    from pathlib import Path

    from infra.demo.marker import Marker

_FILE: Final = "persons.json"
_OFFICIALS: Final = (
    ReadyPerson("secretary:demo", "赵样例", Role.BRANCH_SECRETARY, organisation="620621-01-01"),
    ReadyPerson("worker:demo", "钱样例", Role.COMMUNITY_WORKER, organisation="620102"),
    ReadyPerson("department:demo", "孙样例", Role.ORGANISATION_DEPARTMENT, region="620000"),
    ReadyPerson("liaison:demo", "李样例", Role.LIAISON, organisation="620621-01"),
    ReadyPerson("auditor:demo", "周样例", Role.AUDITOR, region="000000"),
    ReadyPerson("operator:demo", "吴样例", Role.OPERATOR, region="000000"),
    ReadyPerson("sister:demo", "郑样例", Role.SISTER_SYSTEM, region="510104"),
)


def demo_persons(marker: Marker) -> list[ReadyPerson]:
    """Return one person a role; the member is the one whose history is worth replaying."""
    member = UUID(marker.story) if marker.story is not None else None
    mine = [ReadyPerson(f"member:{member}", "王样例", Role.MEMBER, member=member)] if member is not None else []
    first, *rest = _OFFICIALS
    return [first, *mine, *rest]


def set_out(home: Path, marker: Marker) -> Path:
    """Write the file of ready persons beside the demo's data; returns where."""
    path = home / FOLDER / _FILE
    write_persons(path, demo_persons(marker))
    return path
