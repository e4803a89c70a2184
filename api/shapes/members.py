"""The shapes of one member: state, history, who read their data."""

from typing import Any, Literal

from pydantic import Field

from api.shapes.base import Day, Id, Instant, Occurred, PageShape, Position, RegionCode, Shape
from api.shapes.recording import Precision

Stage = Literal["reported", "awaiting_check_in", "checked_in", "settled", "returned", "closed"]
View = Literal["pre_departure", "in_transit", "return"]
Category = Literal["FULL", "PROBATIONARY"]
Membership = Literal["active", "suspended", "ended"]
Placement = Literal["WORKPLACE", "RESIDENCE", "INDUSTRY", "HOMETOWN", "FALLBACK"]
DutyKind = Literal[
    "pre_departure_talk",
    "confirm_departure",
    "prompt_check_in",
    "escalate_check_in",
    "answer_check_in",
    "place_in_branch",
    "decide_claim",
    "find_a_home",
    "monthly_contact",
    "return_education",
    "lost_contact_review",
    "accept_transfer",
    "return_receipt",
    "assign_region",
    "second_review",
    "inspect_card",
    "issue_feedback",
    "acknowledge_feedback",
    "look_at_flag",
    "personal_data_request",
    "resume_webhook",
]


class DutyShape(Shape):
    """Something owed."""

    duty_id: str
    kind: DutyKind
    member_id: Id | None = Field(description="null for `resume_webhook`, which is nobody's")
    organisation: str | None
    region: RegionCode | None
    since: Day
    due_on: Day
    overdue: bool
    provisional: bool = Field(description="due past the end of the published workdays")


class LegShape(Shape):
    """One stay, or expected stay."""

    leg: int = Field(ge=1)
    declared: dict[str, Any] | None = Field(description="the destination as declared: region, abroad or unknown")
    declared_region: RegionCode | None
    region: RegionCode | None
    checked_in_at: Occurred | None
    accepted_at: Occurred | None
    accepted_by: str | None
    branch: str | None
    placement: Placement | None
    preferred_kind: Placement | None


class ClaimShape(Shape):
    """A second side's acceptance."""

    claim_id: str
    organisation: str
    branch: str | None
    accepted_at: Occurred


class OriginShape(Shape):
    """Where a movement began."""

    organisation: str | None
    region: RegionCode | None


class MovementShape(Shape):
    """From report of departure to closure."""

    movement_id: str
    view: View | None
    stage: Stage
    origin: OriginShape
    departed_at: Occurred | None
    expected_return_on: str | None
    returned_at: Occurred | None
    closed_reason: str | None
    claims: list[ClaimShape]
    legs: list[LegShape]


class TransferShape(Shape):
    """The last transfer of the relationship."""

    transfer_id: str
    kind: Literal["FORMAL", "TEMPORARY"]
    status: Literal[
        "requested", "approved", "letter_issued", "accepted", "receipt_returned", "rejected", "withdrawn", "expired"
    ] = Field(description="`expired` from the day after the letter's last valid one")
    from_: str | None = Field(alias="from", description="the organisation left")
    to: str
    requested_at: Occurred
    until: Day | None = Field(description="the last day of a temporary relationship, if stated")
    letter_number: str | None
    void_letters: list[str] = Field(description="numbers of earlier letters")
    valid_until: Day | None
    accepted_at: Occurred | None
    receipt_due: Day | None
    rejected_for: str | None


class ClocksShape(Shape):
    """What runs on."""

    last_contact_at: Occurred | None
    lost_review_due: Day | None


class CardShape(Shape):
    """The activity card that a member holds."""

    card_number: str
    issued_at: Occurred
    inspected_at: Occurred | None


class StateShape(Shape):
    """A member at a moment."""

    member_id: Id
    version: int = Field(ge=0)
    category: Category | None
    membership: Membership
    erased: bool = Field(description="whether personal data was erased")
    membership_since: Occurred | None = Field(description="when it was decided so, or when the member died")
    second_review_due: Day | None = Field(description="when a suspension is looked at again")
    affiliation: str | None
    responsible: str | None
    holder: str | None
    liaison: str | None
    lost_contact: bool
    needs_assignment: bool
    clocks: ClocksShape
    card: CardShape | None
    dues_paid_until: str | None = Field(description="the last month for which dues were paid, YYYY-MM")
    movement: MovementShape | None
    transfer: TransferShape | None
    posts: list[Id] = Field(description="posts held")
    flags: list[str]
    duties: list[DutyShape]


class FieldChange(Shape):
    """One value that differs."""

    pointer: str = Field(description="RFC 6901; duties and claims by their id instead of their place")
    before: Any = Field(description="null where there was none")
    after: Any = Field(description="null where there is none")


class StateDifference(Shape):
    """What was known earlier, beside what is known."""

    known_position: Position = Field(description="the earlier knowledge")
    state: StateShape | None = Field(description="as known then; null before the member was registered")
    changes: list[FieldChange]


class EventText(Shape):
    """What was written in words beside an event."""

    event_id: str
    field: str
    text: str


class MemberAnswer(StateShape):
    """A member's state, with personal data if it was asked for."""

    position: Position
    known_position: Position
    diff: StateDifference | None = Field(None, description="only with `diff_from`")
    personal: dict[str, str] | None = Field(None, description="only with `fields` and `purpose`; the read is logged")
    texts: list[EventText] | None = Field(None, description="only with `texts` and `purpose`; the read is logged")


class Refusal(Shape):
    """Why a command would be refused now."""

    code: str
    detail: str


class PossibleCommand(Shape):
    """A command that the caller's role may give."""

    command: str = Field(description="its verb, as in its path")
    possible: bool = Field(description="whether the member's state lets it pass, whatever it will say")
    refused: Refusal | None


class PossibleCommands(Shape):
    """The commands about the member as they stand; those about one event are offered with it."""

    items: list[PossibleCommand]
    organisation: str | None = Field(description="who would act")
    position: Position


class MemberItem(Shape):
    """A member in a list."""

    member_id: Id
    version: int = Field(ge=0)
    category: Category | None
    membership: Membership
    affiliation: str | None
    responsible: str | None
    stage: Stage | None
    view: View | None
    region: RegionCode | None
    lost_contact: bool
    personal: dict[str, str] | None = Field(None, description="only with `fields` and `purpose`; the read is logged")


class MembersPage(PageShape):
    """Members found."""

    items: list[MemberItem]


class MaskedName(Shape):
    """A name with its middle hidden."""

    member_id: Id
    masked_name: str


class MaskedNames(Shape):
    """Masked names, of those asked for whom the caller may know by name."""

    items: list[MaskedName]
    position: Position


class CorrectionShape(Shape):
    """What became of an event."""

    by: str = Field(description="the event that corrects or voids it")
    kind: Literal["corrected", "voided", "set_aside"]


class PlaceName(Shape):
    """A region by code and name."""

    code: str
    name: str


class EndedPlace(Shape):
    """A region that an event names and that is no more: its last name, the first day without it, what it became."""

    code: str
    name: str
    until: Day
    successors: list[PlaceName]


class InclusionShape(Shape):
    """That an event is in the tree of the answer's checkpoint."""

    size: int = Field(description="leaves of that tree")
    leaf: str = Field(description="base64 of the exact bytes; the leaf's index is the position less 1")
    hashes: list[str] = Field(description="base64, in the order of RFC 6962")


class AsRecorded(Shape):
    """What an event said before it was corrected."""

    occurred_at: Occurred
    occurred_precision: Precision
    organisation: str | None
    data: dict[str, Any]


class EventEffect(Shape):
    """What the event that a correction or void comes down to said before and after; null while it was void."""

    event_id: str
    type: str
    before: AsRecorded | None
    after: AsRecorded | None
    changes: list[FieldChange]


class EffectShape(Shape):
    """What a correction, a void or a merge did."""

    event: EventEffect | None = Field(description="null of a merge and its undoing")
    state: list[FieldChange] | None = Field(
        description="what differs in the member's state: of merges, of others with `effects=true`"
    )


class HistoryItem(Shape):
    """One event of a life, and how the member stood after it."""

    event_id: str
    type: str
    stream: str = Field(
        description="whose stream it stands on: of a merged record, that record's; of a dissolution, its"
    )
    version: int = Field(ge=1, description="of that stream")
    position: Position
    occurred_at: Occurred
    occurred_precision: Precision
    recorded_at: Instant
    actor: str
    channel: str
    organisation: str | None = Field(description="who acted")
    data: dict[str, Any]
    correction: CorrectionShape | None
    as_recorded: AsRecorded | None = Field(None, description="only of an event that was corrected")
    effect: EffectShape | None = Field(None, description="only of a correction, a void, a merge and its undoing")
    flags: list[str]
    places: list[EndedPlace]
    state: dict[str, Any] | None
    proof: InclusionShape | None = Field(None, description="only with `proof=true`")


class HistoryAnswer(PageShape):
    """A member's events in the order of the fold."""

    items: list[HistoryItem]
    checkpoint: str | None = Field(None, description="only with `proof=true`: the signed tree of the proofs")


Change = Literal["added", "changed", "removed"]


class HistoryDifference(Shape):
    """An event of which two knowledges differ."""

    event_id: str
    change: Change
    before: HistoryItem | None
    after: HistoryItem | None
    changes: list[FieldChange] = Field(description="of the event, not of the state after it")


class TwoStates(Shape):
    """The member's state by both knowledges."""

    before: StateShape | None
    after: StateShape | None
    changes: list[FieldChange]


class HistoryDifferences(PageShape):
    """With `diff_from`: what was added, changed or removed since, and what it did to the state."""

    items: list[HistoryDifference]
    diff_from_position: Position
    state: TwoStates


class ReadItem(Shape):
    """One read of a member's personal data."""

    read_id: int
    read_at: Instant
    reader: str
    role: str
    organisation: str | None
    fields: list[str]
    purpose: str | None = Field(None, description="null of somebody whose personal data was erased")


class AnyonesRead(ReadItem):
    """One read, and whose data it was."""

    member_id: Id


class AllReadsPage(PageShape):
    """Who read whose data, newest first."""

    items: list[AnyonesRead]


class ReadsPage(PageShape):
    """Who read a member's data, newest first."""

    items: list[ReadItem]
