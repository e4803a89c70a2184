"""Looks at the vault: the blind index says of every member what their identity number says, and of nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings
from infra.vault.cipher import Unreadable
from infra.vault.fields import IDENTITY_NUMBER

if TYPE_CHECKING:
    from psycopg import Connection

    from infra.cli.verifying.crew import Crew
    from infra.cli.verifying.findings import Progress
    from infra.cli.verifying.tools import Tools
    from infra.vault.vault import Vault

_PAGE: Final = 1_000
_MEMBERS: Final = "SELECT member_id FROM vault_key WHERE member_id > %s ORDER BY member_id LIMIT %s"
_INDEXED: Final = "SELECT member_id, key_version, digest FROM vault_index WHERE member_id = ANY (%s)"
_ORPHANS: Final = """
SELECT DISTINCT i.member_id FROM vault_index AS i
WHERE NOT EXISTS (SELECT FROM vault_key AS k WHERE k.member_id = i.member_id)
LIMIT 1000
"""
_COUNT: Final = "SELECT count(*) FROM vault_key"
_DISAGREES: Final = Sentence(
    "盲索引与保险库中 {member} 的身份证号不符",
    "The blind index disagrees with the identity number that the vault keeps of {member}.",
)
_SEALED: Final = Sentence(
    "{member} 的保险库内容无法打开：被改动，或主密钥不符",
    "What the vault keeps of {member} does not open: altered, or under another key.",
)
_NOBODY: Final = Sentence(
    "盲索引指向 {member}，保险库中并无此人的密钥", "The blind index points at {member}, of whom the vault has no key."
)


@dataclass(frozen=True, slots=True)
class People:
    """Some members of the vault, as a piece of a verification."""

    members: list[UUID]

    def __call__(self, tools: Tools) -> Findings:
        """Open every identity number, and compare; nothing personal is told."""
        findings = Findings()
        connection, vault = tools.connection, tools.vault
        indexed: defaultdict[UUID, set[tuple[int, bytes]]] = defaultdict(set)
        for member, version, digest in connection.execute(_INDEXED, (self.members,)):
            indexed[member].add((version, bytes(digest)))
        for member, number in _numbers(connection, vault, self.members, findings).items():
            right = set(vault.identity_digests(number)) if number is not None else set()
            # While keys are rotated, entries of a version that is not held any more may still stand.
            held = {version for version, _ in right}
            if {one for one in indexed[member] if one[0] in held or not held} != right:
                findings.add("blind_index_differs", member, _DISAGREES.filled(member=member))
        return findings


def check_vault(connection: Connection[Any], crew: Crew, findings: Findings, progress: Progress) -> None:
    """Look at all members of the vault, a thousand at a time, and at entries that point at nobody."""
    before = findings.total
    (total,) = connection.execute(_COUNT).fetchone() or (0,)
    for seen, found in enumerate(crew.each(_people(connection)), 1):
        findings.extend(found)
        progress(min(seen * _PAGE, total), total)
    for (member,) in connection.execute(_ORPHANS):
        findings.add("blind_index_orphan", member, _NOBODY.filled(member=member))
    findings.looked_at(Sentence("盲索引与保险库", "blind index and vault"), str(total), before)


def _people(connection: Connection[Any]) -> Iterator[People]:
    last = UUID(int=0)
    while members := [row[0] for row in connection.execute(_MEMBERS, (last, _PAGE))]:
        last = members[-1]
        yield People(members)


def _numbers(
    connection: Connection[Any], vault: Vault, members: list[UUID], findings: Findings
) -> dict[UUID, str | None]:
    try:
        opened = vault.open_many(connection, members, [IDENTITY_NUMBER])
        return {member: opened.get(member, {}).get(IDENTITY_NUMBER) for member in members}
    except (Unreadable, KeyError):
        if len(members) > 1:
            halves = members[: len(members) // 2], members[len(members) // 2 :]
            found: dict[UUID, str | None] = {}
            for half in halves:
                found |= _numbers(connection, vault, half, findings)
            return found
        findings.add("vault_unreadable", members[0], _SEALED.filled(member=members[0]))
        return {}
