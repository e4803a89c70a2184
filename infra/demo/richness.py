"""Which member's history is worth replaying: the one to whom the most different things happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.member.fold import fold

if TYPE_CHECKING:
    from domain.reference import Reference
    from infra.recording.members import Ledger

_WORTH: Final = {
    "moved_onward": 9,
    "event_corrected": 14,
    "event_voided": 12,
    "lost_contact_declared": 9,
    "contact_restored": 4,
    "acceptance_contested": 5,
    "claim_decided": 4,
    "transfer_accepted": 9,
    "annual_feedback_issued": 4,
    "activity_card_issued": 2,
    "membership_suspended": 6,
    "dues_paid": 1,
    "transfer_rejected": 6,
    "service_recorded": 2,
    "attendance_recorded": 2,
    "post_claimed": 3,
    "declined": 4,
    "destination_changed": 3,
    "returned": 4,
    "return_education_held": 2,
    "flag_confirmed": 3,
    "case_routed": 2,
    "placed_in_branch": 2,
    "contact_attempt_failed": 1,
}
_TOLD: Final = (
    ("moved_onward", "再流动 moved onward"),
    ("lost_contact_declared", "失联认定 declared lost"),
    ("contact_restored", "重新取得联系 found again"),
    ("acceptance_contested", "两地争议 two claims"),
    ("declined", "不予接收 declined"),
    ("returned", "返回 returned"),
    ("transfer_accepted", "组织关系转接 transferred"),
    ("annual_feedback_issued", "年底反馈 yearly feedback"),
    ("membership_suspended", "停止党籍 suspended"),
    ("service_recorded", "志愿服务 service"),
    ("post_claimed", "岗位认领 a post claimed"),
    ("event_corrected", "更正 a correction"),
    ("event_voided", "作废 a void"),
)
_LONG_ENOUGH: Final = 60
"""More than this nobody follows on a screen."""


def richest(ledgers: Iterable[Ledger], reference: Reference, as_of_us: int) -> tuple[UUID, str] | None:
    """Return the member with the richest history that a person can follow, and what is in it; None without any."""
    best: tuple[int, str, Ledger] | None = None
    for ledger in ledgers:
        score = _score(ledger)
        if best is None or (score, str(ledger.member_id)) > best[:2]:
            best = (score, str(ledger.member_id), ledger)
    if best is None:
        return None
    ledger = best[2]
    state = fold(ledger.facts, reference, as_of_us=as_of_us)
    kinds = {fact.body.fact for fact in ledger.facts}
    told = [words for fact, words in _TOLD if fact in kinds]
    if state.flagged:
        told.append("存疑 flags")
    return ledger.member_id, f"{len(ledger.facts)} 条记录 events: " + "、".join(told)


def _score(ledger: Ledger) -> int:
    counts = Counter(fact.body.fact for fact in ledger.facts)
    late = sum(1 for fact in ledger.facts if fact.precision == "month")
    score = len(counts) + 2 * late + sum(_WORTH.get(fact, 0) * min(count, 2) for fact, count in counts.items())
    movement = ledger.state.movement
    if movement is not None and movement.is_open:
        score += 3
    return score + 5 * min(len(ledger.state.flagged), 2) - max(0, len(ledger.facts) - _LONG_ENOUGH)
