"""The facts of a transfer, in the order in which they stand on a day: requested, approved, letter, answer, receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferRequested(Body):
    """申请转接, by either side or by the member. A TEMPORARY one may say until when."""

    fact: ClassVar[str] = "transfer_requested"
    order: ClassVar[int] = 100
    to_organisation: str
    kind: str = "FORMAL"
    until: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferOutApproved(Body):
    """同意转出."""

    fact: ClassVar[str] = "transfer_out_approved"
    order: ClassVar[int] = 101


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferLetterIssued(Body):
    """开具介绍信. `valid_days` absent: as many as the policy says."""

    fact: ClassVar[str] = "transfer_letter_issued"
    order: ClassVar[int] = 102
    letter_number: str
    valid_days: int | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferLetterReissued(Body):
    """补开介绍信: the number before it is void."""

    fact: ClassVar[str] = "transfer_letter_reissued"
    order: ClassVar[int] = 103
    letter_number: str
    valid_days: int | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferAccepted(Body):
    """接收转入: the affiliation moves to the addressee, or to the branch below it that is named."""

    fact: ClassVar[str] = "transfer_accepted"
    order: ClassVar[int] = 104
    branch: str | None = None
    letter_number: str | None = None
    document: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferRejected(Body):
    """不予接收转入."""

    fact: ClassVar[str] = "transfer_rejected"
    order: ClassVar[int] = 105
    reason: str


@recorded_as
@dataclass(frozen=True, slots=True)
class TransferWithdrawn(Body):
    """撤回转接."""

    fact: ClassVar[str] = "transfer_withdrawn"
    order: ClassVar[int] = 106


@recorded_as
@dataclass(frozen=True, slots=True)
class ReceiptReturned(Body):
    """寄回回执."""

    fact: ClassVar[str] = "receipt_returned"
    order: ClassVar[int] = 107


FACTS = (
    TransferRequested,
    TransferOutApproved,
    TransferLetterIssued,
    TransferLetterReissued,
    TransferAccepted,
    TransferRejected,
    TransferWithdrawn,
    ReceiptReturned,
)
"""What goes to the regions of both sides."""
