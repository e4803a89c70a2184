"""The register that goes back to the office, with its errors marked."""

from __future__ import annotations

import io

from python_calamine import CalamineWorkbook

from infra.registers.annotated import PROBLEMS, escaped, write_annotated
from tests.unit.registers.samples import EAST, MAN, OUTFLOW, WOMAN, codes, csv_bytes, read, xlsx_bytes

RIGHT = ["样例甲", MAN, "正式党员", EAST.name, "2025.3.1", "兰州城关", "=HYPERLINK(1)"]
WRONG = ["样例乙", WOMAN, "正式党员", EAST.name, "春节后", "城关区", "@样例"]
ROWS = [["民勤县登记表"], [*OUTFLOW, "备注"], RIGHT, WRONG, ["合计", "2人"]]


def annotated(content: bytes, filename: str) -> bytes:
    rows, reading = read(content, filename)
    out = io.BytesIO()
    errors = [error for row in rows for error in row.errors]
    warnings = [*reading.warnings, *(warning for row in rows for warning in row.warnings)]
    write_annotated(content, filename, errors, warnings, out)
    return out.getvalue()


def cells(content: bytes) -> list[list[object]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return [list(row) for row in sheet.to_python(skip_empty_area=False)]


def test_wrong_rows_say_in_a_last_column_what_is_wrong_and_what_would_be_right():
    for content, name in ((xlsx_bytes(("一", ROWS)), "a.xlsx"), (csv_bytes(ROWS, "gb18030"), "a.csv")):
        found = cells(annotated(content, name))
        assert found[1][7] == PROBLEMS
        assert found[2][7] == ""
        told = str(found[3][7])
        assert "【流出时间】日期无法辨认" in told
        assert "620102" in told
        assert [row[0] for row in found] == ["民勤县登记表", "姓名", "样例甲", "样例乙", "合计"]


def test_no_cell_begins_as_a_formula_would():
    for content, name in ((xlsx_bytes(("一", ROWS)), "a.xlsx"), (csv_bytes(ROWS), "a.csv")):
        found = cells(annotated(content, name))
        assert found[2][6] == "'=HYPERLINK(1)"
        assert not any(str(cell).startswith(("=", "+", "-", "@", "\t", "\r")) for row in found for cell in row)
    assert [escaped(text) for text in ("=1", "+1", "-1", "@a", "\ta", "\ra", "a")] == [
        "'=1",
        "'+1",
        "'-1",
        "'@a",
        "'\ta",
        "'\ra",
        "a",
    ]


def test_the_marked_register_gives_the_same_errors_when_read_again():
    content = annotated(xlsx_bytes(("一", ROWS)), "a.xlsx")
    rows, reading = read(content, "b.xlsx")
    assert [codes(row.errors) for row in rows] == [
        [],
        [("date_unreadable", "departed_on"), ("unknown_region", "destination")],
    ]
    assert reading.warnings == []
    again = annotated(content, "b.xlsx")
    assert cells(again)[3][7] == cells(content)[3][7]


def test_a_csv_whose_name_no_tab_may_have_is_written_all_the_same():
    content = csv_bytes(ROWS)
    name = "二〇二五年[第二季度]流出党员登记表：样例县样例镇样例村汇总稿之一.csv"
    assert cells(annotated(content, name))[1][7] == PROBLEMS
