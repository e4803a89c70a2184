"""The shapes of register imports."""

from pydantic import Field

from api.shapes.base import Id, Position, Shape


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
