"""What can be done about a member now, as a page offers it: in the order in which a movement goes, with its forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

SUBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "away": (
        "report-departure", "hold-pre-departure-talk", "waive-pre-departure-talk", "depart", "cancel-departure",
        "change-destination", "prompt-check-in", "check-in", "move-onward",
    ),
    "here": ("accept", "decline", "route", "place-in-branch", "decide-claim", "assign-region"),
    "touch": (
        "record-contact", "record-failed-contact", "waive-contact", "assign-liaison", "declare-lost-contact",
        "restore-contact", "keep-in-contact-list",
    ),
    "home": ("report-return", "return", "hold-return-education", "waive-return-education", "close-movement"),
    "transfer": (
        "request-transfer", "approve-transfer", "issue-transfer-letter", "accept-transfer", "reject-transfer",
        "withdraw-transfer", "reissue-transfer-letter", "return-receipt",
    ),
    "life": (
        "record-service", "claim-post", "release-post", "pay-dues", "issue-activity-card", "inspect-activity-card",
        "issue-annual-feedback", "acknowledge-feedback",
    ),
    "membership": (
        "confirm-as-full", "suspend-membership", "restore-membership", "end-membership", "record-death",
    ),
    "record": ("request-personal-data",),
}  # fmt: skip
"""Every command about a member as they stand is of one subject; a test holds this to the table of commands."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command: where its form is, or why it would be refused now."""

    verb: str
    address: str
    refused: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Commands of one subject that are possible now."""

    name: str
    offers: list[Offer]


@dataclass(frozen=True, slots=True)
class Offered:
    """What is possible by subject, and what is not, each with why."""

    subjects: list[Subject]
    refused: list[Offer]


def offered(
    items: Iterable[dict[str, Any]], member_id: str, organisation: str | None, state: dict[str, Any]
) -> Offered:
    """Lay out the commands of GET /v1/members/{id}/commands."""
    told = {item["command"]: _offer(item, member_id, organisation, state) for item in items}
    subjects = [
        Subject(name, [told[verb] for verb in verbs if verb in told and told[verb].refused is None])
        for name, verbs in SUBJECTS.items()
    ]
    refused = [told[verb] for verbs in SUBJECTS.values() for verb in verbs if verb in told and told[verb].refused]
    return Offered([one for one in subjects if one.offers], refused)


def _offer(item: dict[str, Any], member_id: str, organisation: str | None, state: dict[str, Any]) -> Offer:
    verb = item["command"]
    said = {"organisation": organisation, **_known(verb, state)}
    query = urlencode({name: value for name, value in said.items() if value is not None})
    address = f"/members/{member_id}/do/{verb}" + (f"?{query}" if query else "")
    return Offer(verb, address, None if item["refused"] is None else item["refused"]["detail"])


def _known(verb: str, state: dict[str, Any]) -> dict[str, str | None]:
    """Return what a form can say already."""
    movement = state["movement"]
    if verb == "check-in" and movement is not None and movement["stage"] != "closed" and movement["legs"]:
        leg = movement["legs"][-1]
        return {"region": leg["declared_region"] or leg["region"]}
    return {"kind": "RESIDENCE"} if verb == "place-in-branch" else {}
