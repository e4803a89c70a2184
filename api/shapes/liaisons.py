"""The shapes of liaisons."""

from pydantic import Field

from api.shapes.base import Id, PageShape, Shape
from api.shapes.problems import ProblemDetails
from api.shapes.recording import Recorded


class LiaisonItem(Shape):
    """A liaison, with the members that they keep in touch with."""

    liaison: str
    members: int = Field(ge=0)
    overdue: int = Field(ge=0, description="members for whom something is overdue")
    ceiling: int = Field(ge=0, description="how many members a liaison may have here today")


class LiaisonsPage(PageShape):
    """Liaisons."""

    items: list[LiaisonItem]


class ReassignedItem(Shape):
    """What became of one member: the new liaison, or why there is none."""

    member_id: Id
    status: int = Field(ge=200, le=599)
    replayed: bool
    liaison: str | None
    body: Recorded | ProblemDetails


class Reassigned(Shape):
    """What became of each member, in the order of their ids."""

    items: list[ReassignedItem]
