"""What a caller may ask for: every command with its own fields, what each field may hold, and the fact it becomes.

One table serves HTTP, bulk commands, imports and sister regions; reading a command names every fault at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain import codes
from domain.errors import Sentence
from domain.member import dues
from domain.member import events as e
from domain.member.cards import commands as cards
from domain.member.feedback import commands as feedback
from domain.member.form import DOCUMENT, Command, Field, Kind, Read, code
from domain.member.membership import commands as membership
from domain.member.privacy import commands as privacy
from domain.member.service import commands as service
from domain.member.transfer.commands import COMMANDS as TRANSFER

if TYPE_CHECKING:
    from domain.fact import Body
    from domain.member.reading import Reader

WHO_ACTS: Final = Sentence("请写明由哪个组织办理", "Name the organisation that acts.")
_BY: Final = Field("by", Kind.TEXT)
_WHY: Final = Field("reason", Kind.TEXT)
_DESTINATION: Final = Field("destination", Kind.DESTINATION, required=True)
_DEPARTURE_REASON: Final = code("reason", codes.DEPARTURE_REASONS, required=False)
_WAIVER: Final = code("reason", codes.WAIVER_REASONS)
_EVENT: Final = Field("event_id", Kind.EVENT_ID, required=True)


def _somebody_acts(reader: Reader, read: Read) -> None:
    """Who takes a member in, or owes a month, is an organisation: a caller that belongs to none names it."""
    if read.organisation is None:
        reader.fault("/organisation", "missing", WHO_ACTS, "a code from GET /v1/organisations")


_ALL: Final = (
    Command(
        "report-departure",
        e.DepartureReported,
        "外出报备",
        (_DESTINATION, Field("departs_on", Kind.FUTURE_DAY), _DEPARTURE_REASON),
    ),
    Command("hold-pre-departure-talk", e.PreDepartureTalkHeld, "行前谈话", (_BY,)),
    Command("waive-pre-departure-talk", e.PreDepartureTalkWaived, "免予行前谈话", (_WAIVER,)),
    Command("depart", e.Departed, "离开", (Field("destination", Kind.DESTINATION), _DEPARTURE_REASON)),
    Command("cancel-departure", e.DepartureCancelled, "取消外出", (_WHY,)),
    Command("change-destination", e.DestinationChanged, "变更去向", (_DESTINATION,)),
    Command(
        "prompt-check-in",
        e.CheckInPrompted,
        "提示报到",
        (code("channel", (*codes.CONTACT_CHANNELS, *codes.CHECK_IN_CHANNELS), required=False),),
    ),
    Command(
        "check-in",
        e.CheckedIn,
        "报到",
        (
            Field("region", Kind.REGION, required=True),
            code("channel", codes.CHECK_IN_CHANNELS),
            Field("venue", Kind.OPAQUE),
        ),
    ),
    Command("route", e.CaseRouted, "分办", (Field("to_organisation", Kind.ORGANISATION, required=True),)),
    Command("accept", e.Accepted, "接收纳管", (Field("branch", Kind.ORGANISATION),), check=_somebody_acts),
    Command("decline", e.Declined, "不予接收", (code("reason", codes.DECLINE_REASONS),), check=_somebody_acts),
    Command(
        "decide-claim",
        e.ClaimDecided,
        "裁定",
        (
            Field("claim_id", Kind.EVENT_ID, required=True),
            Field("in_favour_of", Kind.ORGANISATION, required=True),
            DOCUMENT,
        ),
    ),
    Command(
        "place-in-branch",
        e.PlacedInBranch,
        "编入支部",
        (
            Field("branch", Kind.ORGANISATION, required=True),
            code("kind", codes.PLACEMENT_KINDS),
            code("preferred_kind", codes.PLACEMENT_KINDS, required=False),
        ),
        check=_somebody_acts,
    ),
    Command("move-onward", e.MovedOnward, "再流动", (_DESTINATION,)),
    Command("assign-region", e.RegionAssigned, "指定区划", (Field("region", Kind.REGION, required=True),)),
    Command("assign-liaison", e.LiaisonAssigned, "指定联络员", (Field("liaison", Kind.OPAQUE, required=True),)),
    Command(
        "record-contact",
        e.ContactMade,
        "联系",
        (code("channel", codes.CONTACT_CHANNELS), Field("points", Kind.POINTS, codes=codes.FIVE_POINTS)),
    ),
    Command(
        "record-failed-contact",
        e.ContactAttemptFailed,
        "联系未果",
        (
            code("channel", codes.CONTACT_CHANNELS, required=False),
            code("reason", codes.FAILED_CONTACT_REASONS, required=False),
        ),
    ),
    Command(
        "waive-contact",
        e.ContactWaived,
        "免予联系",
        (Field("month", Kind.MONTH, required=True), _WAIVER),
        check=_somebody_acts,
    ),
    Command("declare-lost-contact", e.LostContactDeclared, "失联认定", (DOCUMENT,)),
    Command(
        "restore-contact",
        e.ContactRestored,
        "重新取得联系",
        (code("channel", codes.CONTACT_CHANNELS, required=False),),
    ),
    Command("keep-in-contact-list", e.KeptInContactList, "保留联系", (DOCUMENT,)),
    Command("report-return", e.ReturnReported, "报告返回", (Field("expected_on", Kind.FUTURE_DAY),)),
    Command("return", e.Returned, "返回"),
    Command("hold-return-education", e.ReturnEducationHeld, "回归教育", (_BY,)),
    Command("waive-return-education", e.ReturnEducationWaived, "免予回归教育", (_WAIVER,)),
    Command("close-movement", e.MovementClosed, "结束流动", (code("reason", codes.CLOSING_REASONS),)),
    *TRANSFER,
    Command("confirm-as-full", e.ConfirmedAsFull, "转正", (DOCUMENT, Field("meeting", Kind.REFERENCE), _WHY)),
    *dues.COMMANDS,
    *cards.COMMANDS,
    *feedback.COMMANDS,
    *membership.COMMANDS,
    *service.COMMANDS,
    Command(
        "correct-event",
        e.EventCorrected,
        "更正",
        (_EVENT, Field("changes", Kind.CHANGES, required=True), _WHY),
    ),
    Command("void-event", e.EventVoided, "作废", (_EVENT, _WHY)),
    Command("confirm-flag", e.FlagConfirmed, "核实保留", (_EVENT,)),
    *privacy.COMMANDS,
)

COMMANDS: Final = {command.name: command for command in _ALL}
EVERY_COMMAND: Final = COMMANDS | {privacy.ERASURE.name: privacy.ERASURE}
"""Those too that are no verb of a path."""
COMMAND_OF: Final = {command.body: command for command in _ALL}
"""By the fact; corrections are read by the fields of the command that made the fact."""

TEXTS_ASKED_FOR: Final[dict[type[Body], frozenset[str]]] = {
    command.body: frozenset(field.name for field in command.fields if field.kind is Kind.TEXT and field.required)
    for command in EVERY_COMMAND.values()
}
"""The free texts without which a fact is not recorded."""
