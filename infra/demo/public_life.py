"""What offices do with many members at once, month by month: posts that are claimed, theme days with attendance."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.errors import Invalid, Refused
from infra.demo import habits
from infra.demo.steps import Chance
from infra.recording.activities import ActivityDesk
from infra.recording.drafts import Caller
from infra.recording.keys import Key
from infra.recording.posts import PostDesk
from infra.recording.procedures import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.recording.desk import Desk
    from infra.recording.members import Ledger
    from infra.recording.procedures import Procedure
    from infra.recording.receipts import Receipt

_CALLER: Final = "demo"
_HOSTS_A_MONTH: Final = 8
_MOST_AT_ONCE: Final = 40
_POST_MONTHS: Final = (1, 4, 7, 10)
_POSTS: Final = ("样例社区巡逻岗", "样例助老服务岗", "样例政策宣讲岗", "样例环境整治岗")
_PLACES: Final = (3, 5, 8)


class PublicLife:
    """Plays the offices' part at the end of a month; played again, it doubles nothing."""

    def __init__(self, desk: Desk, seed: int) -> None:
        """Share the desk of the members' lives."""
        self._desk, self._seed = desk, seed
        self._activities, self._posts = ActivityDesk(desk), PostDesk(desk)
        self.refused = 0

    def month(self, day: date, ledgers: Iterable[Ledger]) -> None:
        """Hold the theme day of the month that ends with `day`, and open and fill posts every third."""
        chance = Chance(self._seed, "public life", f"{day:%Y-%m}")
        hosted: dict[str, list[UUID]] = defaultdict(list)
        for ledger in ledgers:
            movement = ledger.state.open_movement
            if movement is not None and movement.stage == "settled" and ledger.state.responsible is not None:
                hosted[ledger.state.responsible].append(ledger.member_id)
        hosts = sorted(hosted, key=lambda host: (-len(hosted[host]), host))[: 3 * _HOSTS_A_MONTH]
        chosen = sorted(chance.random.sample(hosts, min(len(hosts), _HOSTS_A_MONTH)))
        for host in chosen:
            self._theme_day(host, sorted(hosted[host]), day, chance)
        if day.month in _POST_MONTHS:
            for host in chosen[: _HOSTS_A_MONTH // 2]:
                self._post(host, sorted(hosted[host]), day, chance)

    def _theme_day(self, host: str, members: list[UUID], day: date, chance: Chance) -> None:
        on = day.replace(day=chance.random.randint(1, day.day))
        hours = chance.random.choice((1.5, 2, 3))
        held = {"organisation": host, "kind": "THEME_DAY", "held_at": on.isoformat(), "hours": hours}
        present = [str(one) for one in members if chance.happens(habits.ATTENDS)][:_MOST_AT_ONCE]
        name = f"theme-day:{day:%Y-%m}:{host}"
        activity = run(self._activities.holding(held, _caller(host), key=_key(name))).stream
        if present and activity is not None:
            attended = {"organisation": host, "members": present}
            key = _key(f"{name}:attended")
            self._try(self._activities.attending(activity, attended, _caller(host), may_see=lambda _: True, key=key))

    def _post(self, host: str, members: list[UUID], day: date, chance: Chance) -> None:
        places = chance.random.choice(_PLACES)
        first = day.replace(day=1).isoformat()
        opened = {"organisation": host, "title": chance.random.choice(_POSTS), "places": places, "occurred_at": first}
        name = f"post:{day:%Y-%m}:{host}"
        post = run(self._posts.opening(opened, _caller(host), key=_key(name))).stream
        for member in chance.random.sample(members, min(len(members), places)):
            claim = {"occurred_at": day.isoformat(), "organisation": host, "post": str(post)}
            key = _key(f"{name}:{member}")
            self._try(self._desk.recording(member, [("claim-post", claim)], _caller(host), key=key))

    def _try(self, procedure: Procedure[Receipt]) -> None:
        try:
            run(procedure)
        except (Refused, Invalid):
            self.refused += 1


def _caller(host: str) -> Caller:
    return Caller(f"worker:{host}", host, "SIMULATION")


def _key(name: str) -> Key:
    """The name alone: after an interruption what was done is answered as it was, whoever would be chosen now."""
    return Key(_CALLER, name, name.encode())
