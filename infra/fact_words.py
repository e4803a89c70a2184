"""How facts and memberships are named where they are shown: on the terminal, an evidence sheet, the console's pages."""

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
    "organisation_registered": "设立党组织",
    "region_reorganised": "区划变更",
    "policy_adopted": "采用规则",
    "workdays_set": "设定工作日",
    "code_list_adopted": "采用代码表",
    "agreement_signed": "签订协作协议",
    "agreement_countersigned": "协议对方签署",
    "agreement_ended": "协议终止",
    "venue_opened": "设立报到点",
    "check_in_code_issued": "发放报到码",
    "check_in_code_revoked": "停用报到码",
    "post_opened": "开设服务岗位",
    "post_holder_changed": "岗位占用变更",
    "activity_held": "举办活动",
    "attendance_taken": "活动签到",
    "merge_proposed": "提出合并",
    "merge_confirmed": "确认合并",
    "merge_undone": "拆回合并",
}
MEMBERSHIPS: Final = {"suspended": "停止党籍 suspended", "ended": "党籍终止 ended"}


def fact_words(fact: str) -> str:
    """Name a fact in Chinese."""
    body = BODIES[fact]
    return COMMAND_OF[body].zh if body in COMMAND_OF else _WITHOUT_A_COMMAND.get(fact, fact)
