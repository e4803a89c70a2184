"""Requests about personal data, their answers, and the erasure; what exactly is asked is kept in the vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.fact import Body, recorded_as


@recorded_as
@dataclass(frozen=True, slots=True)
class PersonalDataRequested(Body):
    """申请查阅、更正或清除个人信息 (Personal Information Protection Law, art. 45 to 47)."""

    fact: ClassVar[str] = "personal_data_requested"
    order: ClassVar[int] = 144
    request: str


@recorded_as
@dataclass(frozen=True, slots=True)
class PersonalDataRequestCompleted(Body):
    """个人信息申请已办结."""

    fact: ClassVar[str] = "personal_data_request_completed"
    order: ClassVar[int] = 145
    event_id: str


@recorded_as
@dataclass(frozen=True, slots=True)
class PersonalDataRequestRefused(Body):
    """个人信息申请不予办理；理由保存在信息库."""

    fact: ClassVar[str] = "personal_data_request_refused"
    order: ClassVar[int] = 146
    event_id: str


@recorded_as
@dataclass(frozen=True, slots=True)
class PersonalDataErased(Body):
    """个人信息已清除: with this fact, in its transaction, everything that the vault holds of the member is deleted."""

    fact: ClassVar[str] = "personal_data_erased"
    order: ClassVar[int] = 147
