"""The shape of the record of exports."""

from typing import Any

from api.shapes.base import Id, Instant, PageShape, Shape


class ExportItem(Shape):
    """A list that was handed out as a file."""

    export_id: Id
    exported_at: Instant
    reader: str
    role: str
    organisation: str | None
    region: str | None
    question: dict[str, Any]
    fields: list[str]
    rows: int
    sha256: str


class ExportsPage(PageShape):
    """Exports, newest first."""

    items: list[ExportItem]
