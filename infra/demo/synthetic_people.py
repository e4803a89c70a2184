"""Synthetic people who left home: numbers of region 99, names that say so, movements in real proportions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from domain.identity import make_identity_number
from domain.regions.table import RegionTable

NAME_STARTS: Final = ("测试", "样例")
NAME_ENDS: Final = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃寒来暑往秋收冬藏岁律调阳"
_ETHNICITIES: Final = ("汉族",) * 17 + ("回族", "藏族", "东乡族")
_EDUCATIONS: Final = ("初中", "高中", "中专", "大专", "大专", "大学本科", "大学本科", "硕士研究生")
_REASONS: Final = ("务工",) * 11 + ("经商",) * 3 + ("求学", "求学", "探亲", "照护", "求职", "随子女居住")
_INDUSTRIES: Final = (
    ("制造业", "工人"),
    ("建筑业", "技工"),
    ("餐饮业", "个体户"),
    ("快递业", "配送员"),
    ("教育", "学生"),
)
_AWAY: Final = (
    ("620102", "甘肃省兰州市城关区", "兰州城关", 12),
    ("620602", "甘肃省武威市凉州区", "武威凉州区", 8),
    ("620802", "甘肃省平凉市崆峒区", "平凉崆峒", 8),
    ("510104", "四川省成都市锦江区", "成都锦江区", 14),
    ("510107", "四川省成都市武侯区", "成都武侯", 5),
    ("650102", "新疆维吾尔自治区乌鲁木齐市天山区", "乌鲁木齐天山区", 9),
    ("610113", "陕西省西安市雁塔区", "西安雁塔区", 7),
    ("330110", "浙江省杭州市余杭区", "浙江杭州余杭", 6),
    ("320583", "江苏省苏州市昆山市", "江苏昆山", 5),
    ("350206", "福建省厦门市湖里区", "厦门湖里", 5),
    ("440305", "广东省深圳市南山区", "深圳南山区", 6),
    ("310115", "上海市浦东新区", "上海浦东新区", 4),
    ("110105", "北京市朝阳区", "北京朝阳区", 4),
    ("630104", "青海省西宁市城西区", "西宁城西区", 3),
    ("abroad", "境外", "境外", 1),
    ("unknown", "", "去向不明", 3),
)
_SHARE_RETURNED: Final = 0.16
_SHARE_LOST: Final = 0.025
_SHARE_PROBATIONARY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Traveller:
    """One synthetic person and one absence; `destination` is a region code, `abroad` or `unknown`."""

    name: str
    number: str
    born: date
    male: bool
    ethnicity: str
    education: str
    joined_on: date
    probationary: bool
    phone: str
    branch: tuple[str, str]
    departed_on: date
    reason: str
    destination: str
    destination_name: str
    destination_short: str
    scope: str | None
    industry: str
    occupation: str
    lost_on: date | None = None
    returned_on: date | None = None


class TravellerMaker:
    """Makes travellers without end, the same for the same `random` state; no number is made twice."""

    def __init__(self, chance: random.Random, regions: RegionTable, first: date, last: date, today: date) -> None:
        self._chance, self._regions, self._today = chance, regions, today
        self._first, self._days = first, max(1, (last - first).days)
        self._numbers: set[str] = set()

    def make(self, county: str, branches: Sequence[tuple[str, str]]) -> Traveller:
        """Make one who left one of the branches of a county."""
        chance = self._chance
        born = date(1958, 1, 1) + timedelta(days=chance.randrange(46 * 365))
        male = chance.random() < 0.64
        departed = self._first + timedelta(days=chance.randrange(self._days))
        code, name, short = self._destination(county)
        industry, occupation = chance.choice(_INDUSTRIES)
        probationary = chance.random() < _SHARE_PROBATIONARY
        adult = date(born.year + 18, 7, 1)
        latest = departed - timedelta(days=30)
        joined = adult + timedelta(days=chance.randrange(max(1, (latest - adult).days)))
        if probationary:
            joined = latest - timedelta(days=chance.randrange(200))
        traveller = Traveller(
            name=chance.choice(NAME_STARTS) + "".join(chance.sample(NAME_ENDS, chance.choice((1, 2, 2)))),
            number=self._number(county, born, male=male),
            born=born,
            male=male,
            ethnicity=chance.choice(_ETHNICITIES),
            education=chance.choice(_EDUCATIONS),
            joined_on=joined,
            probationary=probationary,
            phone=f"199{chance.randrange(10**8):08d}",
            branch=chance.choice(branches),
            departed_on=departed,
            reason=chance.choice(_REASONS),
            destination=code,
            destination_name=name,
            destination_short=short,
            scope=self._regions.scope(county, code, departed) if code.isdigit() else None,
            industry=industry,
            occupation=occupation,
        )
        return self._with_ending(traveller)

    def _destination(self, county: str) -> tuple[str, str, str]:
        places = [place for place in _AWAY if place[0] != county]
        code, name, short, _ = self._chance.choices(places, weights=[place[3] for place in places])[0]
        return code, name, short

    def _number(self, county: str, born: date, *, male: bool) -> str:
        while True:
            sequence = self._chance.randrange(500) * 2 + male
            number = make_identity_number(f"99{county[2:]}", born, sequence)
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def _with_ending(self, traveller: Traveller) -> Traveller:
        chance, away = self._chance, (self._today - traveller.departed_on).days
        if away > 100 and chance.random() < _SHARE_RETURNED:
            stay = chance.randrange(60, away - 20)
            return replace(traveller, returned_on=traveller.departed_on + timedelta(days=stay))
        if away > 240 and chance.random() < _SHARE_LOST:
            return replace(traveller, lost_on=traveller.departed_on + timedelta(days=chance.randrange(120, away - 60)))
        return traveller
