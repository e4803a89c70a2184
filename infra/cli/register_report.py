"""What became of a register, told to the secretary who brought it: counts, then each error by row and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from infra.recording.import_report import ImportReport
    from infra.registers.issues import RowIssue

_WARNINGS_SHOWN: Final = 5


def print_report(console: Console, name: str, report: ImportReport, *, most: int | None = None) -> None:
    """Print a report, at most `most` of its errors; Chinese first. No personal value is in it."""
    console.print(
        Text.assemble(
            (name, "bold"),
            f"：共 {report.rows} 行，",
            (f"接受 {report.accepted}", "green"),
            f"，已有 {report.already_known}，",
            (f"退回 {report.rejected}", "red" if report.rejected else "green"),
            (_in_english(report), "dim"),
        ),
        soft_wrap=True,
    )
    shown = report.errors if most is None else _of_each_kind(report.errors)[:most]
    for error in shown:
        _print_error(console, error)
    if len(shown) < len(report.errors):
        left = len(report.errors) - len(shown)
        console.print(Text(f"  …另有 {left} 处 and {left} more", "dim"))
    _print_warnings(console, report.warnings, _WARNINGS_SHOWN if most is None else 0)


def _in_english(report: ImportReport) -> str:
    return (
        f"  ({report.rows} rows: {report.accepted} accepted, {report.already_known} known already, "
        f"{report.rejected} rejected)"
    )


def _of_each_kind(errors: list[RowIssue]) -> list[RowIssue]:
    """Return the first error of each kind, then the others: a few should show as much as they can."""
    first = {error.code: error for error in reversed(errors)}
    chosen = [error for error in errors if first[error.code] is error]
    return chosen + [error for error in errors if first[error.code] is not error]


def _print_error(console: Console, error: RowIssue) -> None:
    """Where and what is wrong, in Chinese; the same in English; what would be right."""
    column = f"“{error.column}”" if error.column else ""
    row = f"第 {error.row} 行" if error.row is not None else ""
    told = Text.assemble("  ", (f"{error.sheet} {row}{column}", "bold red"), f"：{error.message_zh}")
    told.append(f"\n    {error.message_en}", "dim")
    if error.expected:
        told.append(f"\n    应为 expected: {error.expected}")
    console.print(told, soft_wrap=True)


def _print_warnings(console: Console, warnings: list[RowIssue], most: int) -> None:
    if not warnings:
        return
    console.print(Text(f"  提示 {len(warnings)} 条（不影响导入） {len(warnings)} warnings", "yellow"))
    for one in warnings[:most]:
        place = "，".join(part for part in (one.sheet, f"第 {one.row} 行" if one.row else "", one.column or "") if part)
        console.print(Text.assemble(f"    {place}：{one.message_zh} ", (one.message_en, "dim")), soft_wrap=True)
