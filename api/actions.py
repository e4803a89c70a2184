"""Everything a caller may ask the service to do, by name; a command's action is its verb with underscores."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Final


class Action(StrEnum):
    """One action a command or question; a path may serve several (personal data is an action of its own)."""

    # A movement, from report to closure.
    REPORT_DEPARTURE = auto()
    HOLD_PRE_DEPARTURE_TALK = auto()
    WAIVE_PRE_DEPARTURE_TALK = auto()
    DEPART = auto()
    CANCEL_DEPARTURE = auto()
    CHANGE_DESTINATION = auto()
    PROMPT_CHECK_IN = auto()
    CHECK_IN = auto()
    ROUTE = auto()
    ACCEPT = auto()
    DECLINE = auto()
    DECIDE_CLAIM = auto()
    PLACE_IN_BRANCH = auto()
    MOVE_ONWARD = auto()
    ASSIGN_LIAISON = auto()
    RECORD_CONTACT = auto()
    RECORD_FAILED_CONTACT = auto()
    WAIVE_CONTACT = auto()
    DECLARE_LOST_CONTACT = auto()
    RESTORE_CONTACT = auto()
    KEEP_IN_CONTACT_LIST = auto()
    REPORT_RETURN = auto()
    RETURN = auto()
    HOLD_RETURN_EDUCATION = auto()
    WAIVE_RETURN_EDUCATION = auto()
    CLOSE_MOVEMENT = auto()
    # A transfer of the relationship.
    REQUEST_TRANSFER = auto()
    APPROVE_TRANSFER = auto()
    ISSUE_TRANSFER_LETTER = auto()
    ACCEPT_TRANSFER = auto()
    REJECT_TRANSFER = auto()
    WITHDRAW_TRANSFER = auto()
    REISSUE_TRANSFER_LETTER = auto()
    RETURN_RECEIPT = auto()
    # Service and organisational life.
    CLAIM_POST = auto()
    RELEASE_POST = auto()
    RECORD_SERVICE = auto()
    PAY_DUES = auto()
    ISSUE_ACTIVITY_CARD = auto()
    INSPECT_ACTIVITY_CARD = auto()
    ISSUE_ANNUAL_FEEDBACK = auto()
    ACKNOWLEDGE_FEEDBACK = auto()
    # Membership, and the record itself.
    CONFIRM_AS_FULL = auto()
    SUSPEND_MEMBERSHIP = auto()
    RESTORE_MEMBERSHIP = auto()
    END_MEMBERSHIP = auto()
    RECORD_DEATH = auto()
    ASSIGN_REGION = auto()
    CORRECT_EVENT = auto()
    VOID_EVENT = auto()
    CONFIRM_FLAG = auto()
    PROPOSE_MERGE = auto()
    CONFIRM_MERGE = auto()
    UNDO_MERGE = auto()
    REQUEST_PERSONAL_DATA = auto()
    COMPLETE_PERSONAL_DATA_REQUEST = auto()
    REFUSE_PERSONAL_DATA_REQUEST = auto()
    ERASE_PERSONAL_DATA = auto()
    # Questions about one member.
    READ_MEMBER = auto()
    READ_HISTORY = auto()
    READ_READS = auto()
    READ_SERVICE_RECORD = auto()
    READ_FEEDBACK = auto()
    READ_EVIDENCE = auto()
    READ_PERSONAL_DATA = auto()
    # Commands of an organisation or a region.
    REGISTER_MEMBER = auto()
    CHECK_IN_BY_CODE = auto()
    IMPORT_REGISTER = auto()
    REGISTER_ORGANISATION = auto()
    DISSOLVE_ORGANISATION = auto()
    SIGN_AGREEMENT = auto()
    END_AGREEMENT = auto()
    OPEN_VENUE = auto()
    ISSUE_VENUE_CODE = auto()
    REVOKE_VENUE_CODE = auto()
    OPEN_POST = auto()
    HOLD_ACTIVITY = auto()
    RECORD_ATTENDANCE = auto()
    SET_POLICY = auto()
    REORGANISE_REGION = auto()
    SET_WORKDAYS = auto()
    SET_CODE_LIST = auto()
    REASSIGN_LIAISON = auto()
    CHANGE_SUBSCRIPTION = auto()
    # Questions about an organisation or a region.
    SEARCH_MEMBERS = auto()
    READ_MASKED_NAMES = auto()
    READ_ROSTER = auto()
    READ_LIFECYCLE = auto()
    READ_WORKLIST = auto()
    READ_LIAISONS = auto()
    READ_FLOWS = auto()
    READ_STATISTICS = auto()
    READ_IMPORT = auto()
    READ_AGREEMENT = auto()
    READ_VENUE = auto()
    READ_SUBSCRIPTION = auto()
    READ_EXPORTS = auto()
    READ_ALL_READS = auto()
    READ_FEED = auto()
    # Questions of the whole deployment.
    READ_LOG_ENTRIES = auto()
    READ_STATUS = auto()
    READ_QUARANTINE = auto()
    READ_OPERATOR_ACTS = auto()
    # What an operator does to a running deployment.
    REBUILD_READ_MODELS = auto()
    RETRY_PARKED = auto()
    SETTLE_QUARANTINE = auto()
    PUBLISH_AGAIN = auto()
    # Questions whose answer is no secret to anybody who may ask at all.
    READ_ORGANISATIONS = auto()
    READ_REGION = auto()
    READ_POST = auto()
    READ_POLICY = auto()


_IN_ORDER: Final = tuple(Action)


def _from_to(first: Action, last: Action) -> frozenset[Action]:
    return frozenset(_IN_ORDER[_IN_ORDER.index(first) : _IN_ORDER.index(last) + 1])


MEMBER_COMMANDS: Final = _from_to(Action.REPORT_DEPARTURE, Action.ERASE_PERSONAL_DATA)
MEMBER_QUESTIONS: Final = _from_to(Action.READ_MEMBER, Action.READ_PERSONAL_DATA)
PLACE_COMMANDS: Final = _from_to(Action.REGISTER_MEMBER, Action.CHANGE_SUBSCRIPTION)
PLACE_QUESTIONS: Final = _from_to(Action.SEARCH_MEMBERS, Action.READ_FEED)
OPEN_QUESTIONS: Final = _from_to(Action.READ_ORGANISATIONS, Action.READ_POLICY)
OF_THE_DEPLOYMENT: Final = _from_to(Action.READ_LOG_ENTRIES, Action.PUBLISH_AGAIN)
COUNTRYWIDE: Final = frozenset({Action.SET_WORKDAYS, Action.SET_CODE_LIST}) | OF_THE_DEPLOYMENT
"""What touches every region at once, and so takes a token for the whole country."""
