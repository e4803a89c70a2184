"""What a member's facts add up to at one moment: affiliation, whereabouts, clocks and what is owed.

Mutable on purpose: the fold moves one state through many facts. Nobody outside the fold changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.member.cards.state import Card
from domain.member.feedback.state import Feedback
from domain.member.membership.state import Standing
from domain.member.service.state import ServiceRecord

if TYPE_CHECKING:
    from datetime import date

    from domain.member.transfer.standing import Transfer

YEARLY: Final = {"inspect_card": 12, "issue_feedback": 1}
"""Kinds of duties that are owed once each calendar year, and for how many months of it, to the year's end."""
FOREVER_US: Final = 1 << 62
"""The end of what has no end yet."""


@dataclass(slots=True)
class Duty:
    """Something owed. Open from `since_us`; `month_from` set: one duty for each calendar month from there on, or for
    each calendar year where the kind is a yearly one (`YEARLY`), from that month of it on.

    It stood with its owner from `from_us` until `until_us`, exclusive.
    """

    key: str
    kind: str
    role: str
    organisation: str | None
    region: str | None
    subject: str
    since_us: int
    due_on: date
    provisional: bool = False
    month_from: date | None = None
    month_until: date | None = None
    from_us: int = 0
    until_us: int = FOREVER_US


class Tally(NamedTuple):
    """What a fact adds to the figures of the month in which it happened, in a region."""

    measure: str
    region: str | None
    scope: str | None = None
    amount: int = 1


@dataclass(slots=True)
class Claim:
    """A second side's acceptance of the same leg."""

    claim_id: str
    organisation: str
    branch: str | None
    at: str


@dataclass(slots=True)
class Leg:
    """One stay, or expected stay, within a movement."""

    number: int
    declared: dict[str, Any] | None
    declared_region: str | None
    departed_us: int
    region: str | None = None
    checked_in_at: str | None = None
    arrived_us: int | None = None
    accepted_at: str | None = None
    accepted_by: str | None = None
    branch: str | None = None
    placement: str | None = None
    preferred_kind: str | None = None
    holder: str | None = None
    ended_us: int | None = None
    ended_how: str | None = None

    def destination(self) -> str:
        """Return the cell of the flow matrix: where it was checked in, else its last declared destination."""
        return self.region or destination_cell(self.declared)


@dataclass(slots=True)
class Movement:
    """From report of departure to closure."""

    movement_id: str
    stage: str
    origin_organisation: str | None
    origin_region: str | None
    legs: list[Leg]
    reported: bool = False
    reason: str | None = None
    departs_on: date | None = None
    departed_at: str | None = None
    departed_us: int | None = None
    return_reported: bool = False
    expected_return_on: str | None = None
    returned_at: str | None = None
    closed_reason: str | None = None
    home_moved: bool = False
    claims: list[Claim] = field(default_factory=list)

    @property
    def leg(self) -> Leg:
        """The current leg."""
        return self.legs[-1]

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed."""
        return self.stage != "closed"

    @property
    def is_away(self) -> bool:
        """Whether the member has left and has not returned."""
        return self.stage in ("awaiting_check_in", "checked_in", "settled")

    @property
    def view(self) -> str | None:
        """The one lifecycle view it stands in."""
        match self.stage:
            case "closed":
                return None
            case "reported":
                return "pre_departure"
            case "returned":
                return "return"
            case _:
                return "return" if self.return_reported else "in_transit"


@dataclass(slots=True)
class State:
    """A member as true at a moment."""

    member_id: str | None = None
    registered: bool = False
    category: str | None = None
    membership: str = "active"
    standing: Standing = field(default_factory=Standing)
    card: Card | None = None
    dues_paid_until: str | None = None
    feedback: list[Feedback] = field(default_factory=list)
    affiliation: str | None = None
    affiliation_region: str | None = None
    liaison: str | None = None
    lost_contact: bool = False
    lost_since_us: int | None = None
    found_us: int | None = None
    last_contact_at: str | None = None
    last_contact_us: int | None = None
    kept_us: int | None = None
    contacts_made: dict[str, date] = field(default_factory=dict)
    movement: Movement | None = None
    transfer: Transfer | None = None
    stage_since_us: int = 0
    declines: list[tuple[int, str | None]] = field(default_factory=list)
    duties: dict[str, Duty] = field(default_factory=dict)
    ended_duties: list[Duty] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    past_movements: list[Movement] = field(default_factory=list)
    movement_ids: set[str] = field(default_factory=set)
    service: ServiceRecord = field(default_factory=ServiceRecord)
    flagged: dict[str, list[str]] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    latest_recorded_us: int = 0
    erased: bool = False

    @property
    def open_movement(self) -> Movement | None:
        """The movement that has not been closed, if any."""
        movement = self.movement
        return movement if movement is not None and movement.stage != "closed" else None

    @property
    def transfer_under_way(self) -> Transfer | None:
        """The transfer for which somebody still owes a step; a membership that has ended leaves nothing to do."""
        transfer = self.transfer
        return transfer if transfer is not None and not transfer.is_finished and self.membership != "ended" else None

    @property
    def responsible(self) -> str | None:
        """The accepting branch from acceptance until moved onward, returned or closed; else the affiliation."""
        movement = self.movement
        if movement is not None and movement.stage == "settled":
            leg = movement.leg
            return leg.branch or leg.accepted_by or self.affiliation
        return self.affiliation

    @property
    def holder(self) -> str | None:
        """Who must answer the check-in."""
        movement = self.movement
        return movement.leg.holder if movement is not None and movement.stage == "checked_in" else None


def destination_cell(declared: dict[str, Any] | None) -> str:
    """Return a declared destination as a region code, `abroad` or `unknown`."""
    if declared is None:
        return "unknown"
    if declared.get("abroad"):
        return "abroad"
    return declared.get("region") or "unknown"
