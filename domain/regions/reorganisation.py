"""Adds a change that somebody records (区划调整) to a table of regions, or refuses what cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain.errors import Refused, Sentence
from domain.regions.region import COUNTRY, Change, Region, level_of

if TYPE_CHECKING:
    from datetime import date

    from domain.regions.table import RegionTable

IMPOSSIBLE: Final = "reorganisation_impossible"


def reorganised(
    table: RegionTable, kind: str, from_: tuple[str, ...], to: tuple[str, ...], on: date, names: dict[str, str]
) -> dict[str, tuple[Region, ...]] | None:
    """Return the new spans of the codes that change, or None when the table already says so. Raises Refused."""
    change = must_be_a_known_kind(kind)
    must_have_the_shape_of_its_kind(change, from_, to)
    if change is Change.RENAMED and from_ != to and to[0] not in names:
        before = table.history(from_[0])
        names = {**names, to[0]: before[-1].name} if before else names
    if _already_so(table, from_, to, on, names):
        return None
    ending = [must_stand_until_further_notice(table, code, on) for code in from_]
    spans: dict[str, tuple[Region, ...]] = {}
    for region in ending:
        goes_on = region.code in to and names.get(region.code, region.name) == region.name
        if not goes_on:
            ended = replace(region, valid_to=on, successors=to, change=change)
            spans[region.code] = tuple(ended if span == region else span for span in table.history(region.code))
    for code in to:
        standing = table.get(code, on)
        if standing is not None and code not in spans:
            continue
        born = must_be_placed(table, code, names.get(code, standing.name if standing else ""), on)
        spans[code] = (*spans.get(code, tuple(table.history(code))), born)
    return spans


def must_be_a_known_kind(kind: str) -> Change:
    """Read the kind: RENAMED, MERGED or SPLIT."""
    try:
        return Change(kind)
    except ValueError:
        raise _refused(
            f"种类应为 RENAMED、MERGED 或 SPLIT：{kind}", f"the kind is RENAMED, MERGED or SPLIT, not {kind}"
        ) from None


def must_have_the_shape_of_its_kind(change: Change, from_: tuple[str, ...], to: tuple[str, ...]) -> None:
    """Refuse what is not one to one (RENAMED), some into one (MERGED) or one among several (SPLIT), on one level."""
    shapes = {
        Change.RENAMED: len(from_) == 1 and len(to) == 1,
        Change.MERGED: len(from_) >= 1 and len(to) == 1 and from_ != to,
        Change.SPLIT: len(from_) == 1 and len(to) >= 2,
    }
    if not shapes[change]:
        raise _refused(
            "更名为一对一，合并为多对一，拆分为一对多",
            "a renaming is one to one, a merger some into one, a split one among several",
        )
    if len(set(from_)) < len(from_) or len(set(to)) < len(to):
        raise _refused("同一代码出现两次", "a code is named twice")
    if any(len(code) != 6 or not code.isdigit() or code == COUNTRY for code in (*from_, *to)):
        raise _refused("区划代码应为六位数字", "a region code here has six digits")
    if len({level_of(code) for code in (*from_, *to)}) > 1:
        raise _refused("各代码应属同一级", "all codes are of one level")


def must_stand_until_further_notice(table: RegionTable, code: str, on: date) -> Region:
    """Refuse to change what does not stand on that day, or whose later change is already known."""
    region = table.get(code, on)
    if region is None or region.heading:
        raise _refused(f"{code} 在 {on} 不是有效的区划代码", f"{code} is not a region on {on}")
    if region.valid_to is not None:
        raise _refused(f"{code} 已有 {region.valid_to} 的后续调整", f"{code} already changes on {region.valid_to}")
    if region.valid_from >= on:
        raise _refused(f"{code} 自 {region.valid_from} 起才有效", f"{code} only begins on {region.valid_from}")
    return region


def must_be_placed(table: RegionTable, code: str, name: str, on: date) -> Region:
    """Refuse a new code without a name, without a region above it, or taken into use later; else return its region."""
    if not name:
        raise _refused(f"新代码 {code} 缺少名称", f"the new code {code} needs a name")
    if any(span.valid_to is None and span.valid_from > on for span in table.history(code)):
        raise _refused(f"{code} 以后才启用", f"{code} is taken into use later")
    parent: str | None = None
    if not code.endswith("0000"):
        above = (code[:4] + "00", code[:2] + "0000") if not code.endswith("00") else (code[:2] + "0000",)
        places = [found for found in (table.get(one, on) for one in above) if found is not None and not found.heading]
        if not places:
            raise _refused(f"{code} 没有上级区划", f"nothing stands above {code}")
        parent = places[0].code
    return Region(code, name, level_of(code), on, None, parent)


def _already_so(
    table: RegionTable, from_: tuple[str, ...], to: tuple[str, ...], on: date, names: dict[str, str]
) -> bool:
    """Whether the table has that outcome already: the shipped data may have overtaken a recorded change."""
    standing = [table.get(code, on) for code in to]
    if any(region is None or names.get(region.code, region.name) != region.name for region in standing):
        return False
    for code in from_:
        if code in to:
            continue
        resolution = table.resolve(code, on)
        became = resolution.candidates if resolution.needs_assignment else (resolution.code,)
        if table.get(code, on) is not None or not set(became) <= set(to):
            return False
    return True


def _refused(zh: str, en: str) -> Refused:
    return Refused(IMPOSSIBLE, Sentence(zh, en))
