"""The facts of a member's stream, in lifecycle order: what happened, in codes, dates and references only.

`order` ranks the types among facts known only by their day (`domain.fact.nominal_minute`); no two share one. A fact
that can open a movement carries `movement_id` when it joins one that is known already from a later fact; absent, a
movement that it opens bears its event id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from domain.fact import Body, recorded_as

Destination: TypeAlias = dict[str, Any]
"""`{"region": code}`, `{"abroad": true}` or `{"unknown": true}`."""


@recorded_as
@dataclass(frozen=True, slots=True)
class MemberRegistered(Body):
    """登记入册. `affiliated_since` absent: as far back as anybody asks."""

    fact: ClassVar[str] = "member_registered"
    order: ClassVar[int] = 1
    category: str
    affiliation: str
    affiliated_since: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class PersonalDataUpdated(Body):
    """Fields of the vault were written anew; their names only."""

    fact: ClassVar[str] = "personal_data_updated"
    order: ClassVar[int] = 2
    fields: list[str]


@recorded_as
@dataclass(frozen=True, slots=True)
class LiaisonAssigned(Body):
    """联络员. `liaison` is an opaque id."""

    fact: ClassVar[str] = "liaison_assigned"
    order: ClassVar[int] = 6
    liaison: str


@recorded_as
@dataclass(frozen=True, slots=True)
class DepartureReported(Body):
    """外出报备、流出登记."""

    fact: ClassVar[str] = "departure_reported"
    order: ClassVar[int] = 12
    destination: Destination
    departs_on: str | None = None
    reason: str | None = None
    movement_id: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class DestinationChanged(Body):
    """变更去向."""

    fact: ClassVar[str] = "destination_changed"
    order: ClassVar[int] = 15
    destination: Destination


@recorded_as
@dataclass(frozen=True, slots=True)
class PreDepartureTalkHeld(Body):
    """行前谈话. Who held it is kept in the vault."""

    fact: ClassVar[str] = "pre_departure_talk_held"
    order: ClassVar[int] = 18


@recorded_as
@dataclass(frozen=True, slots=True)
class PreDepartureTalkWaived(Body):
    """免予行前谈话."""

    fact: ClassVar[str] = "pre_departure_talk_waived"
    order: ClassVar[int] = 19
    reason: str


@recorded_as
@dataclass(frozen=True, slots=True)
class DepartureCancelled(Body):
    """取消外出."""

    fact: ClassVar[str] = "departure_cancelled"
    order: ClassVar[int] = 24
    reason: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class Departed(Body):
    """离开. `destination` when nothing was reported."""

    fact: ClassVar[str] = "departed"
    order: ClassVar[int] = 30
    destination: Destination | None = None
    reason: str | None = None
    movement_id: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class CheckInPrompted(Body):
    """提示报到. `introduction` is what the member takes along to another deployment, signed here."""

    fact: ClassVar[str] = "check_in_prompted"
    order: ClassVar[int] = 36
    channel: str | None = None
    introduction: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class MovedOnward(Body):
    """再流动: a new leg, no return in between."""

    fact: ClassVar[str] = "moved_onward"
    order: ClassVar[int] = 48
    destination: Destination


@recorded_as
@dataclass(frozen=True, slots=True)
class CheckedIn(Body):
    """报到, wherever it happened."""

    fact: ClassVar[str] = "checked_in"
    order: ClassVar[int] = 60
    region: str
    channel: str
    venue: str | None = None
    movement_id: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class CaseRouted(Body):
    """分办."""

    fact: ClassVar[str] = "case_routed"
    order: ClassVar[int] = 66
    to_organisation: str


@recorded_as
@dataclass(frozen=True, slots=True)
class Declined(Body):
    """不予接收."""

    fact: ClassVar[str] = "declined"
    order: ClassVar[int] = 69
    reason: str


@recorded_as
@dataclass(frozen=True, slots=True)
class Accepted(Body):
    """接收纳管, by the fact's organisation."""

    fact: ClassVar[str] = "accepted"
    order: ClassVar[int] = 72
    branch: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class AcceptanceContested(Body):
    """两地争议: a second side accepts."""

    fact: ClassVar[str] = "acceptance_contested"
    order: ClassVar[int] = 75
    claim_id: str
    branch: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class ClaimDecided(Body):
    """裁定."""

    fact: ClassVar[str] = "claim_decided"
    order: ClassVar[int] = 78
    claim_id: str
    in_favour_of: str
    document: str


@recorded_as
@dataclass(frozen=True, slots=True)
class PlacedInBranch(Body):
    """编入支部、兜底."""

    fact: ClassVar[str] = "placed_in_branch"
    order: ClassVar[int] = 81
    branch: str
    kind: str
    preferred_kind: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class RegionAssigned(Body):
    """指定区划, after a split."""

    fact: ClassVar[str] = "region_assigned"
    order: ClassVar[int] = 84
    region: str


@recorded_as
@dataclass(frozen=True, slots=True)
class ContactMade(Body):
    """联系. A register does not say by which channel."""

    fact: ClassVar[str] = "contact_made"
    order: ClassVar[int] = 90
    channel: str | None = None
    points: list[str] | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class ContactAttemptFailed(Body):
    """联系未果. `said_lost`: a register says that contact was lost on that day, which a person is to review."""

    fact: ClassVar[str] = "contact_attempt_failed"
    order: ClassVar[int] = 91
    channel: str | None = None
    reason: str | None = None
    said_lost: bool | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class ContactWaived(Body):
    """免予联系, of one month."""

    fact: ClassVar[str] = "contact_waived"
    order: ClassVar[int] = 92
    month: str
    reason: str


@recorded_as
@dataclass(frozen=True, slots=True)
class KeptInContactList(Body):
    """The review of a silence ended with keeping the member on the contact list."""

    fact: ClassVar[str] = "kept_in_contact_list"
    order: ClassVar[int] = 95
    document: str


@recorded_as
@dataclass(frozen=True, slots=True)
class LostContactDeclared(Body):
    """失联认定."""

    fact: ClassVar[str] = "lost_contact_declared"
    order: ClassVar[int] = 96
    document: str


@recorded_as
@dataclass(frozen=True, slots=True)
class ContactRestored(Body):
    """重新取得联系."""

    fact: ClassVar[str] = "contact_restored"
    order: ClassVar[int] = 99
    channel: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class ReturnReported(Body):
    """报告返回."""

    fact: ClassVar[str] = "return_reported"
    order: ClassVar[int] = 108
    expected_on: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class Returned(Body):
    """返回."""

    fact: ClassVar[str] = "returned"
    order: ClassVar[int] = 114


@recorded_as
@dataclass(frozen=True, slots=True)
class ReturnEducationHeld(Body):
    """回归教育. Who held it is kept in the vault."""

    fact: ClassVar[str] = "return_education_held"
    order: ClassVar[int] = 120


@recorded_as
@dataclass(frozen=True, slots=True)
class ReturnEducationWaived(Body):
    """免予回归教育."""

    fact: ClassVar[str] = "return_education_waived"
    order: ClassVar[int] = 121
    reason: str


@recorded_as
@dataclass(frozen=True, slots=True)
class MovementClosed(Body):
    """结束流动 without a return."""

    fact: ClassVar[str] = "movement_closed"
    order: ClassVar[int] = 126
    reason: str


@recorded_as
@dataclass(frozen=True, slots=True)
class ConfirmedAsFull(Body):
    """转正."""

    fact: ClassVar[str] = "confirmed_as_full"
    order: ClassVar[int] = 130
    document: str
    meeting: str | None = None


@recorded_as
@dataclass(frozen=True, slots=True)
class EventCorrected(Body):
    """更正: other values for fields of an earlier fact; `occurred_at` may be among them."""

    fact: ClassVar[str] = "event_corrected"
    order: ClassVar[int] = 140
    event_id: str
    changes: dict[str, Any]


@recorded_as
@dataclass(frozen=True, slots=True)
class EventVoided(Body):
    """作废."""

    fact: ClassVar[str] = "event_voided"
    order: ClassVar[int] = 141
    event_id: str


@recorded_as
@dataclass(frozen=True, slots=True)
class FlagConfirmed(Body):
    """核实保留: the odd fact is right."""

    fact: ClassVar[str] = "flag_confirmed"
    order: ClassVar[int] = 142
    event_id: str
