"""How facts and memberships are named where a history is printed: on the terminal, and on an evidence sheet."""

from __future__ import annotations

from typing import Final

from domain.fact import BODIES
from domain.member.commands import COMMAND_OF

_WITHOUT_A_COMMAND: Final = {
    "member_registered": "登记入册",
    "member_introduced": "引介",
    "personal_data_updated": "更新个人信息",
    "acceptance_contested": "两地争议",
    "organisation_dissolved": "党组织撤销",
    "attendance_recorded": "参加活动",
    "records_merged": "合并",
    "records_unmerged": "拆回",
    "personal_data_erased": "清除个人信息",
}
MEMBERSHIPS: Final = {"suspended": "停止党籍 suspended", "ended": "党籍终止 ended"}


def fact_words(fact: str) -> str:
    """Name a fact in Chinese."""
    body = BODIES[fact]
    return COMMAND_OF[body].zh if body in COMMAND_OF else _WITHOUT_A_COMMAND.get(fact, fact)
