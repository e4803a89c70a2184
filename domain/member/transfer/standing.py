"""How a transfer stands: which sides, which letter, valid until when, what was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(slots=True)
class Transfer:
    """One transfer, from request to receipt. `status` as recorded: that a letter has expired is asked of a day."""

    transfer_id: str
    kind: str
    from_organisation: str | None
    from_region: str | None
    to_organisation: str
    to_region: str | None
    requested_at: str
    until: str | None = None
    status: str = "requested"
    letter_number: str | None = None
    void_letters: list[str] = field(default_factory=list)
    valid_until: date | None = None
    accepted_at: str | None = None
    receipt_due: date | None = None
    rejected_for: str | None = None

    @property
    def is_temporary(self) -> bool:
        """临时组织关系: it does not move the affiliation."""
        return self.kind == "TEMPORARY"

    @property
    def is_pending(self) -> bool:
        """Whether nothing has answered it yet; a letter that has expired still waits for an answer."""
        return self.status in ("requested", "approved", "letter_issued")

    @property
    def is_finished(self) -> bool:
        """Whether nobody owes anything for it any more."""
        return not self.is_pending and self.status != "accepted"

    def has_expired(self, day: date) -> bool:
        """Whether its letter's last valid day lies before a day."""
        return self.status == "letter_issued" and self.valid_until is not None and day > self.valid_until

    def status_on(self, day: date) -> str:
        """Return the status as it stands on a day."""
        return "expired" if self.has_expired(day) else self.status

    def regions(self) -> set[str]:
        """Return the regions of both sides."""
        return {code for code in (self.from_region, self.to_region) if code is not None}
