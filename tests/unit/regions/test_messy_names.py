"""Names of places as offices type them."""

from __future__ import annotations

from datetime import date

import pytest

from domain.regions.loading import load_regions

TABLE = load_regions()
TODAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("浙江省杭州市余杭区", "330110"),
        ("浙江杭州余杭", "330110"),
        ("浙江余杭", "330110"),
        ("杭州余杭区", "330110"),
        ("浙江省-杭州市-余杭区", "330110"),
        ("浙江 / 杭州 / 余杭", "330110"),
        ("浙江－杭州／余杭", "330110"),
        ("　浙江省　杭州市　余杭区　", "330110"),
        ("中国浙江省杭州市余杭区", "330110"),
        ("330110", "330110"),
        ("３３０１１０", "330110"),
        ("330110 余杭区", "330110"),
        ("余杭区（330110）", "330110"),
        ("330110001002", "330110001002"),
        ("成都锦江区", "510104"),
        ("四川成都市锦江", "510104"),
        ("兰州城关", "620102"),
        ("兰州市城关区", "620102"),
        ("武威市凉州区", "620602"),
        ("民勤", "620621"),
        ("甘肃省民勤县", "620621"),
        ("平凉崆峒", "620802"),
        ("厦门湖里", "350206"),
        ("西宁", "630100"),
        ("昆山", "320583"),
        ("江苏省苏州市昆山市", "320583"),
        ("江苏昆山", "320583"),
        ("北京朝阳", "110105"),
        ("北京市朝阳区", "110105"),
        ("北京市市辖区朝阳区", "110105"),
        ("北京市北京市朝阳区", "110105"),
        ("辽宁朝阳", "211300"),
        ("辽宁省朝阳市朝阳县", "211321"),
        ("长春朝阳", "220104"),
        ("上海浦东", "310115"),
        ("浦东新区", "310115"),
        ("重庆两江新区", "500157"),
        ("天津滨海新区", "120116"),
        ("仙桃", "429004"),
        ("湖北省仙桃市", "429004"),
        ("湖北省省直辖县级行政区划仙桃市", "429004"),
        ("内蒙古", "150000"),
        ("内蒙", "150000"),
        ("广西", "450000"),
        ("新疆", "650000"),
        ("宁夏", "640000"),
        ("西藏", "540000"),
        ("香港", "810000"),
        ("北京", "110000"),
        ("吉林", "220000"),
        ("吉林市", "220200"),
        ("吉林吉林", "220200"),
        ("海南", "460000"),
        ("河北", "130000"),
        ("恩施", "422800"),
        ("恩施州", "422800"),
        ("湖北恩施利川", "422802"),
        ("延边", "222400"),
        ("延边州延吉市", "222401"),
        ("黔东南", "522600"),
        ("黔东南州凯里", "522601"),
        ("贵州省黔东南苗族侗族自治州凯里市", "522601"),
        ("凉山州西昌", "513401"),
        ("伊犁州", "654000"),
        ("巴州库尔勒", "652801"),
        ("锡林郭勒", "152500"),
        ("大兴安岭", "232700"),
        ("新疆和田地区和安县", "653229"),
        ("米林", "540481"),
        ("长阳", "420528"),
        ("彭水县", "500243"),
        ("积石山", "622927"),
        ("神农架", "429021"),
        ("六枝", "520203"),
        ("荆州", "421000"),
        ("荆州荆州", "421003"),
        ("莱芜", "370116"),
        ("乌鲁木齐沙依巴克区", "650103"),
    ],
)
def test_a_name_that_can_mean_only_one_place_is_taken(text, code):
    assert [region.code for region in TABLE.find(text, TODAY)] == [code]


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("浙江省杭州市余杭区仓前街道", "330110", "仓前街道"),
        ("浙江杭州余杭仓前", "330110", "仓前"),
        ("杭州市西湖区文三路 100 号", "330106", "文三路100号"),
        ("江苏省昆山市千灯镇", "320583", "千灯镇"),
        ("苏州工业园区", "320571", ""),
        ("成都高新区", "510100", "高新区"),
        ("杭州市文三路阳光小区", "330100", "文三路阳光小区"),
        ("杭州市区", "330100", "区"),
        ("重庆市渝中区解放碑街道", "500103", "解放碑街道"),
    ],
)
def test_what_follows_the_name_is_left_over(text, code, rest):
    match = TABLE.match(text, TODAY)
    assert [region.code for region in match.candidates] == [code]
    assert match.rest == rest


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("鼓楼区", {"320106", "320302", "350102", "410204"}),
        ("城关区", {"540102", "620102"}),
        ("城关", {"540102", "620102"}),
        ("朝阳", {"211300", "110105", "211321", "220104"}),
        ("朝阳区", {"110105", "220104"}),
    ],
)
def test_a_bare_name_of_several_places_returns_them_all(text, codes):
    found = TABLE.find(text, TODAY)
    assert {region.code for region in found} == codes


def test_candidates_stand_from_the_highest_level_down():
    assert TABLE.find("朝阳", TODAY)[0].code == "211300"


def test_a_region_given_decides_between_places_of_one_name():
    assert [region.code for region in TABLE.find("城关区", TODAY, within="620000")] == ["620102"]
    assert [region.code for region in TABLE.find("鼓楼区", TODAY, within="320100")] == ["320106"]
    assert TABLE.find("锦江区", TODAY, within="620000") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "朝阳路",
        "余杭市",
        "某地",
        "东北省",
        "999999",
        "境外",
        "区",
        "000000",
        "北京南路",
        "市辖区",
        "杭州市余航区",
        "北京市海锭区",
    ],
)
def test_what_is_no_place_is_not_taken_for_one(text):
    assert TABLE.find(text, TODAY) == []


def test_a_code_and_a_name_that_disagree_are_both_shown():
    assert [region.code for region in TABLE.find("330110 拱墅区", TODAY)] == ["330110", "330105"]


def test_an_old_name_is_read_on_its_own_days():
    assert [region.code for region in TABLE.find("杭州下城区", date(2019, 5, 1))] == ["330103"]
    assert [region.code for region in TABLE.find("莱芜市莱城区", date(2018, 5, 1))] == ["371202"]
    assert [region.code for region in TABLE.find("余杭市", date(1999, 5, 1))] == ["330184"]


def test_an_old_name_tells_what_it_became():
    match = TABLE.match("杭州市下城区", date(2023, 5, 1))
    assert match.candidates == ()
    assert [region.code for region in match.former] == ["330103"]
    assert TABLE.resolve(match.former[0].code, date(2023, 5, 1)).code == "330105"
    with_street = TABLE.match("浙江省杭州市下城区天水街道", date(2023, 5, 1))
    assert [region.code for region in with_street.former] == ["330103"]


def test_an_old_code_tells_what_it_became():
    match = TABLE.match("330104", date(2023, 5, 1))
    assert match.candidates == ()
    assert [region.name for region in match.former] == ["江干区"]


def test_a_place_is_not_found_before_it_was_made():
    assert TABLE.find("临平区", date(2021, 4, 8)) == []
    assert [region.code for region in TABLE.find("临平区", date(2021, 4, 9))] == ["330113"]


def test_a_name_that_ended_on_an_unknown_day_of_the_year_is_still_read():
    assert [region.code for region in TABLE.find("广西南宁横县", date(2021, 5, 1))] == ["450127"]
    assert [region.code for region in TABLE.find("广西南宁横州市", date(2021, 5, 1))] == ["450181"]
    assert TABLE.find("广西南宁横县", date(2022, 5, 1)) == []


def test_a_very_long_text_is_read_no_further_than_a_name_can_reach():
    found = TABLE.find("浙江省杭州市余杭区" + "文" * 100_000, TODAY)
    assert [region.code for region in found] == ["330110"]
