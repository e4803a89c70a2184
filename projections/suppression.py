"""Figures fit for publication: small counts are withheld, and others so that sums do not give them away.

A count from 1 to one less than the policy's `small_count` is small; 0 is told. What is withheld is None.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TOTAL: Final = ""
"""The row, or the column, of the sums: no code is empty."""

Cell = tuple[str, str]
Figures = tuple[int, ...]
Line = tuple[int, str]
"""0 and the name of a row, or 1 and that of a column."""


def is_small(count: float, least: int) -> bool:
    """Whether a count would tell of too few people."""
    return 0 < count < least


def withheld_of_table(cells: Mapping[Cell, Figures], least: int) -> set[Cell]:
    """Return which cells of a table to withhold, its sums (`TOTAL`) among them; a cell is told whole or not at all.

    In each row and column that withholds anything, at least two are withheld, and no cell is all that joins two parts
    of what is withheld: such a cell could be computed from the sums.
    """
    table = with_sums(cells)
    hidden = {cell for cell, figures in table.items() if any(is_small(figure, least) for figure in figures)}
    by_weight = sorted(table, key=lambda cell: (sum(table[cell]), cell))
    lines: dict[Line, list[Cell]] = defaultdict(list)
    for cell in by_weight:
        for line in enumerate(cell):
            lines[line].append(cell)
    while True:
        withheld = _lines_of(hidden)
        lonely = [cell for cell in hidden if any(len(withheld[line]) == 1 for line in enumerate(cell))]
        more = _company(lonely, lines, withheld, hidden) or _company(bridges(hidden), lines, withheld, hidden)
        if not more:
            return hidden
        hidden |= more


def with_sums(cells: Mapping[Cell, Figures]) -> dict[Cell, Figures]:
    """Return a table with the sums of its rows and columns, and of all; cells of nothing but 0 are left out."""
    sums: dict[Cell, Figures] = {}
    for (row, column), figures in cells.items():
        for cell in ((row, column), (row, TOTAL), (TOTAL, column), (TOTAL, TOTAL)):
            before = sums.get(cell, (0,) * len(figures))
            sums[cell] = tuple(map(sum, zip(before, figures, strict=True)))
    return {cell: figures for cell, figures in sums.items() if any(figures)}


def _lines_of(hidden: Iterable[Cell]) -> dict[Line, list[Cell]]:
    lines: dict[Line, list[Cell]] = defaultdict(list)
    for cell in hidden:
        for line in enumerate(cell):
            lines[line].append(cell)
    return lines


def _company(
    lonely: Iterable[Cell], lines: Mapping[Line, list[Cell]], withheld: Mapping[Line, list[Cell]], hidden: set[Cell]
) -> set[Cell]:
    """Choose what else to withhold beside each lonely cell: the least still told, in the line where it is alone.

    Where both its lines are withheld, the least of the sums: with all of its sums a cell is safe.
    """
    found = set()
    for cell in lonely:
        own = sorted(enumerate(cell), key=lambda line: len(withheld[line]))
        for line in (*own, (0, TOTAL), (1, TOTAL)):
            told = next((one for one in lines[line] if one not in hidden), None)
            if told is not None:
                found.add(told)
                break
    return found


def bridges(hidden: set[Cell]) -> list[Cell]:
    """Return the withheld cells without which the rows and columns that they join would fall apart."""
    joined = {line: [(cell, _across(cell, line)) for cell in cells] for line, cells in _lines_of(hidden).items()}
    entered: dict[Line, int] = {}
    lowest: dict[Line, int] = {}
    found: list[Cell] = []
    for root, first in joined.items():
        if root in entered:
            continue
        entered[root] = lowest[root] = len(entered)
        path: list[tuple[Line, Cell | None, Iterator[tuple[Cell, Line]]]] = [(root, None, iter(first))]
        while path:
            line, by, waiting = path[-1]
            step = next(waiting, None)
            if step is None:
                path.pop()
                if by is not None:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[line])
                    if lowest[line] > entered[above]:
                        found.append(by)
            elif step[1] not in entered:
                entered[step[1]] = lowest[step[1]] = len(entered)
                path.append((step[1], step[0], iter(joined[step[1]])))
            elif step[0] != by:
                lowest[line] = min(lowest[line], entered[step[1]])
    return found


def _across(cell: Cell, line: Line) -> Line:
    axis = 1 - line[0]
    return (axis, cell[axis])


def publish_margin(margin: Mapping[str, int], total: int, least: int) -> dict[str, int | None]:
    """Return the parts of a total that is told beside them, without the small ones and what would give them away."""
    if is_small(total, least):
        return dict.fromkeys(margin, None)
    rest = total - sum(margin.values())
    hidden = {name for name, count in margin.items() if is_small(count, least)}
    withheld = sum(margin[name] for name in hidden) + (rest if is_small(rest, least) else 0)
    parts = len(hidden) + is_small(rest, least)
    for name in sorted(margin, key=lambda one: (margin[one], one)):
        if parts and (parts == 1 or withheld < least) and name not in hidden and margin[name]:
            hidden.add(name)
            parts, withheld = parts + 1, withheld + margin[name]
    return {name: None if name in hidden else count for name, count in margin.items()}


def publish_rows(
    rows: Iterable[dict[str, Any]], names: tuple[str, str], measures: tuple[str, ...], hidden: set[Cell]
) -> list[dict[str, Any]]:
    """Return rows of a table, those withheld without their measures; a row of sums lacks one of the two names."""
    return [
        {**row, **dict.fromkeys(measures, None)}
        if (row.get(names[0], TOTAL), row.get(names[1], TOTAL)) in hidden
        else row
        for row in rows
    ]
