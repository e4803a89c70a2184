"""What a verified token tells about who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """The roles a token may carry, one each."""

    MEMBER = "member"
    LIAISON = "liaison"
    BRANCH_SECRETARY = "branch_secretary"
    COMMUNITY_WORKER = "community_worker"
    ORGANISATION_DEPARTMENT = "organisation_department"
    AUDITOR = "auditor"
    SISTER_SYSTEM = "sister_system"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a subject that means something to the issuer only, a role, and where it holds.

    `organisation` is a code; `region` has six digits, 000000 is the whole country; `member_id` is a member's own id.
    """

    subject: str
    role: Role
    organisation: str | None = None
    region: str | None = None
    member_id: UUID | None = None
    issuer: str = ""

    @property
    def caller(self) -> str:
        """Whose idempotency keys these are: the subject alone could be somebody else at another issuer."""
        return f"{self.issuer} {self.subject}"
