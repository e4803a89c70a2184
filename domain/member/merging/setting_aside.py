"""Which facts of two records cannot both stand once the two are one: of two open movements one is kept, of two
affiliations one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from domain.errors import Fault, Invalid, Refused, Sentence
from domain.fact import Body, sort_key
from domain.member import events as e
from domain.member.fold import effective, steps
from domain.member.introduction import MemberIntroduced

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference

TWO_MOVEMENTS: Final = Sentence(
    "两份记录各有一次未结束的流动，请以 keep_movement 指明保留哪一次：{choices}",
    "Both records have an open movement: name the one to keep as keep_movement: {choices}.",
)
TWO_AFFILIATIONS: Final = Sentence(
    "两份记录的组织关系不在同一组织，请以 keep_affiliation 指明保留哪一个：{choices}",
    "The two records are affiliated with two organisations: name the one to keep as keep_affiliation: {choices}.",
)
NOT_ONE_OF_THEM: Final = Sentence("不是这两份记录中的一个", "This is not of either of the two records.")

_OF_A_MOVEMENT: Final[tuple[type[Body], ...]] = (
    e.DepartureReported, e.DestinationChanged, e.PreDepartureTalkHeld, e.PreDepartureTalkWaived, e.DepartureCancelled,
    e.Departed, e.CheckInPrompted, e.MovedOnward, e.CheckedIn, e.CaseRouted, e.Declined, e.Accepted,
    e.AcceptanceContested, e.ClaimDecided, e.PlacedInBranch, e.RegionAssigned, e.ContactWaived, e.KeptInContactList,
    e.LostContactDeclared, e.ReturnReported, e.Returned, e.ReturnEducationHeld, e.ReturnEducationWaived,
    e.MovementClosed,
)  # fmt: skip
"""What a movement consists of. A contact was made whichever movement is kept."""
_TRANSFERS: Final = "domain.member.transfer"


class Record:
    """One of the two, before they are one: its facts and the state that they add up to."""

    def __init__(self, facts: Iterable[Fact], state: State, reference: Reference) -> None:
        """Take the facts that are the record's now, in any order."""
        self.facts = list(facts)
        self.state = state
        self._reference = reference

    @property
    def open_movement(self) -> str | None:
        """The id of its open movement."""
        movement = self.state.open_movement
        return movement.movement_id if movement is not None else None

    def of_movement(self, movement_id: str) -> list[str]:
        """Return the facts, by id, of a movement that is still open: from the one that opened it on."""
        has_begun, found = False, list[str]()
        for fact, state, _ in steps(self.facts, self._reference):
            has_begun = has_begun or (state.movement is not None and state.movement.movement_id == movement_id)
            if has_begun and isinstance(fact.body, _OF_A_MOVEMENT):
                found.append(fact.event_id)
        return found

    def of_affiliation(self) -> list[Fact]:
        """Return the registration, and the transfers after it, in order."""
        return [
            fact
            for fact in effective(self.facts)
            if isinstance(fact.body, e.MemberRegistered | MemberIntroduced)
            or type(fact.body).__module__.startswith(_TRANSFERS)
        ]

    def of_pending_transfer(self) -> list[Fact]:
        """Return the facts of a transfer that waits for its answer; none where none does."""
        transfer = self.state.transfer_under_way
        if transfer is None or not transfer.is_pending:
            return []
        facts = self.of_affiliation()
        asked = [fact.first_id for fact in facts].index(transfer.transfer_id)
        return facts[asked:]


def set_aside(kept: Record, absorbed: Record, *, keep_movement: str | None, keep_affiliation: str | None) -> list[str]:
    """Return the facts, by id, that do not count once the two are one.

    Raises Refused `two_open_movements` or `two_affiliations` until the one to keep is named, Invalid for a name that is
    neither record's.
    """
    found = _movement_facts(kept, absorbed, keep_movement)
    found += [one for one in _affiliation_facts(kept, absorbed, keep_affiliation) if one not in found]
    return sorted(found)


def _movement_facts(kept: Record, absorbed: Record, keep: str | None) -> list[str]:
    choices = [one for one in (kept.open_movement, absorbed.open_movement) if one is not None]
    _must_be_one_of("/keep_movement", keep, choices)
    if len(choices) < 2:
        return []
    if keep is None:
        raise Refused("two_open_movements", TWO_MOVEMENTS.filled(choices=", ".join(choices)))
    loser = absorbed if keep == kept.open_movement else kept
    return loser.of_movement(loser.open_movement or "")


def _affiliation_facts(kept: Record, absorbed: Record, keep: str | None) -> list[str]:
    one, other = kept.state.affiliation, absorbed.state.affiliation
    choices = [code for code in dict.fromkeys((one, other)) if code is not None]
    _must_be_one_of("/keep_affiliation", keep, choices)
    if len(choices) > 1 and keep is None:
        raise Refused("two_affiliations", TWO_AFFILIATIONS.filled(choices=", ".join(choices)))
    if len(choices) > 1:
        winner, loser = (kept, absorbed) if keep == one else (absorbed, kept)
    else:
        winner, loser = sorted((kept, absorbed), key=_registered_first)
    stands_from = _registered_first(winner)
    stale = [fact.event_id for fact in loser.of_affiliation() if sort_key(fact) > stands_from]
    pending = [fact.event_id for fact in loser.of_pending_transfer()]
    if len(choices) > 1 or winner.state.transfer_under_way is not None:
        return [*stale, *(one for one in pending if one not in stale)]
    # The one letter that is out leaves the home that both records name: it stands, whichever of them it is on.
    return [one for one in stale if one not in pending]


def _registered_first(record: Record) -> tuple[int, int, int]:
    facts = record.of_affiliation()
    return sort_key(facts[0]) if facts else (0, 0, 0)


def _must_be_one_of(pointer: str, named: str | None, choices: list[str]) -> None:
    if named is not None and named not in choices:
        raise Invalid([Fault(pointer, "not_in_list", NOT_ONE_OF_THEM, choices)])
