"""Three layouts of one register: notes round a plain head, grouped two-row heads, a sheet for each street."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from infra.demo.untidy_cells import Row, Written

_PLAIN: Final = (
    ("", "序号"),
    ("name", "姓 名"),
    ("sex", "性 别"),
    ("ethnicity", "民 族"),
    ("birth_date", "出生年月"),
    ("identity_number", "公民身份证号码"),
    ("education", "学 历"),
    ("joined_on", "入党时间"),
    ("category", "党员类别"),
    ("phone", "联系方式"),
    ("organisation", "所在党支部"),
    ("departed_on", "流出时间"),
    ("reason", "流出原因"),
    ("scope", "流动类型"),
    ("destination", "流入地"),
    ("destination_organisation", "流入党组织"),
    ("employer", "外出从业单位"),
    ("contact_status", "联系状态"),
    ("lost_contact_on", "失联时间"),
    ("returned_on", "返回时间"),
    ("", "家庭人口"),
    ("remarks", "备 注"),
)
_GROUPED: Final = (
    ("序号", (("", ""),)),
    (
        "基本情况",
        (
            ("organisation", "所在支部"),
            ("name", "姓名"),
            ("sex", "性别"),
            ("birth_date", "出生日期"),
            ("identity_number", "身份证号"),
            ("category", "党员类别"),
            ("phone", "手机号码"),
        ),
    ),
    (
        "流出情况",
        (("departed_on", "时间"), ("reason", "原因"), ("scope", "流动类型"), ("destination", "流入地（行政区划）")),
    ),
    ("从业情况", (("employer", "从业单位"), ("industry", "行业"), ("occupation", "职业"))),
    ("联系情况", (("contact_status", "联系状态"), ("lost_contact_on", "失联时间"))),
    ("返回时间", (("returned_on", ""),)),
    ("备注", (("remarks", ""),)),
)
_STREETS: Final = (
    ("organisation", "党支部代码"),
    ("name", "党员姓名"),
    ("identity_number", "居民身份证号码"),
    ("sex", "性别"),
    ("birth_date", "出生日期"),
    ("ethnicity", "民族"),
    ("education", "文化程度"),
    ("category", "党员类型"),
    ("joined_on", "加入党组织日期"),
    ("phone", "手机"),
    ("departed_on", "外出时间"),
    ("reason", "外出原因"),
    ("destination", "流入地代码"),
    ("industry", "行业"),
    ("contact_status", "联系情况"),
    ("lost_contact_on", "失去联系时间"),
    ("returned_on", "返回日期"),
)
_PAGE: Final = 120


class _Sheet:
    """A work sheet with the formats that all layouts share."""

    def __init__(self, book: Any, name: str) -> None:  # noqa: ANN401 - xlsxwriter ships no types
        self.sheet = book.add_worksheet(name)
        self.bold = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1})
        self._day = book.add_format({"num_format": "yyyy/m/d"})
        self._text = book.add_format({"num_format": "@"})
        self._whole = book.add_format({"num_format": "0"})

    def write(self, row: int, column: int, cell: Written) -> None:
        if isinstance(cell, date):
            self.sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), self._day)  # noqa: DTZ001
        elif isinstance(cell, float):
            form = self._whole if 10**8 < cell < 10**12 else None
            self.sheet.write_number(row, column, cell, form)
        elif cell:
            self.sheet.write_string(row, column, cell, self._text)


def write_plain_with_notes(path: Path, county: str, rows: Sequence[Row], _chance: random.Random, today: date) -> None:
    """Titles above, heads with spaces, two sheets of people, totals and signatures below, a sheet that is none."""
    with xlsxwriter.Workbook(str(path)) as book:
        half = len(rows) * 2 // 3
        for name, part in (("城区", rows[:half]), ("乡镇", rows[half:])):
            page = _Sheet(book, name)
            page.sheet.merge_range(0, 0, 0, len(_PLAIN) - 1, f"{county}流出党员登记表（{name}）", page.bold)
            page.sheet.write_string(1, 0, f"填报单位：{county}委组织部")
            page.sheet.write_string(1, 12, f"填报日期：{today.year}年{today.month}月{today.day}日")
            for column, (_, head) in enumerate(_PLAIN):
                page.sheet.write_string(2, column, head, page.bold)
            line = 3
            for number, row in enumerate(part, start=1):
                if number % _PAGE == 0:
                    line += 1
                _write_row(page, line, [field for field, _ in _PLAIN], row)
                page.sheet.write_number(line, 0, number)
                line += 1
            page.sheet.write_string(line, 0, "合计")
            page.sheet.write_string(line, 1, f"{len(part)}人")
            page.sheet.merge_range(line + 2, 0, line + 2, 8, "备注：1.流出时间填到月；2.流入地填到县（市、区）。")
            page.sheet.write_string(line + 3, 0, "填表人：样例甲")
            page.sheet.write_string(line + 3, 5, "审核人：样例乙")
            page.sheet.write_string(line + 3, 11, f"制表日期：{today.isoformat()}")
        notes = _Sheet(book, "填表说明")
        notes.sheet.write_string(0, 0, "本表由各党支部每季度填报一次，经乡镇党委审核后报县委组织部。")
        book.add_worksheet("Sheet4")


def write_grouped(path: Path, county: str, rows: Sequence[Row], chance: random.Random, _today: date) -> None:
    """A head of two rows with merged groups; branches merged over their people; rows hidden by a filter left on."""
    with xlsxwriter.Workbook(str(path)) as book:
        page = _Sheet(book, "流出党员")
        fields = [field for _, heads in _GROUPED for field, _ in heads]
        page.sheet.merge_range(0, 0, 0, len(fields) - 1, f"{county}流动党员（流出）台账", page.bold)
        column = 0
        for group, heads in _GROUPED:
            last = column + len(heads) - 1
            if heads[0][1]:
                page.sheet.merge_range(1, column, 1, last, group, page.bold)
                for offset, (_, head) in enumerate(heads):
                    page.sheet.write_string(2, column + offset, head, page.bold)
            else:
                page.sheet.merge_range(1, column, 2, last, group, page.bold)
            column = last + 1
        ordered = sorted(rows, key=lambda row: str(row["organisation"]))
        at = fields.index("organisation")
        start = 0
        for index, row in enumerate(ordered):
            line = index + 3
            _write_row(page, line, fields, row)
            page.sheet.write_number(line, 0, index + 1)
            following = ordered[index + 1]["organisation"] if index + 1 < len(ordered) else None
            if following != row["organisation"]:
                if index > start:
                    page.sheet.merge_range(start + 3, at, line, at, str(row["organisation"]))
                start = index + 1
            if chance.random() < 0.01:
                page.sheet.set_row(line, None, None, {"hidden": True})
        page.sheet.write_string(len(ordered) + 4, 0, f"总计：{len(ordered)}人")


def write_street_sheets(path: Path, county: str, rows: Sequence[Row], _chance: random.Random, today: date) -> None:
    """A sheet for each of three streets, the head once more on each printed page, a word list on a hidden sheet."""
    with xlsxwriter.Workbook(str(path)) as book:
        third = -(-len(rows) // 3)
        for number in range(3):
            page = _Sheet(book, f"第{'一二三'[number]}街道")
            line = 0
            for index, row in enumerate(rows[number * third : (number + 1) * third]):
                if index % _PAGE == 0:
                    for column, (_, head) in enumerate(_STREETS):
                        page.sheet.write_string(line, column, head, page.bold)
                    line += 1
                _write_row(page, line, [field for field, _ in _STREETS], row)
                line += 1
            page.sheet.write_string(line + 1, 1, f"制表：{county}委组织部 {today.isoformat()}")
        kept = book.add_worksheet("字典")
        kept.write_column(0, 0, ["务工", "经商", "求学", "探亲", "照护", "求职"])
        kept.hide()


def _write_row(page: _Sheet, line: int, fields: Sequence[str], row: Row) -> None:
    for column, field in enumerate(fields):
        if field:
            page.write(line, column, row.get(field, ""))
