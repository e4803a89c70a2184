"""A transfer as others see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    from domain.member.transfer.standing import Transfer


def transfer_view(transfer: Transfer, on: date) -> dict[str, Any]:
    """Return the transfer of INTERFACE.md as it stands on a day."""
    return {
        "transfer_id": transfer.transfer_id,
        "kind": transfer.kind,
        "status": transfer.status_on(on),
        "from": transfer.from_organisation,
        "to": transfer.to_organisation,
        "requested_at": transfer.requested_at,
        "until": transfer.until,
        "letter_number": transfer.letter_number,
        "void_letters": list(transfer.void_letters),
        "valid_until": _day(transfer.valid_until),
        "accepted_at": transfer.accepted_at,
        "receipt_due": _day(transfer.receipt_due),
        "rejected_for": transfer.rejected_for,
    }


def after_of(transfer: Transfer) -> dict[str, Any]:
    """Return what is stored with a fact of a transfer: enough for the other side to need nothing earlier."""
    return {  # keys in the order of RFC 8785
        "from": transfer.from_organisation,
        "kind": transfer.kind,
        "letter_number": transfer.letter_number,
        "receipt_due": _day(transfer.receipt_due),
        "status": transfer.status,
        "to": transfer.to_organisation,
        "transfer_id": transfer.transfer_id,
        "valid_until": _day(transfer.valid_until),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
