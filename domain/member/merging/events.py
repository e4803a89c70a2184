"""The facts of a merge on the streams of both members, saved together with those of the merge's own stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class RecordsMerged(Body):
    """合并: from here on the facts of `absorbed` are those of `kept`; the same fact stands on both streams.

    `set_aside` are the facts, by event id, that do not count as long as the merge stands: of two open movements, or of
    two affiliations, those of the one that was not kept.
    """

    fact: ClassVar[str] = "records_merged"
    order: ClassVar[int] = 144
    merge_id: str
    kept: str
    absorbed: str
    set_aside: list[str] | None = None
    keep_movement: str | None = None
    keep_affiliation: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class RecordsUnmerged(Body):
    """拆回: two members again; `whose` says of each fact recorded meanwhile, by event id, KEPT or ABSORBED."""

    fact: ClassVar[str] = "records_unmerged"
    order: ClassVar[int] = 145
    merge_id: str
    kept: str
    absorbed: str
    whose: dict[str, str] | None = None
