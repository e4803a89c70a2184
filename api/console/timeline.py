"""A member's history as a page shows it: each event in words, what became of it and why, and how they stood after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from api.console.event_words import has_a_form
from domain.times import SHANGHAI

if TYPE_CHECKING:
    from api.console.event_words import EventWords, Said

_STOOD: Final = ("stage", "place", "affiliation", "responsible", "transfer", "membership", "lost_contact")
_VOIDABLE_NOT: Final = frozenset({
    "member_registered", "member_introduced", "personal_data_erased", "records_merged", "records_unmerged",
    "organisation_dissolved",
})  # fmt: skip
_NOT_VOIDED_AGAIN: Final = frozenset({"voided", "set_aside"})


@dataclass(frozen=True, slots=True)
class About:
    """Which event a correction or void is about, and what it made of it."""

    event_id: str
    title: str
    said: list[Said]
    ends: bool
    revives: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on the page. `late_days` is by how many days it was recorded after it happened."""

    item: dict[str, Any]
    title: str
    said: list[Said]
    way: str
    late_days: int
    struck: bool
    became: dict[str, Any] | None
    moved: tuple[str, str] | None
    about: About | None
    flags: list[str]
    stands: dict[str, Any]
    changed: frozenset[str]
    may_be_voided: bool
    may_be_corrected: bool

    @property
    def event_id(self) -> str:
        """The event's id."""
        return str(self.item["event_id"])


def entries_of(items: list[dict[str, Any]], words: EventWords) -> list[Entry]:
    """Put events into words; they come newest first, and each is held to how the one before it left the member."""
    stood = [_standing(item["state"]) for item in items]
    before = [*stood[1:], None]
    return [_entry(item, words, now, then) for item, now, then in zip(items, stood, before, strict=True)]


def _entry(item: dict[str, Any], words: EventWords, stands: dict[str, Any], before: dict[str, Any] | None) -> Entry:
    correction = item["correction"]
    recorded = item.get("as_recorded")
    kind = None if correction is None else correction["kind"]
    moved = None
    if recorded is not None and recorded["occurred_at"] != item["occurred_at"]:
        moved = (recorded["occurred_at"], item["occurred_at"])
    return Entry(
        item,
        words.title(item["type"]),
        words.said(item["type"], item["data"], None if recorded is None else recorded["data"]),
        words.way(item["channel"]),
        _late(item),
        kind in _NOT_VOIDED_AGAIN,
        correction,
        moved,
        _about(item, words),
        [words.flag(code) for code in item["flags"]],
        stands,
        frozenset(name for name in _STOOD if before is not None and stands[name] != before[name]),
        kind not in _NOT_VOIDED_AGAIN and item["type"] not in _VOIDABLE_NOT,
        kind not in _NOT_VOIDED_AGAIN and has_a_form(item["type"]),
    )


def _about(item: dict[str, Any], words: EventWords) -> About | None:
    event = (item.get("effect") or {}).get("event")
    if event is None:
        return None
    before, after = event["before"], event["after"]
    said: list[Said] = []
    if before is not None and after is not None:
        told = ({"occurred_at": one["occurred_at"], "organisation": one["organisation"], **one["data"]}
                for one in (before, after))  # fmt: skip
        old, new = told
        said = [one for one in words.said(event["type"], new, old) if one.was is not None]
    return About(event["event_id"], words.title(event["type"]), said, after is None, before is None)


def _standing(state: dict[str, Any] | None) -> dict[str, Any]:
    """How the member stood, as far as a timeline says it."""
    if state is None:
        return dict.fromkeys(_STOOD)
    movement = state["movement"]
    open_now = movement is not None and movement["stage"] != "closed"
    leg = movement["legs"][-1] if open_now and movement["legs"] else None
    return {
        "stage": movement["stage"] if movement is not None else None,
        "place": None if leg is None else leg["region"] or leg["declared_region"],
        "affiliation": state["affiliation"],
        "responsible": state["responsible"],
        "transfer": None if state["transfer"] is None else state["transfer"]["status"],
        "membership": state["membership"],
        "lost_contact": state["lost_contact"],
    }


def _late(item: dict[str, Any]) -> int:
    happened = item["occurred_at"]
    if len(happened) < len("2025-03-05"):
        happened = f"{happened}-01"
    day = _day(happened)
    return max(0, (_day(item["recorded_at"]) - day).days)


def _day(text: str) -> date:
    if len(text) == len("2025-03-05"):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).astimezone(SHANGHAI).date()
