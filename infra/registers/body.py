"""The rows below a head: which are people, and which are notes, totals, empty, or the head once more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from infra.registers.cells import Cell, is_nothing, squeezed, text_of
from infra.registers.heads import Head
from infra.registers.sheets import Merge, Sheet

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_NOTE: Final = re.compile(
    r"(?:合计|总计|小计|共计|总人数|人数|本页|以下空白|以下为空白|第\d+页|共\d+)"
    r"|(?:备?注|说明|填表说明|填写说明)(?:\d|:|$)"
    r"|(?:填表|填报|制表|审核|审批|经办|统计|复核|单位)?(?:人|负责人|日期|时间|单位|签字|盖章|党组织|联系人|电话|书记)(?:签字|签名|盖章)?(?:\(.*\))?:"
    r"|(?:填表|填报|制表|审核|审批|经办|统计|复核)(?:人|日期|时间|单位)"
    r"|\(?\d{1,2}[.、)]\D"
)
_NO_NAME: Final = re.compile(r"盖章|签字|签名|党委|党支部|委员会|组织部|以上|^\(|[:;。]")
_LIKE_A_NUMBER: Final = 8
_LONGEST_LONE_NAME: Final = 8


def rows_below(sheet: Sheet, head: Head) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Yield every row below the head that is about a person; what a merged cell says, it says for all its rows."""
    starts: dict[int, list[Merge]] = {}
    for merge in sheet.merges:
        if merge.bottom > merge.top and merge.top >= head.row and merge.right == merge.left:
            starts.setdefault(merge.top, []).append(merge)
    fields = {column.field: column.index for column in head.columns if column.field}
    carried: dict[int, tuple[int, Cell]] = {}
    for number, row in sheet.rows():
        if number <= head.row:
            continue
        filled = _filled_down(number - 1, row, starts, carried) if starts else row
        if _is_a_person(filled, fields, head):
            yield number, filled


def _filled_down(
    index: int, row: Sequence[Cell], starts: dict[int, list[Merge]], carried: dict[int, tuple[int, Cell]]
) -> Sequence[Cell]:
    """Write what a merged cell says into the rows that it covers."""
    for merge in starts.get(index, ()):
        if merge.left < len(row):
            carried[merge.left] = (merge.bottom, row[merge.left])
    for column in [column for column, (bottom, _) in carried.items() if bottom < index]:
        del carried[column]
    if not carried:
        return row
    cells = list(row)
    for column, (_, cell) in carried.items():
        if column < len(cells) and cells[column] in {None, ""}:
            cells[column] = cell
    return cells


def _is_a_person(row: Sequence[Cell], fields: dict[str, int], head: Head) -> bool:
    number = row[fields["identity_number"]] if fields["identity_number"] < len(row) else None
    if _is_like_a_number(number):
        return True
    told = [squeezed(text_of(row[index])) for index in fields.values() if index < len(row)]
    told = [text for text in told if text and not is_nothing(text)]
    first = next((text for cell in row if (text := squeezed(text_of(cell)))), "")
    if not told or _NOTE.match(first) or _NOTE.match(told[0]) or head.is_repeated_by(row):
        return False
    name = squeezed(text_of(row[fields["name"]])) if fields["name"] < len(row) else ""
    if _NO_NAME.search(name or first):
        return False
    if not name:
        return len(told) > 2
    return len(told) > 1 or max(len(name), len(first)) <= _LONGEST_LONE_NAME


def _is_like_a_number(cell: Cell) -> bool:
    """Whether a cell could be an identity number, right, wrong or destroyed."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell >= 10**_LIKE_A_NUMBER
    text = text_of(cell)
    if _HAN.search(text):
        return False
    digits = sum(char.isdigit() for char in text)
    return digits >= _LIKE_A_NUMBER or (digits >= 3 and bool(re.fullmatch(r"\d(\.\d+)?[eE]\+?\d{2}", text)))
