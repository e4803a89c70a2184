"""`kiteline import`: a register as an office keeps it, row by row, with what would be right for each row sent back."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.failures import OperatorFailure
from infra.settings import load_settings

if TYPE_CHECKING:
    from api.service import Service
    from infra.recording.import_report import ImportReport

app = typer.Typer()


class NotImported(OperatorFailure):
    """The file as a whole is refused, or nobody knows the organisation; nothing was recorded."""

    exit_code = 2


@app.command()
def import_(
    file: Annotated[Path, typer.Argument(help="a register 流出、流入台账: xlsx or csv", metavar="FILE")],
    organisation: Annotated[str, typer.Option(help="code of the organisation; branches are looked up below it")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell what would happen, record nothing")] = False,
) -> None:
    """Import a register: each row wholly or not at all, what is known already only once; exit code 1 with errors."""
    from rich.console import Console

    from api.service import open_service
    from infra.cli.database import opened_database
    from infra.cli.register_report import print_report

    if not file.is_file():
        raise NotImported(f"没有这个文件：{file}。", f"There is no file {file}.")
    settings = load_settings()
    console = Console()
    with opened_database(settings) as url, open_service(settings, url, projecting=False) as service:
        service.log_keeping.must_be_sound()
        report = imported(service, file, organisation, dry_run=dry_run)
    print_report(console, file.name, report)
    if dry_run:
        console.print("试运行：没有记录任何内容。 A dry run: nothing was recorded.")
    if report.errors:
        marked = _write_errors(file, report)
        console.print(f"标注错误的台账 the register with its errors marked: {marked}")
        raise typer.Exit(1)


def imported(service: Service, file: Path, organisation: str, *, dry_run: bool) -> ImportReport:
    """Import with a progress bar. Raises NotImported."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from infra.recording.drafts import Caller
    from infra.registers.refusal import RegisterRefused

    tree = service.kiteline.refresh_reference().organisations
    if tree.get(organisation) is None:
        near = difflib.get_close_matches(organisation, tree.by_code, n=5, cutoff=0.4)
        named = "、".join(f"{code} {tree.by_code[code].name}" for code in near) or "-"
        raise NotImported(
            f"没有代码为 {organisation} 的党组织。相近的有：{named}。",
            f"There is no organisation with the code {organisation}. Near it: {named}.",
        )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(file.name, total=None)
        try:
            return service.importer.run(
                file,
                file.name,
                organisation=organisation,
                caller=Caller("console", organisation, "IMPORT"),
                dry_run=dry_run,
                progress=lambda rows, height: progress.update(task, completed=rows, total=height),
            )
        except RegisterRefused as refused:
            raise NotImported(refused.sentence.zh, refused.sentence.en) from refused


def _write_errors(file: Path, report: ImportReport) -> Path:
    from infra.registers.annotated import write_annotated

    marked = file.with_name(f"{file.stem}.errors.xlsx")
    write_annotated(file, file.name, report.errors, report.warnings, str(marked))
    return marked
