"""One stay in a place: the check-in there, who answers it and how, the branch, a second side that claims the member."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from infra.demo import habits
from infra.demo.steps import Chance, Diary, Over

if TYPE_CHECKING:
    from infra.demo.world import Office, World

_ONE: Final = timedelta(days=1)


class Stay:
    """Writes one stay into a diary. `settled_on` and `host` are set once somebody there is responsible."""

    def __init__(
        self, chance: Chance, diary: Diary, world: World, home: Office, branch: str, place: str, *, declared: str
    ) -> None:
        """`declared` is where the member was expected."""
        self.chance, self.diary, self.place, self.declared = chance, diary, place, declared
        self.world, self.office, self.home, self.branch = world, world.offices[place], home, branch
        self.arrived_on = diary.known
        self.answered_on: date | None = None
        self.settled_on: date | None = None
        self.host: str | None = None
        self.left_on: date | None = None
        self._general = chance.random.choice(self.office.general_branches)
        below = [code for code, _ in self.office.branches if code.startswith(f"{self._general}-")]
        self._branch = chance.random.choice(below)

    def check_in(self, on: date) -> None:
        """Check in: with a code, at a worker's desk, or by the member's own word. Raises Over."""
        chance = self.chance
        channel = chance.one_of(habits.CHANNEL)
        late = chance.random.randint(1, 7) if chance.happens(habits.SYNCED_LATER) else 0
        wrong = chance.happens(habits.CHECK_IN_TIME_WRONG)
        name = self.diary.new_name() if wrong else None
        by = (f"worker:{self._general}", self._general) if channel == "WORKER" else ("member", None)
        self.arrived_on = on
        venue = f"venue:{self.place}:{chance.random.randint(1, 9)}" if channel == "CODE" else None
        at = chance.time_of(on, 9, 18)
        self.diary.chain(
            "check-in", on, by, late=late, at=at, region=self.place, channel=channel, venue=venue, name=name
        )
        if name is not None:
            changes = {"occurred_at": f"{on.isoformat()}T08:30:00+08:00"}
            worker = (f"worker:{self._general}", self._general)
            self.diary.aside(
                "correct-event",
                self.diary.known + chance.days(1, 5),
                worker,
                about=name,
                changes=changes,
                reason="签到簿上的时间",
            )

    def be_answered(self, silent_from: date | None) -> None:
        """The place accepts, declines, forgets, or takes the member as a fallback. Raises Over."""
        chance, diary = self.chance, self.diary
        if chance.happens(habits.ROUTED):
            on = max(diary.known, self.arrived_on + _ONE) + chance.days(0, 4)
            diary.chain("route", on, self._committee(), to_organisation=self._general)
        answer = chance.one_of(habits.ANSWER)
        if answer == "nothing":
            raise Over
        if answer == "declined":
            self._be_declined(silent_from)
            return
        if answer == "fallback":
            self._fall_back()
            return
        self._be_accepted(chance.days(16, 35) if answer == "slow" else chance.days(0, 9))

    def _be_accepted(self, wait: timedelta) -> None:
        chance, diary = self.chance, self.diary
        on = max(diary.known, self.arrived_on + _ONE) + wait
        acceptor = chance.one_of(habits.ACCEPTOR)
        if acceptor == "branch":
            self.host = self._branch
            diary.chain("accept", on, self._worker(self._branch))
        elif acceptor == "general":
            self.host = self._branch
            diary.chain("accept", on, self._worker(self._general), branch=self._branch)
        else:
            self.host = self.office.committee
            diary.chain("accept", on, self._committee())
        self.answered_on = self.settled_on = on
        self._be_placed(acceptor)
        if (
            self.place != self.declared
            and self.declared in self.world.offices
            and chance.happens(habits.CONTESTED_WHEN_ELSEWHERE)
        ):
            self._be_claimed()

    def _be_placed(self, acceptor: str) -> None:
        chance, diary = self.chance, self.diary
        if not chance.happens(habits.PLACED if acceptor == "committee" else 0.7):
            return
        kind = chance.one_of(habits.PLACEMENT)
        stationed = [code for place, code in self.home.stationed if place == self.place]
        if kind == "HOMETOWN" and not stationed:
            kind = "RESIDENCE"
        branch = stationed[0] if kind == "HOMETOWN" else self._branch
        preferred = None
        if chance.happens(habits.PREFERENCE_TOLD):
            honoured = chance.happens(habits.PREFERENCE_HONOURED)
            preferred = kind if honoured else chance.one_of(habits.PLACEMENT)
        on = diary.known + (chance.days(0, 10) if chance.happens(0.9) else chance.days(16, 40))
        diary.chain("place-in-branch", on, self._committee(), branch=branch, kind=kind, preferred_kind=preferred)
        self.host = branch

    def _be_claimed(self) -> None:
        """The place that expected the member accepts as well; somebody above both decides, sooner or later."""
        chance, diary = self.chance, self.diary
        other = self.world.offices[self.declared]
        claimant = chance.random.choice(other.general_branches)
        claim = diary.new_name()
        diary.chain("accept", diary.known + chance.days(1, 8), (f"worker:{claimant}", claimant), name=claim)
        if not chance.happens(habits.CLAIM_DECIDED):
            return
        first = chance.happens(0.7)
        decider = self.home.committee
        accepted_by = self.host if first and self.host is not None else claimant
        on = diary.known + chance.days(3, 18)
        document = f"样例裁定〔{on.year}〕{chance.random.randint(1, 99)}号"
        by = (f"department:{decider}", decider)
        diary.chain(
            "decide-claim", on, by, about=claim, about_as="claim_id", in_favour_of=accepted_by, document=document
        )
        if not first:
            self.host = claimant

    def _fall_back(self) -> None:
        on = max(self.diary.known, self.arrived_on + _ONE) + self.chance.days(12, 30)
        self.diary.chain("place-in-branch", on, self._committee(), branch=self._branch, kind="FALLBACK")
        self.host = self._branch
        self.answered_on = self.settled_on = on

    def _be_declined(self, silent_from: date | None) -> None:
        """Not taken in; most report again, some go from desk to desk until somebody above looks for a home."""
        chance, diary = self.chance, self.diary
        follows = chance.one_of(habits.AFTER_A_DECLINE)
        times = 3 if follows == "ping_pong" else 1
        for turn in range(times):
            wait = chance.days(0, 2) if times > 1 else chance.days(0, 9)
            on = max(diary.known, self.arrived_on + _ONE) + wait
            diary.chain("decline", on, self._committee(), reason=chance.one_of(habits.DECLINE_REASON))
            self.answered_on = on
            again = diary.known + (chance.days(2, 5) if times > 1 else chance.days(3, 25))
            if follows == "nothing" or (silent_from is not None and again >= silent_from):
                raise Over
            if turn < times - 1 or follows == "again" or chance.happens(0.5):
                self.check_in(again)
            else:
                raise Over
        self._be_accepted(chance.days(0, 6))

    def _worker(self, organisation: str) -> tuple[str, str | None]:
        return (f"worker:{organisation}", organisation)

    def _committee(self) -> tuple[str, str | None]:
        return self._worker(self.office.committee)
