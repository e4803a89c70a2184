"""What `kiteline replay` says of codes, and of what a correction, a void or a merge changed."""

from __future__ import annotations

from typing import Any, Final

import orjson
from rich.text import Text

_CODES: Final = {
    "FULL": "正式党员",
    "PROBATIONARY": "预备党员",
    "CODE": "扫码",
    "WORKER": "社区登记",
    "MEMBER": "本人",
    "SYSTEM": "系统",
    "PHONE": "电话",
    "MESSAGE": "消息",
    "VIDEO": "视频",
    "VISIT": "走访",
    "ACTIVITY": "活动",
    "WORKPLACE": "工作地",
    "RESIDENCE": "居住地",
    "INDUSTRY": "行业",
    "HOMETOWN": "家乡驻外",
    "FALLBACK": "兜底",
    "COMMUNITY": "社区服务",
    "CARE": "关爱帮扶",
    "EDUCATION": "宣讲教育",
    "ENVIRONMENT": "环境整治",
    "SAFETY": "平安巡查",
    "EMERGENCY": "应急",
    "EXPERTISE": "专业服务",
    "MEMBERS_MEETING": "支部党员大会",
    "COMMITTEE_MEETING": "支部委员会",
    "GROUP_MEETING": "党小组会",
    "LECTURE": "党课",
    "THEME_DAY": "主题党日",
    "ORGANISATIONAL_LIFE_MEETING": "组织生活会",
    "STUDY": "学习",
    "SERVICE": "志愿服务",
    "FORMAL": "正式",
    "TEMPORARY": "临时",
    "LETTER_INVALID": "介绍信无效",
    "LETTER_EXPIRED": "介绍信过期",
    "MATERIALS_INCOMPLETE": "材料不全",
    "IDENTITY_MISMATCH": "身份不符",
    "NOT_LIVING_OR_WORKING_HERE": "不在此居住或工作",
    "WRONG_ADDRESSEE": "转接对象有误",
    "NO_ANSWER": "无人接听",
    "OUT_OF_SERVICE": "号码停用",
    "WRONG_PERSON": "不是本人",
    "REFUSED": "拒绝",
    "NOT_HERE": "不在此地",
    "WRONG_PLACE": "不属此地",
    "STAY_TOO_SHORT": "停留过短",
    "ALREADY_ACCEPTED": "已被接收",
    "IDENTITY_NOT_CONFIRMED": "身份未核实",
    "FOUND_OUT_LATER": "事后得知",
    "HELD_ELSEWHERE": "已在别处进行",
    "ILLNESS": "患病",
    "SHORT_STAY": "短期外出",
    "PLANS_CHANGED": "计划改变",
    "STAYED_AWAY_TRANSFERRED": "已转走组织关系",
    "DECEASED": "去世",
    "MEMBERSHIP_ENDED": "党籍终止",
    "RECORDED_IN_ERROR": "记录有误",
    "ACCESS": "查阅",
    "CORRECTION": "更正",
    "ERASURE": "清除",
}
_REASONS: Final = {
    "WORK": "务工",
    "BUSINESS": "经商",
    "STUDY": "求学",
    "FAMILY": "探亲",
    "CARE": "照护",
    "JOB_SEARCH": "求职",
    "OTHER": "其他",
}
"""Reasons of a departure: some of these codes mean something else elsewhere."""
_CHANNELS: Final = {
    "API": "接口 API",
    "BULK": "批量 bulk",
    "IMPORT": "台账导入 import",
    "SIMULATION": "模拟 simulation",
    "CODE": "扫码 code",
    "SISTER": "兄弟地区 sister",
}
_LONGEST: Final = 60


def code_words(name: str, value: object) -> str:
    """Say a coded value of a field in Chinese; any other value as it is."""
    text = str(value)
    return _REASONS.get(text, _CODES.get(text, text)) if name == "reason" else _CODES.get(text, text)


def channel_words(via: str) -> str:
    """Say by which channel something was recorded."""
    return _CHANNELS.get(via, via)


def effect_words(effect: dict[str, Any] | None, numbers: dict[str, int]) -> Text:
    """Say what a correction or void made of its event, and what differs in the state: before, struck, and after."""
    text = Text()
    if effect is None:
        return text
    event = effect["event"]
    if event is not None:
        number = numbers.get(event["event_id"])
        named = f"#{number}" if number is not None else event["type"]
        if event["after"] is None:
            text.append(f"{named} 不再计算 no longer counts", "yellow")
        elif event["before"] is None:
            text.append(f"{named} 重新计算 counts again", "yellow")
        for change in event["changes"]:
            _append_change(text, f"{named} ", change)
    for change in effect["state"] or ():
        _append_change(text, "状态 state ", change)
    if not text:
        text.append("当时状态不变 no change then", "dim")
    return text


def _append_change(text: Text, label: str, change: dict[str, Any]) -> None:
    if text:
        text.append("\n")
    text.append(label + change["pointer"].removeprefix("/") + " ")
    text.append(_short(change["before"]), "strike dim")
    text.append(f"→{_short(change['after'])}")


def _short(value: object) -> str:
    if value is None or value == []:
        return "无"
    said = value if isinstance(value, str) else orjson.dumps(value).decode()
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
