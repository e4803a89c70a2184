"""What may be asked for about a membership."""

from __future__ import annotations

from typing import Final

from domain.member.form import DOCUMENT, Command, Field, Kind
from domain.member.membership import events as m

MEETING: Final = Field("meeting", Kind.REFERENCE, required=True)
_WHY: Final = Field("reason", Kind.TEXT)
_WHY_IT_MUST_BE: Final = Field("reason", Kind.TEXT, required=True)

COMMANDS: Final = (
    Command("suspend-membership", m.MembershipSuspended, "停止党籍", (DOCUMENT, MEETING, _WHY_IT_MUST_BE)),
    Command("restore-membership", m.MembershipRestored, "恢复党籍", (DOCUMENT, MEETING, _WHY)),
    Command("end-membership", m.MembershipEnded, "出党", (DOCUMENT, MEETING, _WHY_IT_MUST_BE)),
    Command("record-death", m.MemberDeceased, "去世", (DOCUMENT, MEETING, _WHY)),
)
