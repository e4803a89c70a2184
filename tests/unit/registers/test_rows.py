"""Rows: what is read from them, and the error or warning of each thing that can be wrong with one."""

from __future__ import annotations

import pytest

from infra.registers.places import Place
from tests.unit.registers.samples import (
    AWAY,
    EAST,
    MAN,
    OUTFLOW,
    WEST,
    WOMAN,
    codes,
    csv_bytes,
    one,
    person,
    read,
)


def test_a_full_outflow_row_is_read_into_its_facts():
    row = one(
        {
            "性别": "男",
            "民族": "回族",
            "出生日期": "1988年2月11日",
            "学历": "大专",
            "入党时间": "2010.5",
            "联系电话": "139 0000 0001",
            "流出原因": "外出打工",
            "流动类型": "省内跨市流动",
            "联系状态": "失联",
            "失联时间": "2025.5",
            "返回时间": "2025-06-01",
            "外出从业单位": "样例单位",
            "备注": "无",
        }
    )
    assert row.errors == ()
    assert row.warnings == ()
    assert (row.name, row.category, row.sex, row.ethnicity, row.education) == ("样例甲", "FULL", "MALE", "03", "30")
    assert row.identity is not None
    assert row.identity.number == MAN
    assert row.phone == "+8613900000001"
    assert row.organisation == EAST
    assert (row.reason, row.scope) == ("WORK", "IN_PROVINCE")
    assert row.destination == Place("region", "620102")
    days = (row.joined_on, row.departed_on, row.lost_contact_on, row.returned_on)
    assert [day.text for day in days if day] == ["2010-05", "2025-03-01", "2025-05", "2025-06-01"]
    assert row.personal == {"employer": "样例单位"}


def test_an_inflow_row_tells_check_in_placing_and_origin():
    row = one(inflow=True)
    assert row.errors == ()
    assert row.kind == "inflow"
    assert row.organisation == AWAY
    assert row.branch == EAST
    assert row.arrived_on is not None
    assert row.arrived_on.text == "2025-03-01"
    assert (row.origin, row.destination) == (Place("region", "620102"), Place("region", "620621"))


def test_an_unknown_origin_organisation_becomes_an_external_one_with_a_warning():
    row = one({"流出地党组织": "样例省样例市某支部"}, inflow=True)
    assert row.errors == ()
    assert codes(row.warnings) == [("external_organisation", "origin_organisation")]
    assert row.organisation is None
    assert row.personal["origin_organisation"] == "样例省样例市某支部"


def test_an_inflow_row_without_a_place_lies_where_its_branch_is():
    assert one({"流入地": ""}, inflow=True).destination == Place("region", EAST.region)


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"姓名": ""}, "missing", "name"),
        ({"姓名": "12345"}, "unreadable", "name"),
        ({"姓名": "样�甲"}, "unreadable", "name"),
        ({"公民身份号码": ""}, "missing", "identity_number"),
        ({"公民身份号码": "3.60426E+17"}, "identity_number_destroyed", "identity_number"),
        ({"公民身份号码": MAN[:15] + "000"}, "identity_number_destroyed", "identity_number"),
        ({"公民身份号码": "990001880211001"}, "identity_number_old", "identity_number"),
        ({"公民身份号码": "360426199101010072"}, "identity_number_invalid", "identity_number"),
        ({"公民身份号码": "990001198802300015"}, "identity_number_invalid", "identity_number"),
        ({"党员类别": ""}, "missing", "category"),
        ({"党员类别": "积极分子"}, "not_in_list", "category"),
        ({"性别": "不明确"}, "not_in_list", "sex"),
        ({"性别": "女"}, "sex_disagrees", "sex"),
        ({"民族": "外星族"}, "not_in_list", "ethnicity"),
        ({"学历": "很高"}, "not_in_list", "education"),
        ({"出生日期": "1988.3"}, "birth_date_disagrees", "birth_date"),
        ({"出生日期": "1988.2.30"}, "date_impossible", "birth_date"),
        ({"入党时间": "很久以前"}, "date_unreadable", "joined_on"),
        ({"入党时间": "2026.1.1"}, "in_the_future", "joined_on"),
        ({"入党时间": "1980.1.1"}, "date_impossible", "joined_on"),
        ({"流出党支部": ""}, "missing", "organisation"),
        ({"流出党支部": "民勤县样例镇北街村党支部"}, "unknown_organisation", "organisation"),
        ({"流出党支部": AWAY.name}, "unknown_organisation", "organisation"),
        ({"流出时间": ""}, "missing", "departed_on"),
        ({"流出时间": "春节后"}, "date_unreadable", "departed_on"),
        ({"流出时间": "2025.2.29"}, "date_impossible", "departed_on"),
        ({"流出时间": "2025.9.29"}, "in_the_future", "departed_on"),
        ({"返回时间": "2025.2.28"}, "return_before_departure", "returned_on"),
        ({"返回时间": "2052.5.1"}, "in_the_future", "returned_on"),
        ({"失联时间": "2025.7.1"}, "in_the_future", "lost_contact_on"),
        ({"联系状态": "失联"}, "missing", "lost_contact_on"),
        ({"联系状态": "啊"}, "not_in_list", "contact_status"),
        ({"流入地": "城关区"}, "unknown_region", "destination"),
        ({"流入地": "样例国样例市"}, "unknown_region", "destination"),
        ({"流入地": "云南省昆明市五华区、盘龙区"}, "unknown_region", "destination"),
        ({"流入地": "999999"}, "unknown_region", "destination"),
        ({"流入地": "330103"}, "region_not_valid_then", "destination"),
        ({"流入地": "330104"}, "region_needs_assignment", "destination"),
        ({"备注": "长" * 1001}, "unreadable", "remarks"),
    ],
)
def test_each_thing_that_is_wrong_is_an_error_of_its_cell(changed, code, field):
    row = one(changed)
    assert codes(row.errors) == [(code, field)]
    assert row.errors[0].row == 2
    assert row.errors[0].column == next(iter(changed)) or code == "missing"
    assert row.errors[0].message_zh
    assert row.errors[0].message_en


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"联系电话": "没有电话"}, "phone_unreadable", "phone"),
        ({"联系电话": "138****0000"}, "phone_unreadable", "phone"),
        ({"流动类型": "跨省流动"}, "scope_disagrees", "scope"),
        ({"流入党组织": "样例社区支部"}, "unknown_destination_organisation", "destination_organisation"),
        ({"流出时间": "2025.1"}, "ambiguous_month", "departed_on"),
    ],
)
def test_a_warning_does_not_keep_the_row_out(changed, code, field):
    row = one(changed)
    assert row.errors == ()
    assert codes(row.warnings) == [(code, field)]
    assert row.is_right


def test_no_message_and_nothing_expected_repeats_what_a_cell_held():
    secret = {"姓名": "样例乙丙", "联系电话": "13812345", "公民身份号码": WOMAN[:17] + "7", "备注": "密" * 1001}
    row = one({**secret, "出生日期": "1970.1.1", "流入党组织": "样例机密支部", "流出党支部": "样例绝密村"})
    assert len(row.errors) + len(row.warnings) >= 4
    for issue in (*row.errors, *row.warnings):
        told = f"{issue.message_zh}{issue.message_en}{issue.expected}"
        for held in (*secret.values(), "1970", "样例机密支部", "样例绝密村", WOMAN[6:14]):
            assert held not in told
    assert "样例乙丙" not in repr(row)
    assert WOMAN not in repr(one({"公民身份号码": WOMAN}))


def test_an_error_of_two_cells_names_both():
    (error,) = one({"出生日期": "1988.3"}).errors
    assert "出生日期" in error.message_zh
    assert "G2" in error.message_zh
    assert "公民身份号码" in error.message_zh
    assert "B2" in error.message_zh
    (error,) = one({"返回时间": "2025.1.3"}).errors
    assert "流出时间" in error.message_en
    assert "返回时间" in error.message_en


def test_what_would_be_right_is_told():
    assert "620102" in (one({"流入地": "城关区"}).errors[0].expected or "")
    assert "540102" in (one({"流入地": "城关区"}).errors[0].expected or "")
    assert "330105" in (one({"流入地": "330103", "流出时间": "2023.5.1"}).errors[0].expected or "")
    needs = one({"流入地": "330104", "流出时间": "2023.5.1"}).errors[0].expected or ""
    assert "330102" in needs
    assert "330114" in needs
    nearest = one({"流出党支部": "样例镇东街支部委"}).errors[0].expected or ""
    assert nearest.startswith(f"{EAST.code} {EAST.name}")


def test_a_region_code_is_judged_on_the_day_of_departure():
    assert one({"流入地": "330103", "流出时间": "2019.5.1"}).destination == Place("region", "330103")
    kept = one({"流入地": "330104", "流出时间": "2019.5.1"})
    assert kept.errors == ()
    assert kept.destination == Place("region", "330104", needs_assignment=True)
    assert codes(kept.warnings) == [("region_needs_assignment", "destination")]
    assert one({"流入地": "330103", "流出时间": "2021.4"}).errors == ()


def test_a_place_by_its_former_name_names_the_successor():
    (error,) = one({"流入地": "杭州市下城区", "流出时间": "2023.5.1"}).errors
    assert error.code == "region_not_valid_then"
    assert "330105" in (error.expected or "")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", Place("unknown")),
        ("/", Place("unknown")),
        ("去向不明", Place("unknown")),
        ("不详", Place("unknown")),
        ("境外", Place("abroad")),
        ("国外（新加坡）", Place("abroad")),
        ("620102", Place("region", "620102")),
        ("６２０１０２", Place("region", "620102")),
        ("620102001", Place("region", "620102001")),
        ("浙江杭州余杭", Place("region", "330110")),
        ("成都锦江区", Place("region", "510104")),
        ("四川省 / 成都市 / 锦江区", Place("region", "510104")),
        ("四川省成都市锦江区春熙路街道", Place("region", "510104")),
        ("330110 浙江省杭州市余杭区", Place("region", "330110")),
        ("江苏省", Place("region", "320000")),
    ],
)
def test_a_destination_is_a_region_abroad_or_unknown(text, place):
    row = one({"流入地": text})
    assert row.errors == ()
    assert row.destination == place


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("务工", "WORK"),
        ("经商", "BUSINESS"),
        ("求学", "STUDY"),
        ("探亲", "FAMILY"),
        ("照护老人", "CARE"),
        ("找工作", "JOB_SEARCH"),
        ("旅游", "OTHER"),
        ("", None),
    ],
)
def test_reasons_map_to_the_list(text, reason):
    assert one({"流出原因": text}).reason == reason


def test_a_departure_up_to_ninety_days_ahead_is_planned_and_a_return_ahead_expected():
    row = one({"流出时间": "2025.9.28", "返回时间": "2026.5"})
    assert row.errors == ()
    assert row.planned
    assert row.return_expected
    assert not one().planned


def test_numbers_are_taken_with_full_width_digits_spaces_and_small_x():
    number = next(found for found in map(person, range(1, 99, 2)) if found.endswith("X"))
    for text in (
        number.lower(),
        f" {number[:6]} {number[6:]}",
        f"'{number}",
        f'="{number}"',
        "".join(chr(ord(c) + 0xFEE0) for c in number),
    ):
        row = one({"公民身份号码": text})
        assert row.errors == ()
        assert row.identity is not None
        assert row.identity.number == number


def test_the_number_gives_the_sex_where_no_column_does():
    assert one({"公民身份号码": WOMAN}).sex == "FEMALE"


def test_a_register_without_a_category_column_leaves_it_open():
    row = one(without="党员类别")
    assert row.errors == ()
    assert row.category is None


def test_a_branch_is_found_by_code_by_name_and_by_a_name_without_its_ending():
    for text in (EAST.code, EAST.name, "中共民勤县样例镇东街村支部", " 民勤县样例镇东街村 党支部委员会 "):
        assert one({"流出党支部": text}).organisation == EAST


def test_a_branch_that_imports_its_own_register_needs_no_column():
    rows, _ = read(csv_bytes([OUTFLOW[:3] + OUTFLOW[4:], ["样例甲", MAN, "正式党员", "2025.3", ""]]), home=WEST)
    assert rows[0].organisation == WEST


def rows_of(*people):
    heads = ["姓名", "公民身份号码", "流出党支部", "流出时间", "返回时间"]
    rows, _ = read(csv_bytes([heads, *([name, number, EAST.name, left, back] for name, number, left, back in people)]))
    return [codes(row.errors) for row in rows]


def test_a_later_movement_of_the_same_person_is_no_error():
    assert rows_of(("样例甲", MAN, "2023.3.1", "2023.9.1"), ("样例甲", MAN, "2024.2.1", "")) == [[], []]
    assert rows_of(("样例甲", MAN, "2024.2.1", ""), ("样例甲", MAN, "2023.3.1", "2024.2.1")) == [[], []]
    assert rows_of(("样例甲", MAN, "2023.3", "2024.2"), ("样例甲", MAN, "2024.2", "")) == [[], []]


def test_the_later_of_two_rows_that_overlap_is_an_error():
    duplicate = [("duplicate_in_file", "identity_number")]
    assert rows_of(("样例甲", MAN, "2024.2.1", ""), ("样例甲", MAN, "2024.2.1", "")) == [[], duplicate]
    assert rows_of(("样例甲", MAN, "2024.2.1", ""), ("样例甲", MAN, "2024.5.1", "")) == [[], duplicate]
    assert rows_of(("样例甲", MAN, "2023.2", "2024.6"), ("样例甲", MAN, "2024.3", "")) == [[], duplicate]


def test_the_same_number_under_another_name_is_an_error_that_names_the_row():
    people = [("样例甲", MAN, "2023.3.1", "2023.9.1"), ("样例乙", MAN, "2024.2.1", "")]
    assert rows_of(*people) == [[], [("name_disagrees", "name")]]
    heads = ["姓名", "公民身份号码", "流出党支部", "流出时间"]
    rows, _ = read(csv_bytes([heads, *([name, number, EAST.name, left] for name, number, left, _ in people)]))
    assert "第 2 行" in rows[1].errors[0].message_zh


def test_a_row_that_is_wrong_itself_does_not_spoil_a_right_one():
    assert rows_of(("样例甲", MAN, "春节", ""), ("样例甲", MAN, "2024.2.1", "")) == [
        [("date_unreadable", "departed_on")],
        [],
    ]


def test_an_unknown_branch_to_place_in_is_an_error():
    assert codes(one({"编入支部": "样例镇某支部"}, inflow=True).errors) == [("unknown_organisation", "branch")]


def test_a_check_in_ahead_of_today_is_an_error():
    assert codes(one({"流入时间": "2025.7.1"}, inflow=True).errors) == [("in_the_future", "arrived_on")]


def test_several_errors_of_one_row_are_told_at_once():
    row = one({"公民身份号码": "1", "流出时间": "x", "流入地": "城关区", "流出党支部": "?"})
    assert {code for code, _ in codes(row.errors)} == {
        "identity_number_invalid",
        "date_unreadable",
        "unknown_region",
        "unknown_organisation",
    }
