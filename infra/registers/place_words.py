"""Words that offices write where a region would stand: abroad, or nobody knows."""

from __future__ import annotations

from typing import Final

from infra.registers.cells import squeezed

_ABROAD: Final = ("境外", "国外", "海外", "出国", "港澳台", "ABROAD")
_COUNTRIES: Final = [
    "美国",
    "英国",
    "法国",
    "德国",
    "日本",
    "韩国",
    "新加坡",
    "加拿大",
    "澳大利亚",
    "新西兰",
    "俄罗斯",
    "意大利",
    "西班牙",
    "泰国",
    "越南",
    "马来西亚",
    "缅甸",
    "老挝",
    "柬埔寨",
    "印度尼西亚",
    "菲律宾",
    "阿联酋",
    "沙特",
    "南非",
    "荷兰",
    "瑞士",
    "瑞典",
    "爱尔兰",
]
_NOT_KNOWN: Final = frozenset(
    {
        "不详",
        "不明",
        "未知",
        "不清楚",
        "去向不明",
        "流向不明",
        "未定",
        "待定",
        "不固定",
        "流向不定",
        "无固定地点",
        "UNKNOWN",
    }
)


def is_abroad(text: str) -> bool:
    """Whether a place lies outside the table of regions for certain: 境外 or the name of a country."""
    plain = squeezed(text).upper()
    return any(word in plain for word in _ABROAD) or plain.startswith(tuple(_COUNTRIES))


def is_not_known(text: str) -> bool:
    """Whether an office wrote that nobody knows the place."""
    return squeezed(text).upper() in _NOT_KNOWN
