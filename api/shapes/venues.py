"""The shapes of check-in codes."""

from pydantic import Field

from api.shapes.base import Id, Instant, PageShape, Position, RegionCode, Shape
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


class NumberShown(RotatingNumber):
    """The number as the venue's screen shows it now."""

    current: str = Field(pattern="^[0-9]{6}$")
    changes_at: Instant


class CodeToHang(Shape):
    """A code as it is hung up or shown on a screen, and the venue it is of."""

    venue: "VenueNamed"
    code: str = Field(description="the text that the QR code holds 报到码")
    code_id: str
    expires_at: Instant
    revoked_at: Instant | None
    link: str = Field(description="the path that a printed link takes", pattern="^/c/[A-Z2-7]{53}$")
    number: NumberShown | None


class VenueNamed(Shape):
    """A venue, as who checks in there sees it."""

    venue_id: Id
    name: str
    region: RegionCode
    kind: str
    organisation: str | None


class VenueCode(Shape):
    """A code of a venue, without its text."""

    code_id: str
    from_: Instant = Field(alias="from")
    expires_at: Instant
    revoked_at: Instant | None
    rotates_every: int | None
    counts: bool = Field(description="whether it counts now")


class VenueAnswer(VenueNamed):
    """A venue with the codes that it ever had."""

    version: int = Field(ge=1)
    codes: list[VenueCode]


class VenuesPage(PageShape):
    """Venues, in the order in which they were opened."""

    items: list[VenueAnswer]


class CodeRefusal(Shape):
    """Why a code does not count now, and what to do."""

    code: str
    detail: str


class CodeScanned(Shape):
    """What somebody who scanned a code is about to do: where it is, and whether a number goes with it."""

    venue: VenueNamed
    expires_at: Instant
    takes_number: bool
    refusal: CodeRefusal | None
