"""What may be asked for about an activity card."""

from __future__ import annotations

from typing import Final

from domain.member.cards import events as c
from domain.member.form import Command, Field, Kind

COMMANDS: Final = (
    Command("issue-activity-card", c.ActivityCardIssued, "发放活动证", (Field("card_number", Kind.OPAQUE),)),
    Command("inspect-activity-card", c.ActivityCardInspected, "活动证年审"),
)
