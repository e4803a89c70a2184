"""The transfer of a member who settles for good: asked for, approved, by letter; mostly accepted, with its receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.demo import habits
from infra.demo.steps import Over

if TYPE_CHECKING:
    from datetime import date

    from infra.demo.absence import Absence, Who
    from infra.demo.stay import Stay

_LONG_ENOUGH: Final = timedelta(days=40)
_ANSWERED_BY: Final = 25
"""Days after the letter: well within its shortest validity."""


def settle_for_good(absence: Absence) -> None:
    """Ask for a transfer to where the member has settled; raises Over once it is accepted, or the year is."""
    stay = absence.stays[-1]
    if stay.settled_on is None or stay.host is None or stay.left_on is not None:
        return
    chance, diary = absence.chance, absence.diary
    asked = max(diary.known, stay.settled_on) + _LONG_ENOUGH + chance.days(0, 120)
    absence.must_be_heard_of(asked + timedelta(days=_ANSWERED_BY + 15))
    who = chance.one_of(habits.TRANSFER_ASKED_BY)
    by: Who = {"member": ("member", None), "origin": absence.secretary, "host": _host(stay)}[who]
    diary.chain("request-transfer", asked, by, to_organisation=stay.host)
    department: Who = (f"department:{absence.home.committee}", absence.home.committee)
    diary.chain("approve-transfer", diary.known + chance.days(1, 7), department)
    issued = diary.known + chance.days(0, 3)
    number = f"样例介〔{issued.year}〕{chance.random.randint(1, 999)}号"
    diary.chain("issue-transfer-letter", issued, department, letter_number=number)
    _be_answered(absence, stay, issued)


def _be_answered(absence: Absence, stay: Stay, issued: date) -> None:
    chance, diary, host = absence.chance, absence.diary, _host(stay)
    answer = chance.one_of(habits.TRANSFER_ANSWER)
    if answer == "nothing":
        return
    if answer == "withdrawn":
        diary.chain("withdraw-transfer", issued + chance.days(2, 20), absence.secretary)
        return
    on = issued + chance.days(2, _ANSWERED_BY)
    if answer == "rejected":
        diary.chain("reject-transfer", on, host, reason=chance.one_of(habits.TRANSFER_REJECTED_FOR))
        return
    late = chance.random.randint(4, 12) if chance.happens(habits.TRANSFER_ACCEPTED_LATE) else 0
    document = f"样例补〔{on.year}〕{chance.random.randint(1, 99)}号" if late else None
    diary.chain("accept-transfer", on, host, late=late, document=document)
    if chance.happens(habits.RECEIPT_RETURNED):
        diary.aside("return-receipt", diary.known + chance.days(1, 28), host)
    stay.left_on = absence.ended_on = on
    absence.silent_from = None
    raise Over


def _host(stay: Stay) -> Who:
    return (f"worker:{stay.host}", stay.host)
