"""The facts of a merge's own stream: who proposed that two records are one person, who confirmed, who undid it.

What it does to the two members stands on their own streams (`domain.member.merging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class MergeProposed(Body):
    """提出合并: `kept` and `absorbed`, member ids, are said to be one person."""

    fact: ClassVar[str] = "merge_proposed"
    kept: str
    absorbed: str
    keep_movement: str | None = None
    keep_affiliation: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class MergeConfirmed(Body):
    """确认合并, by the fact's actor; the second confirmation merges."""

    fact: ClassVar[str] = "merge_confirmed"
    keep_movement: str | None = None
    keep_affiliation: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class MergeUndone(Body):
    """拆回合并."""

    fact: ClassVar[str] = "merge_undone"
