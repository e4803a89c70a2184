"""What may be asked for of a member's service; attendance is recorded through its activity."""

from __future__ import annotations

from typing import Final

from domain import codes
from domain.member.form import Command, Field, Kind, code
from domain.member.service import events as e

_POST: Final = Field("post", Kind.OPAQUE, required=True)

COMMANDS: Final = (
    Command("claim-post", e.PostClaimed, "岗位认领", (_POST,)),
    Command("release-post", e.PostReleased, "退出岗位", (_POST,)),
    Command(
        "record-service",
        e.ServiceRecorded,
        "志愿服务",
        (
            Field("hours", Kind.HOURS, required=True),
            Field("post", Kind.OPAQUE),
            code("kind", codes.SERVICE_KINDS, required=False),
        ),
        one_of=("post", "kind"),
    ),
)
