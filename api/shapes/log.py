"""What the log answers: proofs and entries."""

from pydantic import Field

from api.shapes.base import Position, Shape


class ProofAnswer(Shape):
    """Hashes of a proof."""

    hashes: list[str] = Field(description="base64, in the order of RFC 6962")


class EntryItem(Shape):
    """One leaf."""

    position: Position
    leaf: str = Field(description="base64 of the exact bytes")


class EntriesAnswer(Shape):
    """Leaves from a position on."""

    items: list[EntryItem]
