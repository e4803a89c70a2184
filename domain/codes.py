"""Code lists: the values a field may take, named in the field's standard terms."""

from __future__ import annotations

from typing import Final

CATEGORIES: Final = ("FULL", "PROBATIONARY")
ORGANISATION_KINDS: Final = ("COMMITTEE", "GENERAL_BRANCH", "BRANCH")
DEPARTURE_REASONS: Final = ("WORK", "BUSINESS", "STUDY", "FAMILY", "CARE", "JOB_SEARCH", "OTHER")
CHECK_IN_CHANNELS: Final = ("CODE", "WORKER", "MEMBER", "SYSTEM")
DECLINE_REASONS: Final = (
    "NOT_HERE",
    "WRONG_PLACE",
    "STAY_TOO_SHORT",
    "ALREADY_ACCEPTED",
    "IDENTITY_NOT_CONFIRMED",
)
PLACEMENT_KINDS: Final = ("WORKPLACE", "RESIDENCE", "INDUSTRY", "HOMETOWN", "FALLBACK")
CONTACT_CHANNELS: Final = ("PHONE", "MESSAGE", "VIDEO", "VISIT", "ACTIVITY")
FAILED_CONTACT_REASONS: Final = ("NO_ANSWER", "OUT_OF_SERVICE", "WRONG_PERSON", "REFUSED")
FIVE_POINTS: Final = ("BASICS", "SINCE_WHEN", "WHERE", "WORK", "WELLBEING")
WAIVER_REASONS: Final = ("FOUND_OUT_LATER", "HELD_ELSEWHERE", "ILLNESS", "SHORT_STAY")
CLOSING_REASONS: Final = ("STAYED_AWAY_TRANSFERRED", "DECEASED", "MEMBERSHIP_ENDED", "RECORDED_IN_ERROR")
TRANSFER_KINDS: Final = ("FORMAL", "TEMPORARY")
TRANSFER_REJECTION_REASONS: Final = (
    "LETTER_INVALID",
    "LETTER_EXPIRED",
    "MATERIALS_INCOMPLETE",
    "IDENTITY_MISMATCH",
    "NOT_LIVING_OR_WORKING_HERE",
    "WRONG_ADDRESSEE",
)
CANCEL_REASONS: Final = (*DEPARTURE_REASONS, "PLANS_CHANGED", "RECORDED_IN_ERROR")
SERVICE_KINDS: Final = ("COMMUNITY", "CARE", "EDUCATION", "ENVIRONMENT", "SAFETY", "EMERGENCY", "EXPERTISE", "OTHER")
ACTIVITY_KINDS: Final = (
    "MEMBERS_MEETING",
    "COMMITTEE_MEETING",
    "GROUP_MEETING",
    "LECTURE",
    "THEME_DAY",
    "ORGANISATIONAL_LIFE_MEETING",
    "STUDY",
    "SERVICE",
    "OTHER",
)
PERSONAL_DATA_REQUESTS: Final = ("ACCESS", "CORRECTION", "ERASURE")
REORGANISATION_KINDS: Final = ("RENAMED", "MERGED", "SPLIT")

TRANSFER_STATUSES: Final = (
    "requested",
    "approved",
    "letter_issued",
    "accepted",
    "receipt_returned",
    "rejected",
    "withdrawn",
    "expired",
)
STAGES: Final = ("reported", "awaiting_check_in", "checked_in", "settled", "returned", "closed")
VIEWS: Final = ("pre_departure", "in_transit", "return")
SIDES: Final = ("outflow", "inflow", "affiliated")
SCOPES: Final = ("IN_CITY", "IN_PROVINCE", "ACROSS_PROVINCES")
DUTY_KINDS: Final = (
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
)
