"""What may be asked for about personal data."""

from __future__ import annotations

from typing import Final

from domain import codes
from domain.member.form import Command, Field, Kind, code
from domain.member.privacy import events as p

_REQUEST: Final = Field("event_id", Kind.EVENT_ID, required=True)

COMMANDS: Final = (
    Command(
        "request-personal-data",
        p.PersonalDataRequested,
        "申请个人信息事项",
        (code("request", codes.PERSONAL_DATA_REQUESTS), Field("text", Kind.TEXT)),
    ),
    Command("complete-personal-data-request", p.PersonalDataRequestCompleted, "个人信息申请办结", (_REQUEST,)),
    Command(
        "refuse-personal-data-request",
        p.PersonalDataRequestRefused,
        "个人信息申请不予办理",
        (_REQUEST, Field("reason", Kind.TEXT, required=True)),
    ),
)

ERASURE: Final = Command("erase-personal-data", p.PersonalDataErased, "清除个人信息")
"""No verb of a path: it is asked for by `DELETE …/personal-data` and does more than record a fact."""
