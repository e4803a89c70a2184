"""Deciding: given the member as true when it is said to have happened, a fact that may be recorded, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.errors import Fault, Invalid, Refused, Sentence
from domain.fact import place_in_time
from domain.member import events as e
from domain.member.feedback.events import AnnualFeedbackIssued
from domain.member.feedback.steps import completed
from domain.member.fold import effective, fold, voided_ids
from domain.member.introduction import MemberIntroduced
from domain.member.merging.belonging import MERGING
from domain.member.privacy.events import PersonalDataErased
from domain.member.reading import Reader, read_changes
from domain.member.rules import first_broken
from domain.member.succession import on_its_day
from domain.times import occurred_as_recorded, parse_occurred

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.reference import Reference

UNKNOWN_EVENT = Sentence("该党员没有这条记录", "This member has no such event.")
ALREADY_VOIDED = Sentence("这条记录已经作废", "This event is void already.")
REGISTRATION_STANDS = Sentence(
    "登记入册不能作废，请更正其内容", "A registration cannot be voided: correct what it says."
)
NOT_CORRECTABLE = Sentence("作废和核实不能更正，请将其作废", "A void or a confirmation is voided, not corrected.")
ERASURE_STANDS = Sentence(
    "个人信息的清除不能作废或更正", "An erasure of personal data can be neither voided nor corrected."
)
MERGE_STANDS = Sentence(
    "合并和拆回不能在此更正或作废，请在该合并的地址办理拆回",
    "A merge or its undoing is not corrected or voided here: undo the merge at its own address.",
)
OF_A_SISTER = Sentence(
    "这条记录来自兄弟地区，请由其更正或作废",
    "A sister region recorded this event: it is corrected or voided there.",
)
NO_FLAG = Sentence("这条记录没有待核实的疑点", "This event has no flag to confirm.")


def decide(past: State, fact: Fact, reference: Reference) -> Fact:
    """Return the fact to record, decided on the state as true at its time; raises Refused.

    A second side's acceptance becomes an AcceptanceContested.
    """
    broken = first_broken(past, *on_its_day(past, fact, reference))
    if broken is not None:
        raise Refused(broken.code, broken.sentence)
    if isinstance(fact.body, AnnualFeedbackIssued):
        return completed(past, fact, reference)
    movement = past.open_movement
    if isinstance(fact.body, e.Accepted) and movement is not None and movement.stage == "settled":
        # Another type of fact: known only by its day, it stands at another time of that day.
        when = place_in_time(occurred_as_recorded(fact.occurred_at, fact.precision), e.AcceptanceContested)
        return replace(fact, body=e.AcceptanceContested(fact.first_id, fact.body.branch), when=when)
    return fact


def decide_about_event(ledger: list[Fact], fact: Fact, reference: Reference, *, now_us: int) -> Fact:
    """Return a correction, void or confirmation that may be recorded; raises Invalid or Refused."""
    body = fact.body
    if not isinstance(body, e.EventCorrected | e.EventVoided | e.FlagConfirmed):
        return fact
    target = next((one for one in ledger if one.event_id == body.event_id), None)
    if target is None:
        raise Invalid([Fault("/event_id", "unknown_event", UNKNOWN_EVENT)])
    if isinstance(target.body, PersonalDataErased) and not isinstance(body, e.FlagConfirmed):
        raise Refused("erasure_stands", ERASURE_STANDS)
    if isinstance(target.body, MERGING):
        raise Refused("merge_stands", MERGE_STANDS)
    if not isinstance(body, e.FlagConfirmed) and target.origin_id is not None and fact.origin_id is None:
        raise Refused("recorded_by_a_sister", OF_A_SISTER)
    if isinstance(body, e.EventVoided):
        _must_be_voidable(ledger, target)
    elif isinstance(body, e.FlagConfirmed):
        state = fold(ledger, reference)
        if target.event_id not in state.flagged or target.event_id in state.confirmed:
            raise Refused("no_flag", NO_FLAG)
    elif isinstance(target.body, e.EventVoided | e.FlagConfirmed):
        raise Refused("not_correctable", NOT_CORRECTABLE)
    else:
        return replace(
            fact, body=e.EventCorrected(body.event_id, _checked(ledger, target, body.changes, reference, now_us))
        )
    return fact


def _must_be_voidable(ledger: list[Fact], target: Fact) -> None:
    if isinstance(target.body, e.MemberRegistered | MemberIntroduced):
        raise Refused("registration_stands", REGISTRATION_STANDS)
    if target.event_id in voided_ids(ledger):
        raise Refused("already_voided", ALREADY_VOIDED)


def _checked(
    ledger: list[Fact], target: Fact, changes: dict[str, Any], reference: Reference, now_us: int
) -> dict[str, Any]:
    while isinstance(target.body, e.EventCorrected):
        corrects = target.body.event_id
        target = next(one for one in ledger if one.event_id == corrects)
    counting = {one.event_id: one for one in effective(ledger)}
    target = counting.get(target.event_id, target)
    return read_changes(target.body, parse_occurred(target.occurred_at).day, changes, Reader(reference, now_us))


def joins(before: set[str], after: set[str], fact: Fact) -> str | None:
    """Return the id of the movement that a late fact opens in place of a later one; None if it opens its own.

    A movement keeps its id when its beginning becomes known afterwards.
    """
    gone = before - after
    return gone.pop() if len(gone) == 1 and fact.first_id in after else None
