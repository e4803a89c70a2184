"""What a fact says for the sake of other deployments, or because of what they said, when it is recorded here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.member import events as e
from domain.member.introduction import MemberIntroduced

if TYPE_CHECKING:
    from domain.fact import Body
    from infra.recording.members import Ledger

Introduce = Callable[[str, str], str]
"""Signs a member, by id, and their movement to whoever receives them in another deployment."""


def between_deployments(ledger: Ledger, body: Body, introduce: Introduce | None) -> Body:
    """Return what a fact says once what other deployments need, or said, is in it.

    A prompt carries the introduction that the member takes along. A check-in of somebody who was introduced, and of
    whose movement nothing has come yet, opens it under the name that it bears where they come from.
    """
    movement = ledger.state.open_movement
    if isinstance(body, e.CheckInPrompted) and introduce is not None and movement is not None:
        return replace(body, introduction=introduce(str(ledger.member_id), movement.movement_id))
    if isinstance(body, e.CheckedIn) and movement is None:
        introductions = (fact.body for fact in reversed(ledger.facts) if isinstance(fact.body, MemberIntroduced))
        last = next(introductions, None)
        if last is not None and last.movement_id not in ledger.state.movement_ids:
            return replace(body, movement_id=last.movement_id)
    return body
