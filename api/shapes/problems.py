"""The shape of a problem (RFC 9457)."""

from pydantic import Field

from api.shapes.base import Shape


class FaultDetails(Shape):
    """What is wrong with one field."""

    pointer: str = Field(description="RFC 6901, into the body; /query, /path and /header for what is beside it")
    code: str
    detail: str
    expected: str | list[str] | None = Field(description="what would be right")


class ProblemDetails(Shape):
    """Why nothing was done, in the caller's language."""

    type: str = Field(pattern="^urn:kiteline:problem:[a-z0-9_]+$")
    title: str
    status: int = Field(ge=400, le=599)
    code: str
    detail: str
    errors: list[FaultDetails] | None = Field(None, description="every fault of the input")
