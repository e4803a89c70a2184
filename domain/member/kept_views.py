"""Views of one member at many moments, in the order of the fold: what stayed the same is made once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from domain.calendar import next_month
from domain.member import events as e
from domain.member.dues import DuesPaid
from domain.member.service.events import ServiceRecorded
from domain.member.views import clocks_view, duty_views, member_state, standing_flags
from domain.times import DAY_US, day_number, local_day, local_day_number

if TYPE_CHECKING:
    from datetime import date

    from domain.fact import Body
    from domain.member.state import Duty, State
    from domain.member.views import DutyView
    from domain.reference import Reference


class KeptViews:
    """Views of one member's duties as they go on; a new one is made where what it shows has changed.

    What is returned is shared, and changed by nobody.
    """

    def __init__(self, member_id: str) -> None:
        self._member_id = member_id
        self._views: dict[int, tuple[Duty, int, list[DutyView]]] = {}
        self._names: list[int] = []
        self._turns = 0
        self._told: list[dict[str, Any]] = []

    def duties(self, standing: list[Duty], as_of_us: int) -> list[dict[str, Any]]:
        """Return the views of duties that stand at an instant, oldest due first. Instants do not go back."""
        names, day = list(map(id, standing)), local_day_number(as_of_us)
        if names == self._names and day < self._turns:
            return self._told
        today, month, turns = _month_of(day)
        kept, found = self._views, []
        for name, duty in zip(names, standing, strict=True):
            # Within a month, what is owed by the month is owed the same; anything else changes with its due day alone.
            if duty.month_from is not None:
                turn = month
            else:
                turn = int(today > duty.due_on)
                if not turn:
                    turns = min(turns, day_number(duty.due_on) + 1)
            one = kept.get(name)
            if one is None or one[1] != turn:
                one = kept[name] = (duty, turn, duty_views(duty, today, self._member_id))
            found += one[2]
        if len(found) > 1:
            found.sort(key=_by_due_day)
        self._names, self._turns = names, turns
        self._told = told = [view for _, _, view in found]
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
        if kind is not ServiceRecorded:  # which nobody hears anything by
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


@lru_cache(maxsize=4_096)
def _month_of(number: int) -> tuple[date, int, int]:
    """Return a day by its number, its month as 12 × year + month, and the number of the next one's first day."""
    day = local_day(number * DAY_US)
    return day, day.year * 12 + day.month, day_number(next_month(day))


def _by_due_day(one: DutyView) -> tuple[date, str]:
    return one[0], one[1]
