"""Places and changes that are known from public acts, against the shipped table."""

from __future__ import annotations

from datetime import date

import pytest

from domain.regions.loading import load_regions
from domain.regions.region import Change, Level

TODAY = date(2026, 11, 1)
BEFORE = date(2021, 4, 8)
HANGZHOU_DAY = date(2021, 4, 9)
TABLE = load_regions()


@pytest.mark.parametrize(
    ("code", "name", "city", "province"),
    [
        ("330110", "余杭区", "杭州市", "浙江省"),
        ("330113", "临平区", "杭州市", "浙江省"),
        ("620621", "民勤县", "武威市", "甘肃省"),
        ("620602", "凉州区", "武威市", "甘肃省"),
        ("620102", "城关区", "兰州市", "甘肃省"),
        ("620821", "泾川县", "平凉市", "甘肃省"),
        ("620802", "崆峒区", "平凉市", "甘肃省"),
        ("510104", "锦江区", "成都市", "四川省"),
        ("350206", "湖里区", "厦门市", "福建省"),
        ("320583", "昆山市", "苏州市", "江苏省"),
        ("540481", "米林市", "林芝市", "西藏自治区"),
        ("653228", "和康县", "和田地区", "新疆维吾尔自治区"),
        ("653229", "和安县", "和田地区", "新疆维吾尔自治区"),
        ("653132", "岑岭县", "喀什地区", "新疆维吾尔自治区"),
    ],
)
def test_a_county_lies_in_its_city_and_province(code, name, city, province):
    region = TABLE.get(code, TODAY)
    assert region is not None
    assert (region.name, region.level) == (name, Level.COUNTY)
    assert [parent.name for parent in TABLE.parents(code, TODAY)] == [city, province]


def test_a_city_lies_in_its_province():
    xining = TABLE.get("630100", TODAY)
    assert xining is not None
    assert (xining.name, xining.level) == ("西宁市", Level.CITY)
    assert [parent.name for parent in TABLE.parents("630100", TODAY)] == ["青海省"]


@pytest.mark.parametrize(
    ("code", "province"), [("429004", "420000"), ("469005", "460000"), ("659001", "650000"), ("419001", "410000")]
)
def test_a_county_directly_under_its_province_has_no_city_and_stands_for_itself(code, province):
    assert [parent.code for parent in TABLE.parents(code, TODAY)] == [province]
    assert TABLE.city_of(code, TODAY) == code


@pytest.mark.parametrize("code", ["110101", "120116", "310115", "500103"])
def test_the_city_of_a_district_of_a_municipality_is_the_municipality(code):
    assert TABLE.city_of(code, TODAY) == code[:2] + "0000"
    assert [parent.code for parent in TABLE.parents(code, TODAY)] == [code[:2] + "0000"]


def test_a_heading_of_the_lists_is_a_code_but_no_place():
    heading = TABLE.get("110100", TODAY)
    assert heading is not None
    assert heading.heading
    assert TABLE.city_of("110100", TODAY) == "110000"
    assert "110100" not in {child.code for child in TABLE.children("110000", TODAY)}


def test_xiacheng_became_gongshu_which_kept_its_code():
    assert TABLE.resolve("330103", BEFORE).code == "330103"
    assert TABLE.resolve("330103", HANGZHOU_DAY).code == "330105"
    assert not TABLE.resolve("330103", HANGZHOU_DAY).needs_assignment
    assert TABLE.get("330103", BEFORE) is not None
    assert TABLE.get("330103", HANGZHOU_DAY) is None
    assert TABLE.history("330103")[-1].change is Change.MERGED
    assert TABLE.resolve("330105", TODAY).code == "330105"
    assert TABLE.validity("330105")[-1][1] is None


def test_jianggan_was_split_and_is_never_guessed():
    after = TABLE.resolve("330104", HANGZHOU_DAY)
    assert after.needs_assignment
    assert after.code == "330104"
    assert after.candidates == ("330102", "330114")
    assert after.since == HANGZHOU_DAY
    assert not TABLE.resolve("330104", BEFORE).needs_assignment
    assert TABLE.validity("330104")[-1][1] == HANGZHOU_DAY


def test_what_was_split_within_a_city_still_counts_in_the_city():
    assert TABLE.city_of("330104", TODAY) == "330100"
    assert TABLE.scope("330104", "330110", TODAY) == "IN_CITY"
    assert TABLE.lies_in("330104", "330100", TODAY)
    assert not TABLE.lies_in("330104", "330102", TODAY)


def test_linping_was_taken_from_yuhang_which_kept_its_code():
    assert TABLE.get("330113", BEFORE) is None
    assert TABLE.get("330113", HANGZHOU_DAY) is not None
    assert TABLE.resolve("330110", TODAY).code == "330110"
    assert not TABLE.resolve("330110", TODAY).needs_assignment


@pytest.mark.parametrize(
    ("old", "new"), [("371202", "370116"), ("371203", "370117"), ("371200", "370100"), ("540422", "540481")]
)
def test_laiwu_and_milin_follow_to_their_successors(old, new):
    assert TABLE.resolve(old, TODAY).code == new
    assert not TABLE.resolve(old, TODAY).needs_assignment


def test_laiwu_stood_until_its_merger_was_made_public():
    assert TABLE.city_of("371202", date(2019, 1, 8)) == "371200"
    assert TABLE.city_of("371202", date(2019, 1, 9)) == "370100"


def test_liangjiang_took_all_of_jiangbei_but_not_all_of_yubei():
    assert TABLE.resolve("500105", TODAY).code == "500157"
    yubei = TABLE.resolve("500112", TODAY)
    assert yubei.needs_assignment
    assert yubei.candidates == ("500109", "500157")


def test_a_district_can_be_followed_through_several_changes():
    # 余杭县 became 余杭市 in 1994, with another code in 1995, and a district of Hangzhou in 2001.
    assert TABLE.resolve("330125", TODAY).code == "330110"


def test_chongqing_left_sichuan():
    assert TABLE.province_of("510223", date(1996, 6, 1)) == "510000"
    assert TABLE.province_of("510223", TODAY) == "500000"


@pytest.mark.parametrize("code", ["990101", "999999", "660000", "33011", "abcdef", "000001"])
def test_a_code_that_never_existed_is_not_known(code):
    assert not TABLE.known(code)
    assert TABLE.get(code, TODAY) is None
    assert TABLE.resolve(code, TODAY).code == code


def test_the_whole_country_holds_everything():
    country = TABLE.get("000000", TODAY)
    assert country is not None
    assert (country.name, country.level) == ("全国", Level.COUNTRY)
    prefixes, exact = TABLE.stored_codes("000000", TODAY)
    assert (prefixes, exact) == (("",), ())
    assert len(TABLE.children("000000", TODAY)) == 34


def test_a_street_or_community_stands_with_its_county():
    street = TABLE.get("330110001", TODAY)
    community = TABLE.get("330110001002", TODAY)
    assert street is not None
    assert community is not None
    assert (street.level, street.name, street.parent) == (Level.STREET, "", "330110")
    assert (community.level, community.parent) == (Level.COMMUNITY, "330110001")
    assert [parent.code for parent in TABLE.parents("330110001002", TODAY)] == [
        "330110001",
        "330110",
        "330100",
        "330000",
    ]
    assert TABLE.county_of("330110001002") == "330110"
    assert TABLE.get("330100001", TODAY) is None
    assert TABLE.get("3301100012", TODAY) is None


def test_of_a_street_whose_county_was_merged_only_the_successor_is_known():
    assert TABLE.resolve("330103001", TODAY).code == "330105"
    assert TABLE.resolve("330104001", TODAY).code == "330104001"
    assert TABLE.resolve("330104001", TODAY).needs_assignment


@pytest.mark.parametrize(
    ("origin", "destination", "scope"),
    [
        ("330110", "330105", "IN_CITY"),
        ("330110", "330103", "IN_CITY"),
        ("330110", "330200", "IN_PROVINCE"),
        ("620621", "620102", "IN_PROVINCE"),
        ("620621", "510104", "ACROSS_PROVINCES"),
        ("110101", "110228", "IN_CITY"),
        ("429004", "429005", "IN_PROVINCE"),
        ("429004", "429004", "IN_CITY"),
        ("620621", "620000", None),
        ("620621", "330000", "ACROSS_PROVINCES"),
        ("620621", "000000", None),
        ("620621", "990101", None),
        ("330110001002", "330105003", "IN_CITY"),
    ],
)
def test_scope_says_how_far_apart_two_places_are(origin, destination, scope):
    assert TABLE.scope(origin, destination, TODAY) == scope


def test_a_code_that_ended_on_an_unknown_day_of_a_year_is_accepted_all_that_year():
    # 沙县 became 沙县区 in 2021; the sources give no day.
    assert TABLE.get("350427", date(2021, 5, 1)) is None
    assert TABLE.accepts("350427", date(2021, 5, 1))
    assert TABLE.accepts("350405", date(2021, 5, 1))
    assert not TABLE.accepts("350427", date(2022, 1, 1))
    assert not TABLE.accepts("330103", HANGZHOU_DAY)


def test_a_code_given_to_another_place_is_read_as_of_its_recording():
    # 320205 was 马山区 until 2000, when that went into 滨湖区 and the code to 锡山区.
    assert TABLE.resolve("320205", TODAY).code == "320205"
    assert TABLE.resolve("320205", TODAY, recorded_on=date(1999, 5, 1)).code == "320211"


def test_a_zone_with_a_statistical_code_is_a_place_of_its_city() -> None:
    zone = TABLE.get("320571", date(2025, 6, 16))
    assert zone is not None
    assert (zone.name, zone.parent) == ("苏州工业园区", "320500")
    assert TABLE.scope("320571", "320583", date(2025, 6, 16)) == "IN_CITY"
