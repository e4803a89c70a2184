"""Errors and warnings of a register's rows: their codes, and a sentence for each in Chinese and English.

No sentence and no `expected` ever carries what a cell held: only heads, cell references, code lists and place names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.errors import Sentence

ERRORS: Final[dict[str, Sentence]] = {
    "missing": Sentence("此项必填，单元格为空", "This is needed, and the cell is empty"),
    "identity_number_destroyed": Sentence(
        "公民身份号码已被电子表格改成科学计数或末位变零，无法复原",
        "A spreadsheet turned the identity number into a rounded figure; it cannot be recovered",
    ),
    "identity_number_invalid": Sentence(
        "公民身份号码不正确：位数、日期或校验码不符",
        "The identity number is not right: its length, its date or its check digit",
    ),
    "identity_number_old": Sentence(
        "这是 15 位旧号码，不再使用", "This is an old number of 15 digits, no longer in use"
    ),
    "birth_date_disagrees": Sentence(
        "{this} 与 {other} 中的出生日期不一致", "{this} disagrees with the date of birth in {other}"
    ),
    "sex_disagrees": Sentence("{this} 与 {other} 表示的性别不一致", "{this} disagrees with the sex in {other}"),
    "duplicate_in_file": Sentence(
        "与{other}是同一人，且两次流动的时间重叠", "The same person as in {other}, and the two absences overlap"
    ),
    "name_disagrees": Sentence(
        "公民身份号码与{other}相同，姓名却不同", "The same identity number as in {other}, under another name"
    ),
    "unknown_region": Sentence("无法确定是哪个行政区划", "It cannot be told which administrative division this is"),
    "region_not_valid_then": Sentence(
        "该行政区划代码在 {on} 不再或尚未使用（见{other}）", "This region code was not in use on {on} (see {other})"
    ),
    "region_needs_assignment": Sentence(
        "该行政区划已拆分到几个区划，{on} 时须由人指定其一（见{other}）",
        "This region had been split by {on}; a person must say which successor is meant (see {other})",
    ),
    "unknown_organisation": Sentence(
        "在导入单位之下找不到这个党组织", "No such organisation below the one that imports"
    ),
    "date_unreadable": Sentence("日期无法辨认", "The date cannot be read"),
    "date_impossible": Sentence("没有这一天", "There is no such day"),
    "in_the_future": Sentence("日期在将来，超出允许范围", "The date lies further ahead than is allowed"),
    "return_before_departure": Sentence("{this} 早于 {other}", "{this} is before {other}"),
    "not_in_list": Sentence("不在可选范围内", "Not in the list"),
    "unreadable": Sentence("内容无法辨认", "The content cannot be read"),
}

WARNINGS: Final[dict[str, Sentence]] = {
    "phone_unreadable": Sentence("电话号码无法辨认，未采用", "The phone number cannot be read and was left out"),
    "scope_disagrees": Sentence(
        "流动类型与流出地、流入地不符，以系统计算为准",
        "The kind of movement does not fit origin and destination; ours is computed from these",
    ),
    "ambiguous_month": Sentence(
        "数字型的“年.1”可能原为 10 月，已按 1 月读取", "A numeric “year.1” may have been October; read as January"
    ),
    "hidden_row": Sentence("此行在表中被隐藏，仍已读取", "This row is hidden in the sheet; it was read all the same"),
    "unknown_head": Sentence("不认识这个表头，该列未读取", "This head is not known; the column was not read"),
    "unknown_destination_organisation": Sentence(
        "系统中没有这个流入党组织，仅作文字保存",
        "The receiving organisation is not known here; kept as text only",
    ),
    "region_needs_assignment": Sentence(
        "该行政区划后来被拆分，按原代码保留，须由人指定现属区划",
        "This region was split later; kept as it was, and a person has to assign its successor",
    ),
    "external_organisation": Sentence(
        "系统中没有这个流出地党组织，将登记为外部党组织",
        "The organisation of origin is not known here; it will be entered as an external one",
    ),
}

CONTRADICTS: Final = Sentence("{this} 与 {other} 矛盾", "{this} contradicts {other}")
LOST_WITHOUT_DAY: Final = Sentence(
    "{other} 写明失联，须填写失联时间", "{other} says that contact was lost; the date of it is needed"
)
TOO_LONG: Final = Sentence(
    "内容过长或夹有多行，可能是引号不成对", "The content is too long or has many lines; quotes may not pair"
)
HIDDEN_SHEET: Final = Sentence("此工作表被隐藏，仍已读取", "This sheet is hidden; it was read all the same")
UNKNOWN_SHEET: Final = Sentence(
    "此工作表没有可辨认的表头，未读取", "No head was recognised on this sheet; it was not read"
)
REPEATED_HEAD: Final = Sentence(
    "这个表头重复出现，只读取了第一列", "This head occurs twice; only the first column was read"
)


@dataclass(frozen=True, slots=True)
class RowIssue:
    """One error or warning: where (sheet, row as numbered there, head as written), what, what would be right."""

    sheet: str
    row: int | None
    column: str | None
    field: str | None
    code: str
    message_zh: str
    message_en: str
    expected: str | None = None


def filled(sentence: Sentence, named: dict[str, Sentence]) -> Sentence:
    """Fill a sentence's places, each with the words of its own language."""
    return Sentence(
        sentence.zh.format(**{key: value.zh for key, value in named.items()}),
        sentence.en.format(**{key: value.en for key, value in named.items()}),
    )
