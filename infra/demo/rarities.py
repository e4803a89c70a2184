"""What a county sees a few times a year: an agreement with another, a branch dissolved, a person recorded twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from domain.errors import Invalid, Refused
from domain.identity import make_identity_number
from infra.recording.agreements import AgreementDesk
from infra.recording.drafts import Caller
from infra.recording.keys import Key
from infra.recording.merges import MergeDesk
from infra.recording.procedures import run
from infra.recording.reorganisations import Reorganisations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from infra.demo.steps import Chance
    from infra.demo.world import World
    from infra.recording.desk import Desk
    from infra.recording.members import Ledger
    from infra.recording.procedures import Procedure
    from infra.recording.receipts import Receipt
    from infra.recording.registration import Registration

_CALLER: Final = "demo"
_AGREEMENTS: Final = {1: ("620621", "620102"), 4: ("620821", "620802"), 7: ("620621", "510104")}
"""By the month of the year played: the counties that sign."""
_DISSOLVED_IN: Final = 11
_TWICE_IN: Final = (3, 5, 8, 10)


class Rarities:
    """Plays what is rare, at the end of a month; played again, it doubles nothing."""

    def __init__(self, desk: Desk, registration: Registration, world: World) -> None:
        """Share the desk of the members' lives."""
        self._desk, self._registration, self._world = desk, registration, world
        self._agreements, self._merges, self._changes = AgreementDesk(desk), MergeDesk(desk), Reorganisations(desk)
        self.refused = 0

    def month(self, number: int, day: date, ledgers: Iterable[Ledger], chance: Chance) -> None:
        """Play the month that ended with `day`, the `number`th of the year from 0; recorded in the days after it."""
        parties = _AGREEMENTS.get(number)
        if parties is not None and all(party in self._world.offices for party in parties):
            self._agree(parties, day)
        if number == _DISSOLVED_IN:
            self._dissolve(day + timedelta(days=1))
        if number in _TWICE_IN:
            self._record_twice(number, day, ledgers, chance)

    def _agree(self, parties: tuple[str, str], day: date) -> None:
        first = day + timedelta(days=1)
        terms = {
            "parties": list(parties),
            "duties": ["CONTACT", "FEEDBACK"],
            "visible": ["CONTACTS", "ACTIVITIES"],
            "from": first.isoformat(),
            "until": (first + timedelta(days=364)).isoformat(),
            "document": f"样例共管协议〔{first.year}〕{first.month}号",
        }
        caller = Caller(f"department:{parties[0]}", parties[0], "SIMULATION")
        self._try(self._agreements.signing(terms, list(parties), caller, key=_key(f"agreement:{'-'.join(parties)}")))

    def _dissolve(self, on: date) -> None:
        """The last village branch of the first county joins its neighbour."""
        office = self._world.offices[self._world.origins[0][0]]
        (gone, _), (successor, _) = office.branches[-1], office.branches[-2]
        caller = Caller(f"department:{office.committee}", office.committee, "SIMULATION")
        payload = {"successor": successor, "occurred_at": on.isoformat()}
        self._try(self._changes.dissolving(gone, payload, caller, key=_key(f"dissolved:{gone}")))

    def _record_twice(self, number: int, day: date, ledgers: Iterable[Ledger], chance: Chance) -> None:
        """A branch elsewhere registers somebody under a number with a slip of the pen; three people put it right."""
        away = [
            one
            for one in ledgers
            if one.state.open_movement is not None and (one.state.affiliation or "")[:6] in self._world.offices
        ]
        if not away:
            return
        known = chance.random.choice(sorted(away, key=lambda one: str(one.member_id)))
        affiliation = known.state.affiliation or ""
        branches = [code for code, _ in self._world.offices[affiliation[:6]].branches if code != affiliation]
        branch = chance.random.choice(branches)
        name = f"twice:{day:%Y-%m}"
        person = {
            "identity_number": make_identity_number("999998", date(1990, 1, 1) + timedelta(days=number), number),
            "name": "样例重录",
            "organisation": branch,
            "occurred_at": day.isoformat(),
        }
        caller = Caller(f"secretary:{branch}", branch, "SIMULATION")
        doubled = self._try(self._registration.registering(person, caller, may_see=lambda _: True, key=_key(name)))
        if doubled is None or doubled.member_id is None:
            return
        self._merge(known.member_id, doubled.member_id, affiliation, name)

    def _merge(self, kept: UUID, absorbed: UUID, affiliation: str, name: str) -> None:
        committee = affiliation[:6]
        by = [Caller(f"{role}:{committee}", committee, "SIMULATION") for role in ("department", "reviewer", "head")]
        asked: dict[str, Any] = {"kept": str(kept), "absorbed": str(absorbed), "keep_affiliation": affiliation}
        proposed = self._try(self._merges.proposing(kept, absorbed, asked, by[0], key=_key(f"{name}:proposed")))
        if proposed is None or proposed.stream is None:
            return
        for number, caller in enumerate(by[1:], start=1):
            self._try(self._merges.confirming(proposed.stream, {}, caller, key=_key(f"{name}:confirmed:{number}")))

    def _try(self, procedure: Procedure[Receipt]) -> Receipt | None:
        try:
            return run(procedure)
        except (Refused, Invalid):
            self.refused += 1
            return None


def _key(name: str) -> Key:
    return Key(_CALLER, name, name.encode())
