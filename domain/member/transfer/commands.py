"""What may be asked for about a transfer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from domain import codes
from domain.errors import Sentence
from domain.member.form import Command, Field, Kind, Read, code
from domain.member.transfer import events as e

if TYPE_CHECKING:
    from domain.member.reading import Reader

LATE: Final = Sentence("补记的接收须写明文件", "An acceptance that is recorded this late needs its document.")
ONLY_TEMPORARY: Final = Sentence("只有临时组织关系写明期限", "Only a temporary relationship has an end.")


def late_acceptance_needs_a_document(reader: Reader, read: Read) -> None:
    """Ask for the document of an acceptance recorded more than the policy's days after its day."""
    region = reader.reference.region_of(read.organisation)
    days = reader.reference.policy(region, read.occurred.day).acceptance_late_days
    if reader.today > read.occurred.day + timedelta(days=days) and "document" not in read.values:
        reader.fault("/document", "missing", LATE, "the reference of the document")


def only_a_temporary_one_ends(reader: Reader, read: Read) -> None:
    """Take an end for a temporary relationship only."""
    if "until" in read.values and read.values.get("kind") != "TEMPORARY":
        reader.fault("/until", "unknown_field", ONLY_TEMPORARY, "kind TEMPORARY")


_LETTER: Final = (
    Field("letter_number", Kind.REFERENCE, required=True),
    Field("valid_days", Kind.NUMBER, least=1, most=366),
)

COMMANDS: Final = (
    Command(
        "request-transfer",
        e.TransferRequested,
        "申请组织关系转接",
        (
            Field("to_organisation", Kind.ORGANISATION, required=True),
            code("kind", codes.TRANSFER_KINDS, required=False),
            Field("until", Kind.FUTURE_DAY),
        ),
        only_a_temporary_one_ends,
    ),
    Command("approve-transfer", e.TransferOutApproved, "同意转出"),
    Command("issue-transfer-letter", e.TransferLetterIssued, "开具介绍信", _LETTER),
    Command("reissue-transfer-letter", e.TransferLetterReissued, "补开介绍信", _LETTER),
    Command(
        "accept-transfer",
        e.TransferAccepted,
        "接收转入",
        (
            Field("branch", Kind.ORGANISATION),
            Field("letter_number", Kind.REFERENCE),
            Field("document", Kind.REFERENCE),
        ),
        late_acceptance_needs_a_document,
    ),
    Command("reject-transfer", e.TransferRejected, "不予接收转入", (code("reason", codes.TRANSFER_REJECTION_REASONS),)),
    Command("withdraw-transfer", e.TransferWithdrawn, "撤回转接"),
    Command("return-receipt", e.ReceiptReturned, "寄回回执"),
)
