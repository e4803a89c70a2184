"""Views of one member at many moments, in the order of the fold: what stayed the same is made once."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from domain.member.views import duty_view, months_of, movement_view
from domain.times import local_day

if TYPE_CHECKING:
    from datetime import date

    from domain.member.state import Duty, Movement


class KeptViews:
    """Views of one member's movement and duties as they go on; a new one is made where what it shows has changed.

    What is returned is shared, and changed by nobody.
    """

    def __init__(self, member_id: str) -> None:
        self._member_id = member_id
        self._shown: tuple[object, ...] = ()
        self._movement: dict[str, Any] = {}
        self._duties: dict[int, tuple[Duty, int, list[tuple[date, str, dict[str, Any]]]]] = {}

    def movement(self, movement: Movement) -> dict[str, Any]:
        """Return the view of a movement, the same one while nothing of it has changed."""
        shown: tuple[object, ...] = _MOVEMENT_SHOWN(movement)
        for leg in movement.legs:
            shown += _LEG_SHOWN(leg)
        for claim in movement.claims:
            shown += (claim.claim_id, claim.organisation, claim.branch, claim.at)
        if shown != self._shown:
            self._shown, self._movement = shown, movement_view(movement)
        return self._movement

    def duties(self, standing: list[Duty], as_of_us: int) -> list[dict[str, Any]]:
        """Return the views of duties that stand at an instant, oldest due first."""
        today = local_day(as_of_us)
        month = today.year * 12 + today.month
        found: list[tuple[date, str, dict[str, Any]]] = []
        for duty in standing:
            # Within a month, what is owed by the month is owed the same; anything else changes with its due day alone.
            turn = month if duty.month_from is not None else int(today > duty.due_on)
            one = self._duties.get(id(duty))
            if one is None or one[1] != turn:
                owed = months_of(duty, today)
                views = [(each.due_on, each.duty_id, duty_view(each, self._member_id)) for each in owed]
                one = self._duties[id(duty)] = (duty, turn, views)
            found += one[2]
        if len(found) > 1:
            found.sort(key=_by_due_day)
        return [view for _, _, view in found]


_MOVEMENT_SHOWN: Final = attrgetter(
    "movement_id", "stage", "return_reported", "origin_organisation", "origin_region", "departed_at",
    "expected_return_on", "returned_at", "closed_reason",
)  # fmt: skip
_LEG_SHOWN: Final = attrgetter(
    "number", "declared", "declared_region", "region", "checked_in_at", "accepted_at", "accepted_by", "branch",
    "placement", "preferred_kind",
)  # fmt: skip


def _by_due_day(one: tuple[date, str, dict[str, Any]]) -> tuple[date, str]:
    return one[0], one[1]
