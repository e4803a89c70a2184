"""Who may do what: one pure function, asked before every command and every answer.

A foreign id is not there (404); what a role never does is forbidden (403). Row-level security stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

from api.actions import (
    COUNTRYWIDE,
    MEMBER_COMMANDS,
    MEMBER_QUESTIONS,
    OPEN_QUESTIONS,
    PLACE_COMMANDS,
    PLACE_QUESTIONS,
    Action,
)
from domain.agreement import ACTIVITIES, CONTACTS, PERSONAL_DATA, Shown
from domain.errors import Sentence
from domain.organisation import OrganisationTree
from infra.tokens.principal import Principal, Role

WHOLE_COUNTRY: Final = "000000"


class Outcome(Enum):
    """What the edge answers: go on, 404, or 403."""

    ALLOWED = "allowed"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome, with a stable code and a sentence for the person where it is not allowed."""

    outcome: Outcome
    code: str
    sentence: Sentence

    @property
    def allowed(self) -> bool:
        """Whether to go on."""
        return self.outcome is Outcome.ALLOWED


ALLOWED: Final = Decision(Outcome.ALLOWED, "allowed", Sentence("可以进行。", "Go on."))
NOT_FOUND: Final = Decision(
    Outcome.NOT_FOUND, "not_found", Sentence("没有找到。", "There is nothing here by that name.")
)
ROLE_MAY_NOT: Final = Decision(
    Outcome.FORBIDDEN, "role_may_not", Sentence("您的角色不能进行此操作。", "Your role may not do this.")
)
NOT_YOUR_ORGANISATION: Final = Decision(
    Outcome.FORBIDDEN,
    "organisation_not_yours",
    Sentence("只能以本组织或下级组织的名义办理。", "You may act for your own organisation and those below it only."),
)
WHOLE_COUNTRY_ONLY: Final = Decision(
    Outcome.FORBIDDEN,
    "whole_country_only",
    Sentence(
        "此操作涉及全国，需要全国范围的权限。", "This touches every region and takes rights for the whole country."
    ),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about. Regions come resolved to their successors of the day, six digits or more.

    Of a member: `regions` that concern them (affiliation, every leg of the movement), `current_regions` of the current
    leg (declared until checked in), `organisations` (affiliation, responsible, holder, acceptors, parties of a
    transfer). Of a place asked for: `regions` and `organisations` asked for; of a national policy the region 000000.
    `acting` is the organisation that the body or the token names as the one who acts; `owner` the caller who made it.
    `records` are the ids of other records of the same person: a token of any of them is the member's. `shown_to` are
    the parties of agreements in force that may see this member, or those of this place, and what of them.
    """

    member_id: UUID | None = None
    regions: frozenset[str] = frozenset()
    current_regions: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    acting: str | None = None
    owner: str | None = None
    records: frozenset[UUID] = frozenset()
    shown_to: Shown = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a principal sees; the same for one member and for the rows of a list.

    A member is in reach if it is `member_id`; or a concerned region begins with `region` ("" is the whole country); or
    one of their organisations is at or below `organisation`; or the current leg's region begins with one of `here`.
    """

    member_id: UUID | None = None
    region: str | None = None
    organisation: str | None = None
    here: tuple[str, ...] = ()


_CONTACTS: Final = frozenset(
    {Action.PROMPT_CHECK_IN, Action.RECORD_CONTACT, Action.RECORD_FAILED_CONTACT, Action.RESTORE_CONTACT}
)
_WHEREABOUTS: Final = frozenset(
    {Action.CHECK_IN, Action.CHANGE_DESTINATION, Action.MOVE_ONWARD, Action.REPORT_RETURN, Action.RETURN}
)
_DESTINATION_SIDE: Final = frozenset(
    {Action.ROUTE, Action.ACCEPT, Action.DECLINE, Action.PLACE_IN_BRANCH, Action.ASSIGN_LIAISON, Action.WAIVE_CONTACT}
    | {Action.REQUEST_TRANSFER, Action.WITHDRAW_TRANSFER, Action.ACCEPT_TRANSFER, Action.REJECT_TRANSFER}
    | {Action.RETURN_RECEIPT, Action.ISSUE_ANNUAL_FEEDBACK}
    | {Action.CLAIM_POST, Action.RELEASE_POST, Action.RECORD_SERVICE, Action.PAY_DUES}
    | {Action.ISSUE_ACTIVITY_CARD, Action.INSPECT_ACTIVITY_CARD}
    | {Action.CORRECT_EVENT, Action.VOID_EVENT, Action.CONFIRM_FLAG}
)
_OWN_LIFE: Final = frozenset(
    {Action.REPORT_DEPARTURE, Action.CANCEL_DEPARTURE, Action.CHANGE_DESTINATION, Action.CHECK_IN, Action.REPORT_RETURN}
    | {Action.REQUEST_TRANSFER, Action.CLAIM_POST, Action.RELEASE_POST, Action.CHECK_IN_BY_CODE}
    | {Action.REQUEST_PERSONAL_DATA}
)
_OF_THE_DEPARTMENT: Final = frozenset(
    {Action.COMPLETE_PERSONAL_DATA_REQUEST, Action.REFUSE_PERSONAL_DATA_REQUEST, Action.ERASE_PERSONAL_DATA}
)
_LISTS: Final = frozenset(
    {Action.SEARCH_MEMBERS, Action.READ_ROSTER, Action.READ_LIFECYCLE, Action.READ_WORKLIST, Action.READ_FLOWS}
    | {Action.READ_MASKED_NAMES, Action.READ_LIAISONS, Action.READ_STATISTICS, Action.READ_VENUE}
)
_OF_AN_OFFICE: Final = frozenset(
    {Action.REGISTER_MEMBER, Action.CHECK_IN_BY_CODE, Action.IMPORT_REGISTER, Action.READ_IMPORT, Action.OPEN_VENUE}
    | {Action.ISSUE_VENUE_CODE, Action.REVOKE_VENUE_CODE, Action.OPEN_POST, Action.HOLD_ACTIVITY}
    | {Action.REASSIGN_LIAISON, Action.RECORD_ATTENDANCE, Action.READ_AGREEMENT}
)
_SUBSCRIBING: Final = frozenset({Action.READ_FEED, Action.CHANGE_SUBSCRIPTION, Action.READ_SUBSCRIPTION})
_RUNNING: Final = frozenset(
    {Action.IMPORT_REGISTER, Action.READ_IMPORT, Action.REGISTER_ORGANISATION, Action.DISSOLVE_ORGANISATION}
    | {Action.SET_POLICY, Action.REORGANISE_REGION, Action.SET_WORKDAYS, Action.SET_CODE_LIST, Action.READ_STATUS}
    | {Action.READ_LOG_ENTRIES, Action.READ_FLOWS, Action.READ_STATISTICS, Action.CHANGE_SUBSCRIPTION}
    | {Action.READ_SUBSCRIPTION, Action.READ_QUARANTINE, Action.READ_OPERATOR_ACTS, Action.REBUILD_READ_MODELS}
    | {Action.RETRY_PARKED, Action.SETTLE_QUARANTINE, Action.PUBLISH_AGAIN}
)

_OF_EVERYBODY: Final = MEMBER_QUESTIONS - {Action.READ_EVIDENCE}
"""What whoever has to do with a member may ask; evidence is made for auditors and by the department."""

MAY: Final[dict[Role, frozenset[Action]]] = {
    Role.MEMBER: _OWN_LIFE | _OF_EVERYBODY | OPEN_QUESTIONS,
    Role.LIAISON: _CONTACTS
    | _WHEREABOUTS
    | {Action.RECORD_SERVICE, Action.PAY_DUES, Action.CHECK_IN_BY_CODE}
    | (_OF_EVERYBODY - {Action.READ_READS, Action.READ_FEEDBACK})
    | _LISTS
    | OPEN_QUESTIONS,
    Role.BRANCH_SECRETARY: (MEMBER_COMMANDS - _OF_THE_DEPARTMENT)
    | _OF_EVERYBODY
    | _LISTS
    | _OF_AN_OFFICE
    | OPEN_QUESTIONS,
    Role.COMMUNITY_WORKER: _CONTACTS
    | _WHEREABOUTS
    | _DESTINATION_SIDE
    | _OF_EVERYBODY
    | _LISTS
    | _OF_AN_OFFICE
    | OPEN_QUESTIONS,
    Role.ORGANISATION_DEPARTMENT: MEMBER_COMMANDS
    | MEMBER_QUESTIONS
    | PLACE_COMMANDS
    | PLACE_QUESTIONS
    | OPEN_QUESTIONS,
    Role.AUDITOR: MEMBER_QUESTIONS
    | PLACE_QUESTIONS
    | OPEN_QUESTIONS
    | {Action.READ_LOG_ENTRIES, Action.READ_OPERATOR_ACTS},
    Role.SISTER_SYSTEM: _SUBSCRIBING | {Action.READ_ROSTER} | OPEN_QUESTIONS,
    Role.OPERATOR: _RUNNING | OPEN_QUESTIONS,
}
"""What each role ever does; where, is a question of reach. The operator reads nothing about a person."""

_SHOWN: Final[dict[Action, frozenset[str]]] = {
    Action.READ_MEMBER: frozenset(),
    Action.READ_HISTORY: frozenset({CONTACTS, ACTIVITIES}),
    Action.READ_PERSONAL_DATA: frozenset({PERSONAL_DATA}),
    Action.READ_ROSTER: frozenset(),
    Action.READ_LIFECYCLE: frozenset(),
}
"""What a partner must be shown by an agreement to ask a question; nothing else is open to a partner."""

_MUST_NAME: Final = (PLACE_COMMANDS - COUNTRYWIDE) | {Action.READ_FEED}
_REGIONAL: Final = frozenset({Role.ORGANISATION_DEPARTMENT, Role.AUDITOR, Role.SISTER_SYSTEM, Role.OPERATOR})


def decide(principal: Principal, action: Action, resource: Resource, tree: OrganisationTree) -> Decision:
    """Decide one action. `tree` are the organisations as known; nothing is read, nothing is remembered."""
    if action not in MAY[principal.role]:
        return ROLE_MAY_NOT
    far = reach(principal, tree)
    if action in COUNTRYWIDE and far.region != "":
        return WHOLE_COUNTRY_ONLY
    if action is Action.READ_IMPORT:
        return _about_import(principal, far, resource, tree)
    if action in MEMBER_COMMANDS or action in MEMBER_QUESTIONS:
        if not (concerns(far, resource, tree) or is_shown(far, action, resource, tree)):
            return NOT_FOUND
    elif action not in OPEN_QUESTIONS and not (
        _holds_at(principal, action, far, resource, tree) or is_shown(far, action, resource, tree)
    ):
        return NOT_FOUND
    if resource.acting is not None and not _acts_for(principal, far, resource.acting, tree):
        return NOT_YOUR_ORGANISATION
    return ALLOWED


def reach(principal: Principal, tree: OrganisationTree) -> Reach:
    """Tell how far a principal sees: what lists are narrowed to. A token that holds nowhere reaches nobody."""
    if principal.role is Role.MEMBER:
        return Reach(member_id=principal.member_id)
    if principal.role in _REGIONAL and principal.region is not None:
        return Reach(region=prefix(principal.region))
    here: tuple[str, ...] = ()
    home = tree.get(principal.organisation)
    if principal.role in {Role.COMMUNITY_WORKER, Role.ORGANISATION_DEPARTMENT}:
        # Stationed away, an organisation works where it is stationed, not where its home is.
        places = (home.stationed_in or home.region,) if home else (principal.region,)
        here = tuple(prefix(place) for place in places if place)
    elif principal.role is Role.BRANCH_SECRETARY and home is not None and home.stationed_in:
        here = (prefix(home.stationed_in),)
    return Reach(organisation=principal.organisation, here=here)


def concerns(far: Reach, resource: Resource, tree: OrganisationTree) -> bool:
    """Whether a member is in reach."""
    if resource.member_id is None:
        return False
    return (
        (far.member_id is not None and far.member_id in {resource.member_id, *resource.records})
        or (far.region is not None and any(code.startswith(far.region) for code in resource.regions))
        or _any_at_or_below(far.organisation, resource.organisations, tree)
        or any(code.startswith(place) for code in resource.current_regions for place in far.here)
    )


def is_shown(far: Reach, action: Action, resource: Resource, tree: OrganisationTree) -> bool:
    """Whether an agreement in force lets a partner ask this: whoever may act for a party that is shown enough."""
    needed = _SHOWN.get(action)
    if needed is None:
        return False
    parties = {party for party, _ in resource.shown_to if is_ours(far, party, tree)}
    return any(needed <= {what for one, what in resource.shown_to if one == party} for party in parties)


def prefix(region: str) -> str:
    """Return what the codes of a region and of all below it begin with: 620000 gives 62, 000000 nothing at all."""
    if region == WHOLE_COUNTRY:
        return ""
    if len(region) > 6:
        return region
    return region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region


def _holds_at(principal: Principal, action: Action, far: Reach, resource: Resource, tree: OrganisationTree) -> bool:
    """Whether every place asked for is in reach; nothing asked for means the own reach, which lists are narrowed to."""
    if principal.role is Role.MEMBER:
        return far.member_id is not None  # scans a code wherever it hangs
    if far.region is None and far.organisation is None and not far.here:
        return False
    if action in _MUST_NAME and not (resource.regions or resource.organisations or resource.acting):
        return False
    return all(_is_within(far, code) for code in resource.regions) and all(
        is_ours(far, code, tree) for code in resource.organisations
    )


def _about_import(principal: Principal, far: Reach, resource: Resource, tree: OrganisationTree) -> Decision:
    """Show a register that came back with its errors marked to who brought it, to the department and its auditor."""
    above = principal.role in {Role.ORGANISATION_DEPARTMENT, Role.AUDITOR}
    in_reach = bool(resource.organisations) and _holds_at(principal, Action.READ_IMPORT, far, resource, tree)
    return ALLOWED if resource.owner == principal.caller or (above and in_reach) else NOT_FOUND


def _acts_for(principal: Principal, far: Reach, acting: str, tree: OrganisationTree) -> bool:
    return principal.role is not Role.MEMBER and is_ours(far, acting, tree)


def _is_within(far: Reach, region: str) -> bool:
    places = far.here if far.region is None else (far.region,)
    return any(region.startswith(place) for place in places)


def is_ours(far: Reach, organisation: str, tree: OrganisationTree) -> bool:
    """Whether a principal may act for an organisation."""
    if far.region == "" or _any_at_or_below(far.organisation, frozenset({organisation}), tree):
        return True
    known = tree.get(organisation)
    if far.region is not None:
        places: tuple[str, ...] = (far.region,)
    else:  # a worker whose token names a region and no organisation works for those who sit there
        places = far.here if far.organisation is None else ()
    return known is not None and any(known.region.startswith(place) for place in places)


def _any_at_or_below(ancestor: str | None, organisations: frozenset[str], tree: OrganisationTree) -> bool:
    return ancestor is not None and any(tree.is_at_or_below(code, ancestor) for code in organisations)
