"""A country in small, on a running service: committees and branches of DOMAIN.md's places, and what offices ask."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.running_service import Answer, Person, Running

ORGANISATIONS: Final = (
    # code, home region, the organisation above
    ("甘肃", "620000", None),
    ("武威", "620600", "甘肃"),
    ("民勤", "620621", "武威"),
    ("民勤-1", "620621", "民勤"),
    ("民勤-2", "620621", "民勤"),
    ("凉州", "620602", "武威"),
    ("凉州-1", "620602", "凉州"),
    ("兰州", "620100", "甘肃"),
    ("城关", "620102", "兰州"),
    ("城关-1", "620102", "城关"),
    ("城关-2", "620102", "城关"),
    ("青海", "630000", None),
    ("西宁", "630100", "青海"),
    ("西宁-1", "630103", "西宁"),
    ("四川", "510000", None),
    ("锦江", "510104", "四川"),
    ("锦江-1", "510104", "锦江"),
    ("福建", "350000", None),
    ("湖里", "350206", "福建"),
    ("湖里-1", "350206", "湖里"),
    ("平凉", "620800", "甘肃"),
    ("泾川", "620821", "平凉"),
    ("泾川-1", "620821", "泾川"),
    ("崆峒", "620802", "平凉"),
    ("崆峒-1", "620802", "崆峒"),
    ("江苏", "320000", None),
    ("苏州", "320500", "江苏"),
    ("园区", "320571", "苏州"),
    ("园区-1", "320571", "园区"),
    ("昆山", "320583", "苏州"),
    ("昆山-1", "320583", "昆山"),
)
"""Each committee is named as its place; a branch carries a number behind its committee's name."""

EMPTY_FLOW: Final = {
    "departed": 0, "arrived": 0, "under_way": 0, "in_place": 0,
    "returned": 0, "moved_on": 0, "transferred": 0, "ended": 0,
}  # fmt: skip

PAGE: Final = 2
"""Short, so that every list here is put together from pages."""

Owed = tuple[str, str, str, str]
"""A duty as offices speak of it: what, whose, since when, due when."""


@dataclass
class Country:
    """The service, somebody of each organisation, and their questions."""

    running: Running
    seen: dict[str, dict[str, int]] = field(default_factory=dict)
    _people: dict[str, Person] = field(default_factory=dict)

    def of(self, organisation: str) -> Person:
        """Return somebody of an organisation: the secretary of a branch, or the department of a committee's region."""
        if organisation not in self._people:
            region = next(home for code, home, _ in ORGANISATIONS if code == organisation)
            if "-" in organisation:
                self._people[organisation] = self.running.as_role("branch_secretary", organisation=organisation)
            else:
                self._people[organisation] = self.running.as_role(
                    "organisation_department", organisation=organisation, region=region
                )
        return self._people[organisation]

    @property
    def everywhere(self) -> Person:
        """Somebody who sees the whole country."""
        if "" not in self._people:
            self._people[""] = self.running.department
        return self._people[""]

    def look(self, moment: str, member: str, *organisations: str) -> None:
        """Note under `moment` what each organisation is answered when it asks for a member."""
        path = f"/v1/members/{member}"
        self.seen[moment] = {one: self.of(one).get(path).status_code for one in organisations}

    def state(self, member: str, *, as_of: str | None = None, known_at: object = None) -> Answer:
        """Ask for a member's state."""
        return self.everywhere.ask(f"/v1/members/{member}", as_of=as_of, known_at=known_at)

    def head(self) -> int:
        """Ask for the last position that the read models reflect: the log's, once everything told so far is in them."""
        return int(self.everywhere.ask("/v1/rosters", region="000000", limit=1)["position"])

    def history(self, member: str, **parameters: object) -> list[Answer]:
        """Ask for a member's history, all of it."""
        return self._all(f"/v1/members/{member}/history", **parameters)

    def roster(self, side: str, **parameters: object) -> list[Answer]:
        """Ask for a roster, `region=` or `organisation=`."""
        return self._all("/v1/rosters", side=side, **parameters)

    def on_roster(self, side: str, **parameters: object) -> dict[str, str | None]:
        """Ask who is on a roster, and at which stage."""
        items = self.roster(side, **parameters)
        found = {item["member_id"]: item["stage"] for item in items}
        assert len(found) == len(items), "a roster counts members"
        assert {item["side"] for item in items} <= {side}
        return found

    def lifecycle(self, side: str = "outflow", **parameters: object) -> dict[tuple[str, str], tuple[int, int]]:
        """Ask for the counts of those under way, overdue beside; the members behind each count must add up to it."""
        found = {}
        for item in self.everywhere.ask("/v1/lifecycle", side=side, **parameters)["items"]:
            view, stage = item["view"], item["stage"]
            if view is None or not item["count"]:
                continue
            behind = self._all("/v1/lifecycle/members", side=side, stage=stage, **{**parameters, "view": view})
            assert len({one["member_id"] for one in behind}) == len(behind) == item["count"]
            assert sum(bool(one["overdue"]) for one in behind) == item["overdue"]
            assert {(one["view"], one["stage"]) for one in behind} == {(view, stage)}
            found[view, stage] = (item["count"], item["overdue"])
        return found

    def worklist(self, organisation: str, **parameters: object) -> list[Answer]:
        """Ask what an organisation itself owes."""
        items = self._all("/v1/worklist", organisation=organisation, **parameters)
        return [item for item in items if item["organisation"] == organisation]

    def flows(self, month: str, level: str = "county", **parameters: object) -> dict[tuple[str, str], dict[str, int]]:
        """Ask for a month's matrix: what is not zero of each cell; its margins must add up."""
        matrix = self.everywhere.ask("/v1/flows", level=level, month=month, limit=1000, **parameters)
        cells = {
            (item["origin"], item["destination"]): {name: item[name] for name in EMPTY_FLOW} for item in matrix["items"]
        }
        for margin, end in (("by_origin", 0), ("by_destination", 1)):
            expected: dict[str, dict[str, int]] = {}
            for cell, counts in cells.items():
                total = expected.setdefault(cell[end], dict(EMPTY_FLOW))
                for name, count in counts.items():
                    total[name] += count
            name_of_end = ("origin", "destination")[end]
            rows = matrix["totals"][margin]
            assert {row[name_of_end]: {name: row[name] for name in EMPTY_FLOW} for row in rows} == expected
        return {cell: {name: count for name, count in counts.items() if count} for cell, counts in cells.items()}

    def _all(self, path: str, **parameters: object) -> list[Answer]:
        items: list[Answer] = []
        cursor: str | None = None
        while True:
            page = self.everywhere.ask(path, limit=PAGE, cursor=cursor, **parameters)
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items


def owed(duties: list[Answer]) -> set[Owed]:
    """Return duties as offices speak of them."""
    found = {(one["kind"], one["organisation"], one["since"], one["due_on"]) for one in duties}
    assert len(found) == len(duties), "no duty stands twice"
    return found


def overdue(duties: list[Answer]) -> set[str]:
    """Return the kinds of the duties that are overdue."""
    return {one["kind"] for one in duties if one["overdue"]}


def one_event(answer: Answer) -> dict[str, Any]:
    """Return the one event that a command recorded."""
    (event,) = answer["events"]
    return dict(event)
