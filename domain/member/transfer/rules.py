"""What a transfer refuses: who may take which step, on which letter, and when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, cast

from domain.calendar import add_months
from domain.member.rule import Rule, acts_for, is_theirs_to_know, must_be_affiliated, rule
from domain.member.transfer import events as e
from domain.times import local_day

if TYPE_CHECKING:
    from domain.fact import Body, Fact
    from domain.member.state import State
    from domain.reference import Reference


@rule(
    "transfer_open",
    "已有一次未办结的组织关系转接，请先办结或撤回",
    "A transfer is still open: finish or withdraw it first.",
)
def must_have_no_other_transfer(state: State, fact: Fact, _reference: Reference) -> bool:
    """A letter that has expired stands in nobody's way."""
    transfer = state.transfer
    return transfer is None or not transfer.is_pending or transfer.has_expired(local_day(fact.when))


@rule(
    "receipt_owed",
    "上一次转接的回执尚未寄回，请先办理",
    "The receipt of the last transfer is still owed: return it first.",
)
def must_not_owe_a_receipt(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is None or state.transfer.status != "accepted"


@rule("already_affiliated", "党员的组织关系已在该组织", "The member is affiliated there already.")
def must_go_elsewhere(state: State, fact: Fact, _reference: Reference) -> bool:
    return cast("e.TransferRequested", fact.body).to_organisation != state.affiliation


@rule(
    "temporary_too_long",
    "临时组织关系不得超过规定的月数，更长的应转接正式组织关系",
    "A temporary relationship may not last longer than the policy's months: a longer one is a formal transfer.",
)
def must_not_be_temporary_for_long(state: State, fact: Fact, reference: Reference) -> bool:
    until = cast("e.TransferRequested", fact.body).until
    if until is None:
        return True
    day = local_day(fact.when)
    months = reference.policy(state.affiliation_region, day).temporary_relationship_months
    return date.fromisoformat(until) <= add_months(day, months)


@rule("not_your_transfer", "只能由转出方、转入方或本人申请", "Only either side, or the member, may ask for a transfer.")
def must_ask_as_a_side(state: State, fact: Fact, reference: Reference) -> bool:
    to = cast("e.TransferRequested", fact.body).to_organisation
    return fact.organisation is None or any(acts_for(fact, one, reference) for one in (state.affiliation, to))


@rule("no_open_transfer", "没有待办的组织关系转接", "There is no transfer to decide on.")
def must_have_an_open_transfer(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is not None and state.transfer.is_pending


@rule("already_approved", "已经同意转出", "The transfer has been approved already.")
def must_wait_for_approval(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is None or state.transfer.status == "requested"


@rule("not_approved", "尚未同意转出，不能开具介绍信", "Not approved yet: no letter can be issued.")
def must_be_approved(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is None or state.transfer.status != "requested"


@rule("letter_issued_already", "介绍信已经开具；如需更换请补开", "The letter has been issued: reissue it instead.")
def must_not_have_a_letter(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is None or state.transfer.status != "letter_issued"


@rule("no_letter", "没有待接收的组织关系介绍信", "There is no letter to accept or to replace.")
def must_have_a_letter(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is not None and state.transfer.status == "letter_issued"


@rule("letter_number_used", "这个介绍信号码已经用过", "This letter number has been used already.")
def must_be_a_new_number(state: State, fact: Fact, _reference: Reference) -> bool:
    number = cast("e.TransferLetterReissued", fact.body).letter_number
    transfer = state.transfer
    return transfer is None or number not in (transfer.letter_number, *transfer.void_letters)


@rule("letter_void", "这个号码的介绍信已作废或不存在", "The letter of this number is void, or was never issued.")
def must_be_the_letter_that_stands(state: State, fact: Fact, _reference: Reference) -> bool:
    number = cast("e.TransferAccepted", fact.body).letter_number
    return number is None or state.transfer is None or number == state.transfer.letter_number


@rule(
    "letter_expired",
    "介绍信已过有效期，请转出方补开",
    "The letter's last valid day has passed: the origin can reissue it.",
)
def must_be_accepted_in_time(state: State, fact: Fact, _reference: Reference) -> bool:
    return state.transfer is None or not state.transfer.has_expired(local_day(fact.when))


@rule("not_addressed_here", "介绍信不是开给本组织的", "The letter is not addressed to this organisation.")
def must_be_the_addressee(state: State, fact: Fact, reference: Reference) -> bool:
    return state.transfer is None or _is_of(fact, (state.transfer.to_organisation,), reference)


@rule("not_below_the_addressee", "编入的支部不在接收组织之下", "This branch is not below the organisation addressed.")
def must_be_a_branch_of_the_addressee(state: State, fact: Fact, reference: Reference) -> bool:
    branch = cast("e.TransferAccepted", fact.body).branch
    transfer = state.transfer
    if branch is None or transfer is None:
        return True
    to = transfer.to_organisation
    return reference.organisations.is_at_or_below(branch, to) or is_theirs_to_know(fact, branch, to, reference)


@rule("not_your_transfer", "只能由转出方办理", "Only the organisation that the member leaves may do this.")
def must_speak_for_the_origin(state: State, fact: Fact, reference: Reference) -> bool:
    transfer = state.transfer
    return transfer is None or _is_of(fact, (transfer.from_organisation, state.affiliation), reference)


@rule("not_your_transfer", "只能由转出方或转入方办理", "Only one of the two sides may do this.")
def must_be_of_a_side(state: State, fact: Fact, reference: Reference) -> bool:
    transfer = state.transfer
    sides = () if transfer is None else (transfer.from_organisation, transfer.to_organisation, state.affiliation)
    return transfer is None or _is_of(fact, sides, reference)


@rule("not_your_transfer", "介绍信开出后只能由转入方退回", "Once the letter is out, only its addressee may reject it.")
def must_be_theirs_to_reject(state: State, fact: Fact, reference: Reference) -> bool:
    transfer = state.transfer
    if transfer is None or transfer.status != "letter_issued":
        return must_be_of_a_side.holds(state, fact, reference)
    return _is_of(fact, (transfer.to_organisation,), reference)


@rule("no_receipt_owed", "没有待寄回的回执", "No receipt is owed.")
def must_owe_a_receipt(state: State, _fact: Fact, _reference: Reference) -> bool:
    return state.transfer is not None and state.transfer.status == "accepted"


@rule("not_your_transfer", "回执由转入方寄回", "The receiving organisation returns the receipt.")
def must_be_the_receiver(state: State, fact: Fact, reference: Reference) -> bool:
    return state.transfer is None or _is_of(fact, (state.transfer.to_organisation,), reference)


def _is_of(fact: Fact, sides: tuple[str | None, ...], reference: Reference) -> bool:
    """Whether who acts is one of these, above or below; a department of the whole country acts for any."""
    return fact.organisation is None or any(acts_for(fact, one, reference) for one in sides)


RULES: Final[dict[type[Body], tuple[Rule, ...]]] = {
    e.TransferRequested: (
        must_be_affiliated,
        must_have_no_other_transfer,
        must_not_owe_a_receipt,
        must_go_elsewhere,
        must_ask_as_a_side,
        must_not_be_temporary_for_long,
    ),
    e.TransferOutApproved: (must_have_an_open_transfer, must_wait_for_approval, must_speak_for_the_origin),
    e.TransferLetterIssued: (
        must_have_an_open_transfer,
        must_be_approved,
        must_not_have_a_letter,
        must_speak_for_the_origin,
    ),
    e.TransferLetterReissued: (must_have_a_letter, must_be_a_new_number, must_speak_for_the_origin),
    e.TransferAccepted: (
        must_have_a_letter,
        must_be_the_addressee,
        must_be_the_letter_that_stands,
        must_be_accepted_in_time,
        must_be_a_branch_of_the_addressee,
    ),
    e.TransferRejected: (must_have_an_open_transfer, must_be_theirs_to_reject),
    e.TransferWithdrawn: (must_have_an_open_transfer, must_be_of_a_side),
    e.ReceiptReturned: (must_owe_a_receipt, must_be_the_receiver),
}
