"""DOMAIN.md's table of duties as lives: what opens each, who owes it, since when, until when, and what clears it.

The days lie around holidays and short months: 28 September and 11 October 2025 are weekend days worked, 1 to 8 October
are free, so that ten workdays after 26 September end on 16 October.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HOME, COUNTY, PROVINCE = "民勤-1", "民勤", "甘肃"
HOST, HOST_BRANCH = "城关", "城关-1"
THERE = {"region": "620102"}
DOCUMENT = {"document": "〔2025〕7号"}
DECISION = {**DOCUMENT, "meeting": "〔2025〕支部大会1号", "reason": "核查情况"}


@dataclass(frozen=True)
class Step:
    """A command on a day, by somebody who acts for an organisation; `CLAIM` and `REQUEST` are what stands by then."""

    organisation: str
    verb: str
    day: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Duty:
    """One row of the table, in one of the ways in which it comes about."""

    name: str
    kind: str
    opens: tuple[Step, ...]
    owner: str
    since: str
    due_on: str
    clears: tuple[tuple[Step, ...], ...]


CLAIM, REQUEST = object(), object()


def depart(day: str, destination: dict[str, Any] = THERE, **more: Any) -> Step:
    return Step(HOME, "depart", day, {"destination": destination, **more})


def check_in(day: str, region: str = "620102", organisation: str = HOST) -> Step:
    return Step(organisation, "check-in", day, {"region": region, "channel": "CODE"})


def decline(day: str) -> Step:
    return Step(HOST, "decline", day, {"reason": "NOT_HERE"})


def contact(day: str, organisation: str) -> Step:
    return Step(organisation, "record-contact", day, {"channel": "PHONE"})


def waive(verb: str, day: str, organisation: str = HOME, **more: str) -> Step:
    return Step(organisation, verb, day, {"reason": "ILLNESS", **more})


def letter(requested: str, approved: str, issued: str) -> tuple[Step, ...]:
    return (
        Step(HOME, "request-transfer", requested, {"to_organisation": HOST_BRANCH}),
        Step(HOME, "approve-transfer", approved),
        Step(HOME, "issue-transfer-letter", issued, {"letter_number": "甘民组〔2025〕1号", "valid_days": 30}),
    )


_PLANNED = Step(HOME, "report-departure", "2025-09-01", {"destination": THERE, "departs_on": "2025-09-10"})
_SEEN = (depart("2025-09-20"), check_in("2025-09-26"))
_SETTLED = (depart("2025-09-20"), check_in("2025-09-22"), Step(HOST, "accept", "2025-09-26"))

_HERE_FOR_LONG = (
    depart("2025-03-01"), check_in("2025-03-05"), Step(HOST, "accept", "2025-03-06", {"branch": HOST_BRANCH}),
)  # fmt: skip
_FEEDBACK = Step(HOST_BRANCH, "issue-annual-feedback", "2025-12-20", {"year": 2025})

DUTIES = (
    Duty(
        "the talk before a planned departure", "pre_departure_talk", (_PLANNED,), HOME, "2025-09-01", "2025-09-10",
        ((Step(HOME, "hold-pre-departure-talk", "2025-09-05"),), (waive("waive-pre-departure-talk", "2025-09-05"),)),
    ),
    Duty(
        "a planned day that has passed", "confirm_departure", (_PLANNED,), HOME, "2025-09-11", "2025-09-18",
        ((Step(HOME, "depart", "2025-09-12"),), (Step(HOME, "cancel-departure", "2025-09-12"),)),
    ),
    Duty(
        "a check-in that nobody had reported", "confirm_departure", (check_in("2025-09-26"),), HOME,
        "2025-09-26", "2025-10-03", (),
    ),
    Duty(
        "a departure without a prompt", "prompt_check_in", (depart("2025-09-26"),), HOME, "2025-09-26", "2025-10-03",
        ((Step(HOME, "prompt-check-in", "2025-09-28", {"channel": "MESSAGE"}),), (check_in("2025-09-28"),)),
    ),
    Duty(
        "thirty days without a check-in", "escalate_check_in", (depart("2025-08-27"),), COUNTY,
        "2025-09-26", "2025-10-16",
        (
            (check_in("2025-09-27"),),
            (Step(HOME, "change-destination", "2025-09-27", {"destination": {"region": "630103"}}),),
            (Step(HOME, "return", "2025-09-27"),),
        ),
    ),
    Duty(
        "a check-in without an answer", "answer_check_in", _SEEN, HOST, "2025-09-26", "2025-10-16",
        ((Step(HOST, "accept", "2025-09-28"),), (decline("2025-09-28"),)),
    ),
    Duty(
        "accepted by a committee", "place_in_branch", _SETTLED, HOST, "2025-09-26", "2025-10-16",
        ((Step(HOST, "place-in-branch", "2025-09-28", {"branch": HOST_BRANCH, "kind": "RESIDENCE"}),),),
    ),
    Duty(
        "two sides accept", "decide_claim",
        (
            depart("2025-09-10"), check_in("2025-09-20", "630103", "西宁-1"), Step("西宁-1", "accept", "2025-09-24"),
            Step(HOST, "accept", "2025-09-26"),
        ),
        PROVINCE, "2025-09-26", "2025-10-16",
        (
            (Step(PROVINCE, "decide-claim", "2025-09-28", {"claim_id": CLAIM, "in_favour_of": HOST, **DOCUMENT}),),
            (decline("2025-09-28"),),
        ),
    ),
    Duty(
        "a third decline in thirty days", "find_a_home",
        (
            depart("2025-08-27"), check_in("2025-09-01"), decline("2025-09-02"), check_in("2025-09-10"),
            decline("2025-09-11"), check_in("2025-09-20"), decline("2025-09-26"),
        ),
        PROVINCE, "2025-09-26", "2025-10-16",
        ((check_in("2025-09-27"), Step(HOST, "accept", "2025-09-28")),),
    ),
    Duty(
        "each month away, by the origin", "monthly_contact", (depart("2025-09-26"),), HOME, "2025-09-26", "2025-09-30",
        ((contact("2025-09-28", HOME),), (waive("waive-contact", "2025-09-28", month="2025-09"),)),
    ),
    Duty(
        "each month away, by the destination once settled", "monthly_contact", _SETTLED, HOST,
        "2025-09-26", "2025-09-30",
        ((contact("2025-09-28", HOST),), (waive("waive-contact", "2025-09-28", HOST, month="2025-09"),)),
    ),
    Duty(
        "each half year of study abroad", "monthly_contact", (depart("2025-01-10", {"abroad": True}, reason="STUDY"),),
        HOME, "2025-01-10", "2025-06-30",
        ((contact("2025-03-03", HOME),), (waive("waive-contact", "2025-03-03", month="2025-03"),)),
    ),
    Duty(
        "home again", "return_education", (depart("2025-08-01"), Step(HOME, "return", "2025-09-01")), HOME,
        "2025-09-01", "2025-10-01",
        ((Step(HOME, "hold-return-education", "2025-09-05"),), (waive("waive-return-education", "2025-09-05"),)),
    ),
    Duty(
        "six months of silence, to the end of a short month", "lost_contact_review",
        (depart("2024-08-01"), contact("2024-08-31", HOME)), HOME, "2025-02-28", "2025-03-14",
        (
            (Step(HOME, "declare-lost-contact", "2025-03-03", DOCUMENT),),
            (contact("2025-03-03", HOME),),
            (Step(HOME, "keep-in-contact-list", "2025-03-03", DOCUMENT),),
        ),
    ),
    Duty(
        "two years after a suspension on a leap day", "second_review",
        (Step(HOME, "suspend-membership", "2020-02-29", DECISION),), HOME, "2022-02-28", "2022-02-28",
        (
            (Step(HOME, "restore-membership", "2022-03-02", DECISION),),
            (Step(HOME, "end-membership", "2022-03-02", DECISION),),
        ),
    ),
    Duty(
        "a letter under way", "accept_transfer", letter("2025-09-20", "2025-09-22", "2025-09-26"), HOST_BRANCH,
        "2025-09-26", "2025-10-26",
        (
            (Step(HOST_BRANCH, "accept-transfer", "2025-09-28", DOCUMENT),),
            (Step(HOST_BRANCH, "reject-transfer", "2025-09-28", {"reason": "MATERIALS_INCOMPLETE"}),),
            (Step(HOME, "withdraw-transfer", "2025-09-28"),),
        ),
    ),
    Duty(
        "a transfer accepted at the end of a long month", "return_receipt",
        (
            *letter("2025-01-06", "2025-01-07", "2025-01-08"),
            Step(HOST_BRANCH, "accept-transfer", "2025-01-31", DOCUMENT),
        ),
        HOST_BRANCH, "2025-01-31", "2025-02-28", ((Step(HOST_BRANCH, "return-receipt", "2025-02-10"),),),
    ),
    Duty(
        "a card issued", "inspect_card", (Step(HOME, "issue-activity-card", "2025-03-10"),), HOME,
        "2025-03-10", "2025-12-31", ((Step(HOME, "inspect-activity-card", "2025-06-01"),),),
    ),
    Duty(
        "here at the end of the year", "issue_feedback", _HERE_FOR_LONG, HOST_BRANCH, "2025-12-01", "2025-12-31",
        ((_FEEDBACK,),),
    ),
    Duty(
        "a feedback received", "acknowledge_feedback", (*_HERE_FOR_LONG, _FEEDBACK), HOME, "2025-12-20", "2026-01-31",
        ((Step(HOME, "acknowledge-feedback", "2026-01-08", {"year": 2025}),),),
    ),
    Duty(
        "what the member asks about personal data", "personal_data_request",
        (Step(HOME, "request-personal-data", "2025-09-26", {"request": "ACCESS"}),), COUNTY, "2025-09-26", "2025-10-23",
        (
            (Step(COUNTY, "complete-personal-data-request", "2025-09-28", {"event_id": REQUEST}),),
            (Step(COUNTY, "refuse-personal-data-request", "2025-09-28", {"event_id": REQUEST, "reason": "核查情况"}),),
        ),
    ),
    Duty(
        "a region that was split", "assign_region", (check_in("2021-03-01", "330104", HOME),), HOME,
        "2021-04-09", "2021-05-09", ((Step(HOME, "assign-region", "2021-04-20", {"region": "330102"}),),),
    ),
)  # fmt: skip
"""`look_at_flag` is told apart in the tests: its days are those of the recording."""
