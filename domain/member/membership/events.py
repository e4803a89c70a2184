"""Decisions about a membership. Each names the document and the meeting; why is kept in the vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class MembershipSuspended(Body):
    """停止党籍."""

    fact: ClassVar[str] = "membership_suspended"
    order: ClassVar[int] = 131
    document: str
    meeting: str


@recorded_as
@dataclass(frozen=True, slots=True)
class MembershipRestored(Body):
    """恢复党籍."""

    fact: ClassVar[str] = "membership_restored"
    order: ClassVar[int] = 132
    document: str
    meeting: str


@recorded_as
@dataclass(frozen=True, slots=True)
class MembershipEnded(Body):
    """出党."""

    fact: ClassVar[str] = "membership_ended"
    order: ClassVar[int] = 133
    document: str
    meeting: str


@recorded_as
@dataclass(frozen=True, slots=True)
class MemberDeceased(Body):
    """去世."""

    fact: ClassVar[str] = "member_deceased"
    order: ClassVar[int] = 134
    document: str
    meeting: str
