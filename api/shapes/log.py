"""What the log answers: proofs and entries."""

from pydantic import Field

from api.shapes.base import Instant, PageShape, Position, Shape


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


class Cosignature(Shape):
    """A witness's line under a checkpoint."""

    witness: str
    line: str
    cosigned_at: Instant


class CheckpointItem(Shape):
    """A checkpoint as it was signed."""

    size: Position
    root: str = Field(description="base64")
    note: str = Field(description="the signed note (C2SP), without cosignatures")
    signed_at: Instant
    cosignatures: list[Cosignature]


class CheckpointsPage(PageShape):
    """Checkpoints, the latest first."""

    items: list[CheckpointItem]
