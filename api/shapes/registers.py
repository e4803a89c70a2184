"""The shapes of register imports."""

from typing import Literal

from pydantic import Field

from api.shapes.base import Id, Instant, PageShape, Position, Shape


class RegisterIssue(Shape):
    """An error or a warning of one cell; no personal value is echoed."""

    sheet: str | None
    row: int | None
    column: str | None
    field: str | None
    code: str
    message: str
    expected: str | list[str] | None


class ImportReport(Shape):
    """What an import did; rows = accepted + already_known + rejected."""

    import_id: Id
    position: Position
    rows: int = Field(ge=0)
    accepted: int = Field(ge=0)
    already_known: int = Field(ge=0)
    rejected: int = Field(ge=0)
    errors: list[RegisterIssue]
    warnings: list[RegisterIssue]


class ImportCounts(Shape):
    """What an import did, in figures; `errors` and `warnings` are how many there are to read."""

    position: Position
    rows: int = Field(ge=0)
    accepted: int = Field(ge=0)
    already_known: int = Field(ge=0)
    rejected: int = Field(ge=0)
    errors: int = Field(ge=0)
    warnings: int = Field(ge=0)


class ImportProblem(Shape):
    """Why the file as a whole was refused."""

    code: str
    detail: str


RunState = Literal["waiting", "running", "done", "refused", "failed"]
"""`refused`: all or nothing, and a row had an error: nothing was recorded; `failed`: the file as a whole."""


class ImportRun(Shape):
    """How far an import is; `rows_expected` is what the sheet says of itself, null where it does not."""

    import_id: Id
    organisation: str
    filename: str | None = Field(description="null once the upload is no longer kept")
    state: RunState
    dry_run: bool = Field(description="true while it only tells what would happen")
    all_or_nothing: bool = Field(description="nothing is recorded if any row has an error")
    checked: bool = Field(description="all or nothing: every row was found right, and they are being recorded")
    uploaded_at: Instant
    ended_at: Instant | None
    kept_until: Instant | None = Field(description="until when the upload is kept, null when it is not any more")
    rows_read: int = Field(ge=0)
    rows_expected: int | None
    counts: ImportCounts | None
    problem: ImportProblem | None


class ImportsPage(PageShape):
    """The caller's own imports, the latest first."""

    items: list[ImportRun]


class ImportStanding(Shape):
    """How far somebody's import is, for who runs the deployment: not who brought what, nor what it is called."""

    import_id: Id
    organisation: str
    state: RunState
    dry_run: bool
    all_or_nothing: bool
    checked: bool
    uploaded_at: Instant
    ended_at: Instant | None
    rows_read: int = Field(ge=0)
    rows_expected: int | None
    counts: ImportCounts | None
    problem: ImportProblem | None


class ImportStandingsPage(PageShape):
    """Everybody's imports, the latest first."""

    items: list[ImportStanding]


class RegisterFinding(RegisterIssue):
    """An error or a warning, told apart."""

    severity: Literal["error", "warning"]


class FindingsPage(PageShape):
    """Findings by sheet and row."""

    items: list[RegisterFinding]
