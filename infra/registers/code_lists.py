"""What offices write for coded fields, and the codes these stand for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from infra.registers.cells import squeezed

CATEGORY: Final = {
    "正式党员": "FULL",
    "正式": "FULL",
    "中共正式党员": "FULL",
    "01": "FULL",
    "1": "FULL",
    "预备党员": "PROBATIONARY",
    "预备": "PROBATIONARY",
    "中共预备党员": "PROBATIONARY",
    "02": "PROBATIONARY",
    "2": "PROBATIONARY",
}
"""GB/T 4762."""

SEX: Final = {
    "男": "MALE",
    "男性": "MALE",
    "1": "MALE",
    "M": "MALE",
    "女": "FEMALE",
    "女性": "FEMALE",
    "2": "FEMALE",
    "F": "FEMALE",
}
"""GB/T 2261.1."""

_ETHNICITIES: Final = [
    "汉",
    "蒙古",
    "回",
    "藏",
    "维吾尔",
    "苗",
    "彝",
    "壮",
    "布依",
    "朝鲜",
    "满",
    "侗",
    "瑶",
    "白",
    "土家",
    "哈尼",
    "哈萨克",
    "傣",
    "黎",
    "傈僳",
    "佤",
    "畲",
    "高山",
    "拉祜",
    "水",
    "东乡",
    "纳西",
    "景颇",
    "柯尔克孜",
    "土",
    "达斡尔",
    "仫佬",
    "羌",
    "布朗",
    "撒拉",
    "毛南",
    "仡佬",
    "锡伯",
    "阿昌",
    "普米",
    "塔吉克",
    "怒",
    "乌孜别克",
    "俄罗斯",
    "鄂温克",
    "德昂",
    "保安",
    "裕固",
    "京",
    "塔塔尔",
    "独龙",
    "鄂伦春",
    "赫哲",
    "门巴",
    "珞巴",
    "基诺",
]

ETHNICITY: Final = {
    **{name: f"{number:02d}" for number, name in enumerate(_ETHNICITIES, start=1)},
    **{f"{name}族": f"{number:02d}" for number, name in enumerate(_ETHNICITIES, start=1)},
    **{f"{number:02d}": f"{number:02d}" for number in range(1, 57)},
    **{str(number): f"{number:02d}" for number in range(1, 10)},
    "其他": "97",
    "97": "97",
    "98": "98",
}
"""GB/T 3304: 01 to 56, 97 others, 98 of foreign descent."""

EDUCATION: Final = {
    "研究生": "10",
    "研究生教育": "10",
    "博士": "11",
    "博士研究生": "11",
    "博士研究生毕业": "11",
    "硕士": "14",
    "硕士研究生": "14",
    "硕士研究生毕业": "14",
    "在职研究生": "10",
    "中央党校研究生": "10",
    "省委党校研究生": "10",
    "大学": "20",
    "本科": "20",
    "大学本科": "20",
    "大本": "20",
    "全日制本科": "20",
    "在职本科": "20",
    "在职大学": "20",
    "中央党校大学": "20",
    "省委党校大学": "20",
    "学士": "20",
    "大学毕业": "21",
    "本科毕业": "21",
    "大学本科毕业": "21",
    "大学普通班": "28",
    "专科": "30",
    "大专": "30",
    "大学专科": "30",
    "高职": "30",
    "在职大专": "30",
    "大专毕业": "31",
    "大学专科毕业": "31",
    "专科毕业": "31",
    "中等职业教育": "40",
    "中职": "40",
    "中专": "41",
    "中等专科": "41",
    "中等专科毕业": "41",
    "中专毕业": "41",
    "中师": "41",
    "职高": "44",
    "职业高中": "44",
    "职业高中毕业": "44",
    "技校": "47",
    "技工学校": "47",
    "技工学校毕业": "47",
    "高中": "60",
    "普通高中": "60",
    "普通高级中学": "60",
    "高中毕业": "61",
    "普通高中毕业": "61",
    "初中": "70",
    "初级中学": "70",
    "初中毕业": "71",
    "初中肄业": "73",
    "小学": "80",
    "小学毕业": "81",
    "小学肄业": "83",
    "文盲": "90",
    "半文盲": "90",
    "文盲或半文盲": "90",
    "其他": "90",
    **{
        code: code
        for code in [
            "10",
            "11",
            "12",
            "13",
            "14",
            "15",
            "16",
            "17",
            "18",
            "19",
            "20",
            "21",
            "22",
            "23",
            "28",
            "30",
            "31",
            "32",
            "33",
            "40",
            "41",
            "42",
            "43",
            "44",
            "45",
            "46",
            "47",
            "48",
            "49",
            "60",
            "61",
            "62",
            "63",
            "70",
            "71",
            "73",
            "80",
            "81",
            "83",
            "90",
        ]
    },
}
"""GB/T 4658; a level named without `毕业` is its heading (20, 30, 60), for nobody said that it was completed."""

LISTS: Final[dict[str, tuple[dict[str, str], str]]] = {
    "category": (CATEGORY, "正式党员、预备党员（FULL, PROBATIONARY）"),
    "sex": (SEX, "男、女（MALE, FEMALE）"),
    "ethnicity": (ETHNICITY, "GB/T 3304：汉族、回族……或 01 至 56、97、98"),
    "education": (EDUCATION, "GB/T 4658：研究生、本科、大专、中专、高中、初中、小学，或其两位代码"),
}
"""By field: what is written, and what to say would be right."""

_REASONS: Final = (
    ("JOB_SEARCH", ("求职", "找工作", "待业", "择业", "应聘")),
    ("CARE", ("照护", "照顾", "照料", "看护", "陪护", "带孙", "带娃", "带小孩", "陪读")),
    ("WORK", ("务工", "打工", "就业", "工作", "上班", "从业")),
    ("BUSINESS", ("经商", "创业", "生意", "个体", "自主经营")),
    ("STUDY", ("求学", "上学", "读书", "就读", "升学", "学习", "在校")),
    ("FAMILY", ("探亲", "投亲", "随迁", "随子女", "随军", "随家", "结婚", "养老", "团聚")),
)
_REASON_CODES: Final = frozenset({"WORK", "BUSINESS", "STUDY", "FAMILY", "CARE", "JOB_SEARCH", "OTHER"})

_SCOPES: Final = (
    ("ACROSS_PROVINCES", ("跨省", "省外", "ACROSS_PROVINCES")),
    ("IN_PROVINCE", ("跨市", "省内", "市外", "区内跨", "IN_PROVINCE")),
    ("IN_CITY", ("市内", "本市", "跨县", "县内", "县外", "IN_CITY")),
)
SCOPE_NAMES: Final = {"ACROSS_PROVINCES": "跨省流动", "IN_PROVINCE": "省内跨市流动", "IN_CITY": "市内流动"}

_LOST: Final = ("失联", "失去", "不上", "无法", "未联系", "联系未果", "无联系", "未取得")
_IN_TOUCH: Final = ("联系", "正常", "联络", "畅通", "在联", "良好", "取得", "否")
LOST_STATUS: Final = "正常联系、失联"


@lru_cache(maxsize=4096)
def reason_of(text: str) -> str:
    """Return the departure reason that a text gives, `OTHER` when it gives none of the list."""
    plain = squeezed(text)
    if plain.upper() in _REASON_CODES:
        return plain.upper()
    return next((code for code, words in _REASONS if any(word in plain for word in words)), "OTHER")


@lru_cache(maxsize=4096)
def scope_of(text: str) -> str | None:
    """Return the scope that a text claims, None when it claims none."""
    plain = squeezed(text).upper()
    return next((code for code, words in _SCOPES if any(word in plain for word in words)), None)


@lru_cache(maxsize=4096)
def status_of(text: str) -> str | None:
    """Whether a text says `LOST` or `IN_TOUCH`; None when it says neither. A column 是否失联 is answered 是 or 否."""
    plain = squeezed(text)
    if plain == "是" or any(word in plain for word in _LOST):
        return "LOST" if not plain.startswith(("未失联", "没有失联", "无失联")) else "IN_TOUCH"
    return "IN_TOUCH" if any(word in plain for word in _IN_TOUCH) else None
