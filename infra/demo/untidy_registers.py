"""Writes registers as offices really keep them, each in its own layout, with synthetic people and a few bad rows."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from domain.regions.loading import load_regions
from domain.regions.table import RegionTable
from infra.demo.planted_faults import spoil
from infra.demo.synthetic_people import Traveller, TravellerMaker
from infra.demo.untidy_cells import Manner, Row, compact_dates, mixed_dates, month_with_point, real_dates, written
from infra.demo.untidy_layouts import write_grouped, write_plain_with_notes, write_street_sheets

_LAYOUTS: Final = (
    (write_plain_with_notes, Manner(month_with_point, "short")),
    (write_grouped, Manner(real_dates, "full")),
    (write_street_sheets, Manner(compact_dates, "code", "code")),
    (write_plain_with_notes, Manner(mixed_dates, "full")),
)
_INFLOW_HEADS: Final = [
    "姓名",
    "性别",
    "公民身份号码",
    "党员类别",
    "联系电话",
    "流出地",
    "流出地党组织",
    "流入时间",
    "流入地",
    "居住地",
    "工作单位",
    "编入支部",
    "备注",
]


@dataclass(frozen=True, slots=True)
class County:
    """An office: its county, its branches as (code, name), how many people it lists as gone, how many as come."""

    code: str
    name: str
    branches: Sequence[tuple[str, str]]
    people: int
    inflow: int = 0


@dataclass(frozen=True, slots=True)
class WrittenRegister:
    """One file: for which county, of which kind, its rows of people, and how many rows are wrong, by code of error."""

    path: Path
    county: str
    kind: str
    rows: int
    planted: dict[str, int] = field(default_factory=dict)


def write_registers(  # noqa: PLR0913 - what the registers shall be like
    folder: Path,
    *,
    seed: int,
    today: date,
    counties: Sequence[County],
    first_departure: date | None = None,
    last_departure: date | None = None,
    share_wrong: float = 0.02,
    regions: RegionTable | None = None,
) -> list[WrittenRegister]:
    """Write the outflow register of each county, and an inflow register (csv, GB18030) for each with `inflow`.

    People left between `first_departure` (default 400 days before `today`) and `last_departure` (default 20 before).
    The same arguments write the same people and rows. Up to three fifths of the inflow rows are those whom another
    of the counties lists as gone there, the others people of places whose organisations nobody here knows.
    """
    first = first_departure or today - timedelta(days=400)
    last = last_departure or today - timedelta(days=20)
    chance = random.Random(seed)  # noqa: S311 - samples, not secrets
    maker = TravellerMaker(chance, regions or load_regions(), first, last, today)
    folder.mkdir(parents=True, exist_ok=True)
    registers: list[WrittenRegister] = []
    gone: list[tuple[County, Traveller]] = []
    for index, county in enumerate(counties):
        write, manner = _LAYOUTS[index % len(_LAYOUTS)]
        travellers = [maker.make(county.code, county.branches) for _ in range(county.people)]
        rows, planted, sound = _rows(travellers, manner, chance, share_wrong)
        gone.extend((county, traveller) for traveller in sound)
        path = folder / f"{county.name}流出党员登记表.xlsx"
        write(path, county.name, rows, chance, today)
        registers.append(WrittenRegister(path, county.code, "outflow", len(rows), planted))
    receiving = [county for county in counties if county.inflow]
    return registers + [_write_inflow(folder, county, gone, maker, chance, today) for county in receiving]


def _rows(
    travellers: list[Traveller], manner: Manner, chance: random.Random, share_wrong: float
) -> tuple[list[Row], dict[str, int], list[Traveller]]:
    """Rows with a few spoiled, or written a second time further down; also those whose rows are right."""
    rows: list[Row] = []
    planted: Counter[str] = Counter()
    sound: list[Traveller] = []
    for traveller in travellers:
        row = written(traveller, manner, chance)
        if chance.random() < share_wrong:
            planted[spoil(row, traveller, manner, chance)] += 1
        else:
            sound.append(traveller)
        rows.append(row)
    for traveller in chance.sample(sound, min(len(sound), max(1, len(rows) // 400))):
        rows.append(written(traveller, manner, chance))
        planted["duplicate_in_file"] += 1
    return rows, dict(planted), sound


def _write_inflow(
    folder: Path,
    county: County,
    gone: list[tuple[County, Traveller]],
    maker: TravellerMaker,
    chance: random.Random,
    today: date,
) -> WrittenRegister:
    """Write who came, as a system exports it: a csv in GB18030 with a title line."""
    here = [(home, who) for home, who in gone if who.destination == county.code and who.returned_on is None]
    listed = here[: county.inflow * 3 // 5]
    planted: Counter[str] = Counter()
    path = folder / f"{county.name}流入党员登记表.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        out = csv.writer(file)
        out.writerow([f"{county.name}流入党员登记表"] + [""] * (len(_INFLOW_HEADS) - 1))
        out.writerow(_INFLOW_HEADS)
        for number in range(county.inflow):
            if number < len(listed):
                home, who = listed[number]
                origin, organisation = f"{home.name}", who.branch[0]
            else:
                who = maker.make("620602", [("", "武威市凉州区样例街道第一党支部"), ("", "武威市凉州区样例镇党支部")])
                origin, organisation = "甘肃武威凉州区", who.branch[1]
            arrived = min(who.departed_on + timedelta(days=chance.randrange(3, 15)), today - timedelta(days=1))
            branch = chance.choice(county.branches)[1] if chance.random() < 0.7 else ""
            identity = who.number
            if chance.random() < 0.01:
                identity = f"{float(identity[:17] + '0'):.5E}"
                planted["identity_number_destroyed"] += 1
            out.writerow(
                [
                    who.name,
                    "男" if who.male else "女",
                    identity,
                    "预备党员" if who.probationary else "正式党员",
                    who.phone,
                    origin,
                    organisation,
                    f"{arrived.year}年{arrived.month}月{arrived.day}日",
                    county.name,
                    "样例小区",
                    f"样例{who.industry}单位",
                    branch,
                    "",
                ]
            )
        out.writerow(["合计", str(county.inflow)])
        out.writerow([f"制表日期：{today.year}年{today.month}月{today.day}日"])
    return WrittenRegister(path, county.code, "inflow", county.inflow, dict(planted))
