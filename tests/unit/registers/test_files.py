"""Whole files as offices keep them: titles, merged heads, hidden rows, several sheets, notes below, encodings."""

from __future__ import annotations

from datetime import date

import pytest

from infra.registers.refusal import RegisterRefused
from tests.unit.registers.samples import (
    EAST,
    INFLOW,
    MAN,
    OUTFLOW,
    WEST,
    WOMAN,
    codes,
    csv_bytes,
    opened,
    person,
    read,
    xlsx_bytes,
)

FIRST = ["样例甲", MAN, "正式党员", EAST.name, "2025.3.1", "兰州城关"]
SECOND = ["样例乙", WOMAN, "预备党员", WEST.name, "2025年4月", ""]


def test_a_head_below_titles_is_found_and_notes_below_are_not_rows():
    content = xlsx_bytes(
        (
            "Sheet1",
            [
                ["民勤县流出党员登记表"],
                ["填报单位：样例镇党委", "", "", "填报日期：2025年6月30日"],
                ["姓 名", "公民身份\n号码", "党员类别", "流出党支部", "流出时间", "流入地"],
                FIRST,
                [],
                SECOND,
                ["合计", "2人"],
                ["备注：1.流出时间填到月；2.流入地填到县。"],
                ["2.本表一式两份"],
                ["填表人：样例丙", "", "", "审核人：样例丁", "制表日期：2025.6.30"],
            ],
        ),
        merges=[(0, 0, 0, 5)],
    )
    rows, reading = read(content, "a.xlsx")
    assert [(row.row, row.name, row.errors) for row in rows] == [(4, "样例甲", ()), (6, "样例乙", ())]
    assert reading.warnings == []
    assert reading.rows_read == 2


def test_a_merged_head_of_two_rows_names_its_columns_by_both():
    rows: list[list[object]] = [
        ["台账"],
        ["序号", "基本情况", "", "", "流出情况", "", "", "联系人", "", "备注"],
        ["", "姓名", "身份证号", "所在支部", "时间", "流入地（行政区划）", "类型代号", "姓名", "电话", ""],
        [1, "样例甲", MAN, EAST.name, "2025.3.1", "城关区", "x", "样例丙", "13900000001", "好"],
    ]
    merges = [(0, 0, 0, 9), (1, 0, 2, 0), (1, 1, 1, 3), (1, 4, 1, 6), (1, 7, 1, 8), (1, 9, 2, 9)]
    (row,), reading = read(xlsx_bytes(("台账", rows), merges=merges), "a.xlsx")
    assert [(error.column, error.field) for error in row.errors] == [("流出情况/流入地（行政区划）", "destination")]
    assert row.personal == {"contact_person": "样例丙", "contact_phone": "+8613900000001", "remarks": "好"}
    assert [warning.column for warning in reading.warnings] == ["流出情况/类型代号"]
    assert reading.warnings[0].code == "unknown_head"


def test_a_head_of_two_rows_is_read_from_a_csv_too():
    rows = [
        ["姓名", "证件", "", "流出情况", ""],
        ["", "身份证号", "学历", "党支部", "时间"],
        ["样例甲", MAN, "本科", EAST.name, "2025.3.1"],
    ]
    (row,), _ = read(csv_bytes(rows))
    assert row.errors == ()
    assert (row.organisation, row.education) == (EAST, "20")


@pytest.mark.parametrize("parts", [["省", "市", "县"], ["省（区、市）", "市（州）", "县（市、区）"]])
def test_a_place_in_a_column_for_each_level_is_one_place(parts):
    heads = [["姓名", "身份证号", "所在支部", "流出时间", "流入地", "", "", "备注"], ["", "", "", "", *parts, ""]]
    people = [
        ["样例甲", MAN, EAST.name, "2025.3", "甘肃", "兰州", "城关", "好"],
        ["样例乙", WOMAN, EAST.name, "2025.3", "四川省", "成都市", "锦江区", ""],
        ["样例丙", person(5), EAST.name, "2025.3", "", "", "", ""],
    ]
    for content in (csv_bytes([*heads, *people]), xlsx_bytes(("一", [*heads, *people]), merges=[(0, 4, 0, 6)])):
        rows, reading = read(content)
        assert [row.errors for row in rows] == [(), (), ()]
        assert [row.destination and row.destination.code for row in rows] == ["620102", "510104", None]
        assert reading.warnings == []


def test_signatures_and_remarks_below_are_not_rows():
    below = [
        ["注：以上情况属实"],
        ["1、本表一式两份"],
        ["样例镇党委（盖章）", "", "", "2025年6月30日"],
        ["（盖章）"],
        ["以上共2人"],
        ["", "样例镇党委组织委员（签字）", "", "", "2025.6.30"],
    ]
    rows, _ = read(csv_bytes([OUTFLOW, FIRST, SECOND, *below]))
    assert [row.row for row in rows] == [2, 3]


def test_hidden_rows_are_read_with_a_warning():
    rows, _ = read(xlsx_bytes(("一", [OUTFLOW, FIRST, SECOND]), hidden=[1]), "a.xlsx")
    assert [codes(row.warnings) for row in rows] == [[("hidden_row", None)], []]


def test_every_sheet_with_a_head_is_read_and_the_others_are_named():
    content = xlsx_bytes(
        ("流出", [OUTFLOW, FIRST]),
        ("说明", [["请各支部认真填写"]]),
        ("空表", []),
        ("流入", [INFLOW, ["样例乙", WOMAN, "正式党员", "成都锦江区", "样例支部", "2025.5.6", "民勤县", WEST.name]]),
    )
    rows, reading = read(content, "a.xlsx")
    assert [(row.sheet, row.row, row.kind) for row in rows] == [("流出", 2, "outflow"), ("流入", 2, "inflow")]
    assert [(warning.sheet, warning.code) for warning in reading.warnings] == [("说明", "unknown_head")]


def test_a_hidden_sheet_is_read_with_a_warning():
    def hide(_book, page):
        if page.name == "旧":
            page.hide()

    rows, reading = read(xlsx_bytes(("新", [OUTFLOW, FIRST]), ("旧", [OUTFLOW, SECOND]), keep=hide), "a.xlsx")
    assert len(rows) == 2
    assert [(warning.sheet, warning.code) for warning in reading.warnings] == [("旧", "hidden_row")]


def test_the_head_once_more_on_the_next_page_is_no_row():
    rows, _ = read(xlsx_bytes(("一", [OUTFLOW, FIRST, OUTFLOW, SECOND])), "a.xlsx")
    assert [row.row for row in rows] == [2, 4]


def test_numbers_dates_and_destroyed_numbers_come_from_typed_cells():
    heads = [*OUTFLOW, "联系电话", "返回时间", "出生日期"]
    cells = [
        ["样例甲", MAN, "正式党员", EAST.name, date(2025, 3, 1), 620102, 13900000001, 2025.4, 19880211],
        ["样例乙", 9.90001198802110e17, "正式党员", EAST.name, 45717, "", "", "", ""],
        ["样例丙", 990001880211001, "正式党员", EAST.name, 2025.1, "", "", "", ""],
    ]
    rows, _ = read(xlsx_bytes(("一", [heads, *cells])), "a.xlsx")
    assert rows[0].errors == ()
    assert rows[0].departed_on is not None
    assert rows[0].departed_on.text == "2025-03-01"
    assert rows[0].phone == "+8613900000001"
    assert rows[0].returned_on is not None
    assert rows[0].returned_on.text == "2025-04"
    assert codes(rows[1].errors) == [("identity_number_destroyed", "identity_number")]
    assert codes(rows[2].errors) == [("identity_number_old", "identity_number")]
    assert codes(rows[2].warnings) == [("ambiguous_month", "departed_on")]


def test_a_branch_merged_over_its_people_counts_for_all_of_them():
    people = [[EAST.name if not index else "", f"样例{index}甲", person(2 * index + 1), "2025.3"] for index in range(3)]
    heads = ["所在党支部", "姓名", "身份证号", "流出时间"]
    content = xlsx_bytes(("一", [heads, *people, ["", "样例丁", person(99), "2025.3"]]), merges=[(1, 0, 3, 0)])
    rows, _ = read(content, "a.xlsx")
    assert [row.organisation for row in rows] == [EAST, EAST, EAST, None]
    assert codes(rows[3].errors) == [("missing", "organisation")]


def test_a_formula_is_read_as_the_value_kept_for_it_and_text_like_one_is_text():
    def formulas(_book, page):
        page.write_formula(1, 4, "=TODAY()-100", None, "2025.3.1")
        page.write_string(1, 6, "=1+1")

    (row,), _ = read(xlsx_bytes(("一", [[*OUTFLOW, "备注"], FIRST]), keep=formulas), "a.xlsx")
    assert row.errors == ()
    assert row.departed_on is not None
    assert row.departed_on.text == "2025-03-01"
    assert row.personal["remarks"] == "=1+1"


def test_a_row_with_a_name_and_no_number_is_a_row_with_an_error():
    rows, _ = read(csv_bytes([OUTFLOW, FIRST, ["样例乙", "", "", EAST.name, "", ""], ["样例丙"]]))
    assert [row.row for row in rows] == [2, 3, 4]
    assert ("missing", "identity_number") in codes(rows[2].errors)


def test_rows_that_hold_only_a_running_number_are_empty():
    rows, _ = read(csv_bytes([["序号", *OUTFLOW], ["1", *FIRST], ["2"], ["3"]]))
    assert [row.row for row in rows] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_is_read_in_every_encoding_and_with_every_delimiter(encoding, delimiter):
    title = [["流出党员登记表（样例）"]]
    rows, _ = read(csv_bytes([*title, OUTFLOW, FIRST, SECOND], encoding, delimiter))
    assert [(row.row, row.name, row.errors) for row in rows] == [(3, "样例甲", ()), (4, "样例乙", ())]


def test_rows_of_a_csv_are_numbered_as_a_spreadsheet_does():
    text = csv_bytes([OUTFLOW, [*FIRST[:5], "兰州\n城关"]]) + b"\r\n\r\n" + csv_bytes([SECOND])
    rows, _ = read(text)
    assert [row.row for row in rows] == [2, 5]
    assert rows[0].errors == ()


def test_unknown_and_repeated_heads_are_reported():
    heads = [*OUTFLOW, "籍贯", "流出时间", "备注"]
    _, reading = read(csv_bytes([heads, [*FIRST, "样例", "2020.1", ""]]))
    assert [(warning.row, warning.column, warning.code) for warning in reading.warnings] == [
        (1, "籍贯", "unknown_head"),
        (1, "流出时间", "unknown_head"),
    ]


@pytest.mark.parametrize(
    ("head", "held", "code"),
    [
        ("公民身份证号码", "1", "identity_number_invalid"),
        ("居民 身份证", "1", "identity_number_invalid"),
        ("手 机\n号 码", "打不通", "phone_unreadable"),
        ("＊学历：", "很高", "not_in_list"),
        ("流入地（省、市、县）", "城关区", "unknown_region"),
        ("【流入地】", "城关区", "unknown_region"),
        ("流入地 (行政区划)", "城关区", "unknown_region"),
        ("入党年月", "从前", "date_unreadable"),
    ],
)
def test_heads_are_known_by_their_synonyms(head, held, code):
    cells = {"姓名": "样例甲", "身份证号": MAN, "支部": EAST.name, "外出时间": "2025.3"}
    if code == "identity_number_invalid":
        del cells["身份证号"]
    cells[head] = held
    (row,), _ = read(csv_bytes([list(cells), list(cells.values())]))
    assert [issue.code for issue in (*row.errors, *row.warnings)] == [code]
    assert (*row.errors, *row.warnings)[0].column == " ".join(head.split())


def test_a_list_of_people_without_movements_is_no_register():
    with pytest.raises(RegisterRefused) as refused:
        opened(csv_bytes([["姓名", "公民身份号码", "学历"], ["样例甲", MAN, "大专"]]))
    assert refused.value.code == "not_a_register"
    assert "姓名" in refused.value.sentence.zh


def test_a_register_is_read_in_chunks_with_progress_and_only_once():
    told: list[int] = []
    people = [
        [f"样例{index}甲", person(index % 1000, date(1980 + index // 1000, 1, 1)), "正式党员", EAST.name, "2025.3", ""]
        for index in range(2500)
    ]
    with opened(csv_bytes([OUTFLOW, *people])) as reading:
        reading._progress = lambda done, _height: told.append(done)
        assert [len(chunk) for chunk in reading.chunks(1000)] == [1000, 1000, 500]
        assert told == [1000, 2000, 2500]
        with pytest.raises(RuntimeError):
            next(reading.chunks())


def test_a_head_that_holds_somebodys_number_is_told_without_it():
    content = csv_bytes([[*OUTFLOW, "13812345678", f"样例 {MAN}"], [*FIRST, "", ""]])
    _, reading = read(content)
    assert [warning.column for warning in reading.warnings] == ["…", "样例 …"]


def test_a_count_of_people_below_is_not_a_person():
    rows, _ = read(csv_bytes([OUTFLOW, FIRST, ["人数", "1", "", "", "", ""]]))
    assert len(rows) == 1
