"""What registers told of their members, read back from the log: where each life goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.member.events import MemberRegistered
from domain.member.fold import fold
from domain.times import local_day
from infra.demo.lives import Found
from infra.recording.mapper import fact_from_row
from infra.vault.fields import IDENTITY_NUMBER

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference
    from infra.recording.application import Kiteline
    from infra.vault.vault import Vault

_PAGE: Final = 2_000
_TOGETHER: Final = 500


def found_in_registers(kiteline: Kiteline, vault: Vault) -> list[tuple[Found, UUID]]:
    """Return the members whom imports registered, in the order of their identity numbers, as imports left them."""
    reference = kiteline.refresh_reference()
    found: list[tuple[Found, UUID]] = []
    for ids in _registered(kiteline):
        with kiteline.log.reading() as connection:
            numbers = vault.open_many(connection, ids, [IDENTITY_NUMBER])
        for member_id, rows in kiteline.log.read_streams(ids).items():
            facts = [fact_from_row(row) for row in rows]
            if facts[0].via == "IMPORT" and member_id in numbers:
                found.append((_found(numbers[member_id][IDENTITY_NUMBER], facts, reference), member_id))
    found.sort(key=lambda one: one[0].number)
    return found


def _registered(kiteline: Kiteline) -> Iterator[list[UUID]]:
    position = 1
    ids: list[UUID] = []
    while rows := kiteline.log.read_log(position, _PAGE):
        ids.extend(row.originator_id for row in rows if row.topic == MemberRegistered.fact)
        position = rows[-1].position + 1
        while len(ids) >= _TOGETHER:
            yield ids[:_TOGETHER]
            ids = ids[_TOGETHER:]
    if ids:
        yield ids


def _found(number: str, facts: list[Fact], reference: Reference) -> Found:
    state = fold([fact for fact in facts if fact.via == "IMPORT"], reference)
    branch, movement = state.affiliation or "", state.movement
    if movement is None:
        return Found(number, branch, None, "unknown", "closed")
    leg = movement.leg
    left = local_day(movement.departed_us or leg.departed_us)
    host = leg.branch or leg.accepted_by
    return Found(number, branch, left, leg.destination(), movement.stage, host)
