"""The shapes of check-in codes."""

from pydantic import Field

from api.shapes.base import Id, Instant, Position, Shape
from api.shapes.recording import Recorded


class RotatingNumber(Shape):
    """The number beside a code: any authenticator can show it at the venue (RFC 6238, SHA-1)."""

    secret: str = Field(description="base32, for the venue's screen only")
    digits: int
    every_seconds: int
    uri: str = Field(description="otpauth:// link that an authenticator takes")


class IssuedCode(Shape):
    """A code for one venue of many."""

    venue_id: Id
    code: str = Field(description="the text that the QR code holds 报到码")
    code_id: str
    expires_at: Instant
    link: str = Field(description="the path that a printed link takes", pattern="^/c/[A-Z2-7]{53}$")
    number: RotatingNumber | None = Field(description="the number that goes with it, if it rotates")


class CodesIssued(Shape):
    """The codes of a collective day, in the order of the venues; the same again for the same Idempotency-Key."""

    items: list[IssuedCode]
    position: Position


class CodeIssued(Recorded):
    """A code that was issued; the same again for the same Idempotency-Key."""

    code: str = Field(description="the text that the QR code holds 报到码")
    code_id: str
    expires_at: Instant
    link: str = Field(description="the path that a printed link takes", pattern="^/c/[A-Z2-7]{53}$")
    number: RotatingNumber | None = Field(description="the number that goes with it, if it rotates")
