"""What may be asked for about a yearly feedback."""

from __future__ import annotations

from typing import Final

from domain.member.feedback import events as f
from domain.member.form import Command, Field, Kind

_YEAR: Final = Field("year", Kind.NUMBER, required=True, least=1921, most=2200)

COMMANDS: Final = (
    Command("issue-annual-feedback", f.AnnualFeedbackIssued, "年底反馈", (_YEAR,)),
    Command("acknowledge-feedback", f.FeedbackAcknowledged, "签收反馈", (_YEAR,)),
)
