"""Views of one member at many moments, in the order of the fold: what stayed the same is made once."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from domain.member import events as e
from domain.member.dues import DuesPaid
from domain.member.service.events import ServiceRecorded
from domain.member.views import clocks_view, duty_view, member_state, months_of, movement_view, standing_flags
from domain.times import local_day

if TYPE_CHECKING:
    from datetime import date

    from domain.fact import Body
    from domain.member.state import Duty, Movement, State
    from domain.reference import Reference


class KeptViews:
    """Views of one member's movement and duties as they go on; a new one is made where what it shows has changed.

    What is returned is shared, and changed by nobody.
    """

    def __init__(self, member_id: str) -> None:
        self._member_id = member_id
        self._shown: tuple[object, ...] = ()
        self._movement: dict[str, Any] = {}
        self._duties: dict[int, tuple[Duty, int, list[tuple[date, str, dict[str, Any]]]]] = {}
        self._told: tuple[list[int], list[int], list[dict[str, Any]]] = ([], [], [])

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
        # Within a month, what is owed by the month is owed the same; anything else changes with its due day alone.
        turns = [month if duty.month_from is not None else int(today > duty.due_on) for duty in standing]
        names = list(map(id, standing))
        if turns == self._told[1] and names == self._told[0]:
            return self._told[2]
        found: list[tuple[date, str, dict[str, Any]]] = []
        for duty, turn in zip(standing, turns, strict=True):
            one = self._duties.get(id(duty))
            if one is None or one[1] != turn:
                owed = months_of(duty, today)
                views = [(each.due_on, each.duty_id, duty_view(each, self._member_id)) for each in owed]
                one = self._duties[id(duty)] = (duty, turn, views)
            found += one[2]
        if len(found) > 1:
            found.sort(key=_by_due_day)
        told = [view for _, _, view in found]
        self._told = names, turns, told
        return told

    def state_after(
        self,
        kind: type[Body],
        before: dict[str, Any] | None,
        state: State,
        reference: Reference,
        *,
        version: int,
        as_of_us: int,
    ) -> dict[str, Any]:
        """Return the member state of INTERFACE.md after a fact of this kind, by the one `before` that fact if told."""
        if before is None or kind not in SIGNS_OF_LIFE or state.transfer is not None or "assign_region" in state.duties:
            return member_state(
                state, reference, member_id=self._member_id, version=version, as_of_us=as_of_us, kept=self
            )
        told = before.copy()
        told["version"] = version
        told["lost_contact"] = state.lost_contact
        told["clocks"] = clocks_view(state, reference)
        told["dues_paid_until"] = state.dues_paid_until
        told["flags"] = standing_flags(state) if state.flagged else []
        standing = [duty for duty in state.duties.values() if duty.since_us <= as_of_us]
        told["duties"] = self.duties(standing, as_of_us) if standing else []
        return told


SIGNS_OF_LIFE: Final[frozenset[type[Body]]] = frozenset(
    {e.ContactMade, e.ContactAttemptFailed, e.ContactRestored, e.ContactWaived, DuesPaid, ServiceRecorded}
)
"""What most of a life is made of: of these facts a state shows the clocks, dues, duties and flags, and nothing else."""


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
