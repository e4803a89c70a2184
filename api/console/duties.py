"""What is owed, as a person works through it: by what it is about, a line a member, each with what finishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from api.authorisation import MAY
from api.recording import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.tokens.principal import Role

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "arrivals": ("answer_check_in", "decide_claim", "find_a_home", "place_in_branch"),
    "leaving": ("pre_departure_talk", "confirm_departure", "prompt_check_in", "escalate_check_in"),
    "contact": ("lost_contact_review", "monthly_contact"),
    "returning": ("return_education",),
    "transfers": ("accept_transfer", "return_receipt"),
    "records": (
        "personal_data_request",
        "look_at_flag",
        "assign_region",
        "second_review",
        "inspect_card",
        "issue_feedback",
        "acknowledge_feedback",
        "resume_webhook",
    ),
}
"""In the order in which a day goes; every kind of duty stands in one of them."""


def kinds_of(name: str) -> list[str]:
    """Return the kinds of duty that a group's or a kind's name stands for; none for no name."""
    return list(GROUPS.get(name, (name,))) if name else []


FINISHED_BY: Final[dict[str, tuple[str, ...]]] = {
    "pre_departure_talk": ("hold-pre-departure-talk", "waive-pre-departure-talk"),
    "confirm_departure": ("depart", "cancel-departure"),
    "prompt_check_in": ("prompt-check-in", "check-in"),
    "escalate_check_in": ("check-in", "change-destination", "return"),
    "answer_check_in": ("accept", "decline", "route"),
    "place_in_branch": ("place-in-branch",),
    "decide_claim": ("decide-claim",),
    "find_a_home": ("route", "accept"),
    "monthly_contact": ("record-contact", "record-failed-contact", "waive-contact"),
    "return_education": ("hold-return-education", "waive-return-education"),
    "lost_contact_review": ("record-contact", "declare-lost-contact", "keep-in-contact-list"),
    "accept_transfer": ("accept-transfer", "reject-transfer"),
    "return_receipt": ("return-receipt",),
    "assign_region": ("assign-region",),
    "second_review": ("restore-membership", "end-membership"),
    "inspect_card": ("inspect-activity-card",),
    "issue_feedback": ("issue-annual-feedback",),
    "acknowledge_feedback": ("acknowledge-feedback",),
    "look_at_flag": ("confirm-flag",),
    "personal_data_request": ("complete-personal-data-request", "refuse-personal-data-request"),
}
"""The commands that finish a duty, the usual one first."""

_NAMED_BY_DUTY: Final = {"look_at_flag": "event_id", "personal_data_request": "event_id"}


@dataclass(frozen=True, slots=True)
class Doing:
    """A command that finishes a duty, and where its form is."""

    verb: str
    address: str


@dataclass(frozen=True, slots=True)
class Line:
    """One member's duties of one kind: the first due, and how many of them there are."""

    kind: str
    member_id: str | None
    organisation: str | None
    since: str
    due_on: str
    days: int
    overdue: bool
    provisional: bool
    count: int
    doings: tuple[Doing, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together."""

    name: str
    lines: list[Line]

    @property
    def overdue(self) -> int:
        """How many lines are overdue."""
        return sum(line.overdue for line in self.lines)


def lines_of(items: Iterable[dict[str, Any]], role: Role, today: date) -> list[Line]:
    """Make a line of each member's duties of a kind, first due first."""
    found: dict[tuple[str, object, object], list[dict[str, Any]]] = {}
    for item in items:
        who = item["member_id"] or item["duty_id"]
        found.setdefault((item["kind"], who, item["organisation"]), []).append(item)
    return [_line(together, role, today) for together in found.values()]


def grouped(lines: Iterable[Line]) -> list[Group]:
    """Put lines into the groups that a day is worked through by; empty ones are left out."""
    of_kind = {kind: name for name, kinds in GROUPS.items() for kind in kinds}
    found: dict[str, list[Line]] = {name: [] for name in GROUPS}
    for line in lines:
        found[of_kind.get(line.kind, "records")].append(line)
    return [Group(name, lines) for name, lines in found.items() if lines]


def _line(items: list[dict[str, Any]], role: Role, today: date) -> Line:
    first = items[0]
    verbs = FINISHED_BY.get(first["kind"], ()) if first["member_id"] is not None else ()
    return Line(
        first["kind"],
        first["member_id"],
        first["organisation"],
        first["since"],
        first["due_on"],
        (date.fromisoformat(first["due_on"]) - today).days,
        first["overdue"],
        first["provisional"],
        len(items),
        tuple(Doing(verb, _address(first, verb)) for verb in verbs if ACTIONS[verb] in MAY[role]),
    )


def _address(duty: dict[str, Any], verb: str) -> str:
    said = {"organisation": duty["organisation"]}
    if (name := _NAMED_BY_DUTY.get(duty["kind"])) is not None:
        said[name] = duty["duty_id"].rpartition(".")[2]
    if verb in ("issue-annual-feedback", "acknowledge-feedback"):
        said["year"] = duty["due_on"][:4] if verb.startswith("issue") else str(int(duty["due_on"][:4]) - 1)
    if verb == "waive-contact":
        said["month"] = duty["due_on"][:7]
    if verb == "check-in":
        said |= {"region": duty["region"], "channel": "WORKER"}
    if verb == "place-in-branch":
        said["kind"] = "RESIDENCE"
    told = {name: value for name, value in said.items() if value is not None}
    return f"/members/{duty['member_id']}/do/{verb}?{urlencode(told)}"
