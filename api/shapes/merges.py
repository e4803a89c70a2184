"""The shape of a merge."""

from typing import Any, Literal

from pydantic import Field

from api.shapes.base import Id, Occurred, Shape


class LaterFact(Shape):
    """A fact recorded after the merge: an undo says whose it is."""

    event_id: Id
    type: str
    occurred_at: Occurred
    organisation: str | None
    data: dict[str, Any]


class MergeAnswer(Shape):
    """A merge as it stands."""

    merge_id: Id
    version: int = Field(ge=0)
    status: Literal["PROPOSED", "MERGED", "UNDONE"]
    kept: Id
    absorbed: Id
    proposed_by: str
    confirmed_by: list[str] = Field(description="two people, neither of them the proposer, before it is merged")
    keep_movement: str | None
    keep_affiliation: str | None
    later_facts: list[LaterFact] = Field(description="what an undo asks about 拆回时须逐条指明归属")
