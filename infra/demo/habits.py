"""The proportions of a year: how often things happen to people away from home. Shares are of 1.

Chosen from what the seeds of the product tell of practice (found out afterwards: a third; contacts missed: one in six;
back for the Spring Festival), rounded; a test checks that the generator keeps them.
"""

from __future__ import annotations

from typing import Final

Weights = tuple[tuple[str, float], ...]

PLANNED: Final = 0.66
CANCELLED: Final = 0.03
TALK: Final[Weights] = (("held", 82), ("late", 7), ("waived", 4), ("missed", 7))
DEPARTURE: Final[Weights] = (("same_day", 58), ("late", 31), ("by_check_in", 7), ("never", 4))
DEPARTURE_BY_MONTH: Final = 0.3
MONTH_MADE_PRECISE: Final = 0.15
CHECKED_IN_BEFORE_KNOWN: Final = 0.12
LIAISON: Final = 0.6
UNKNOWN_FOUND_OUT: Final = 0.55
DESTINATION_CHANGED: Final = 0.03
PROMPTED: Final = 0.88
PROMPTED_IN_TIME: Final = 0.9
ARRIVAL: Final[Weights] = (("soon", 84), ("late", 9), ("never", 7))
ELSEWHERE: Final = 0.05
CHANNEL: Final[Weights] = (("CODE", 54), ("WORKER", 28), ("MEMBER", 18))
SYNCED_LATER: Final = 0.08
ANSWER: Final[Weights] = (("accepted", 88), ("slow", 4), ("declined", 4), ("nothing", 2.5), ("fallback", 1.5))
AFTER_A_DECLINE: Final[Weights] = (("again", 78), ("nothing", 15), ("ping_pong", 7))
ROUTED: Final = 0.15
ACCEPTOR: Final[Weights] = (("branch", 22), ("general", 53), ("committee", 25))
PLACED: Final = 0.86
PLACEMENT: Final[Weights] = (("WORKPLACE", 36), ("RESIDENCE", 39), ("INDUSTRY", 12), ("HOMETOWN", 8), ("FALLBACK", 5))
PREFERENCE_TOLD: Final = 0.6
PREFERENCE_HONOURED: Final = 0.85
CONTESTED_WHEN_ELSEWHERE: Final = 0.16
CLAIM_DECIDED: Final = 0.6
CONTACT: Final[Weights] = (("made", 84), ("tried_first", 5), ("missed", 9), ("waived", 2))
CONTACT_BY_DESTINATION: Final[Weights] = (("made", 52), ("tried_first", 3), ("missed", 45))
CONTACT_RECORDED_LATE: Final = 0.12
SILENT: Final = 0.04
REVIEW: Final[Weights] = (("declared", 55), ("kept", 15), ("open", 30))
FOUND_AGAIN: Final = 0.6
MOVED_ONWARD: Final = 0.08
"""Of those settled long enough; 3 to 5 in a hundred of all."""
TRANSFERS: Final = 0.1
"""Of those who have arrived somewhere; they mean to stay."""
TRANSFER_ASKED_BY: Final[Weights] = (("member", 55), ("origin", 25), ("host", 20))
TRANSFER_ANSWER: Final[Weights] = (("accepted", 86), ("rejected", 6), ("withdrawn", 3), ("nothing", 5))
TRANSFER_ACCEPTED_LATE: Final = 0.08
RECEIPT_RETURNED: Final = 0.8
CARD: Final = 0.3
CARD_INSPECTED: Final = 0.75
DUES: Final = 0.4
FEEDBACK: Final = 0.8
"""Of those who have been somewhere for a quarter of a year by its end."""
FEEDBACK_ACKNOWLEDGED: Final = 0.85
DIES: Final = 0.004
SUSPENDED: Final = 0.006
RESTORED: Final = 0.5
RETURNS: Final = 0.36
"""Of absences, within the year."""
RETURN: Final[Weights] = (("reported", 52), ("noted", 34), ("silent", 14))
RETURN_ANNOUNCED: Final = 0.06
"""Of those who stay to the end of the year."""
RETURN_DATE_WRONG: Final = 0.04
EDUCATION: Final[Weights] = (("held", 74), ("waived", 8), ("late", 8), ("missed", 10))
LEAVES_AGAIN: Final = 0.45
NAMESAKE: Final = 0.012
CHECK_IN_TIME_WRONG: Final = 0.012
AFTER_RETURN_CONFIRMED: Final = 0.4
RECORDED_IN_ERROR: Final = 0.004
NOTE: Final = 0.04
SERVES: Final = 0.3
"""Of those settled somewhere."""
SERVES_IN_A_MONTH: Final = 0.3
ATTENDS: Final = 0.6
"""Of those who are with a branch, a theme day."""
ASKS_ABOUT_DATA: Final = 0.006
DATA_REQUEST_ANSWERED: Final = 0.7

SERVICE_KIND: Final[Weights] = (
    ("COMMUNITY", 42),
    ("CARE", 18),
    ("ENVIRONMENT", 16),
    ("SAFETY", 8),
    ("EDUCATION", 6),
    ("EXPERTISE", 5),
    ("EMERGENCY", 3),
    ("OTHER", 2),
)
REASON: Final[Weights] = (
    ("WORK", 56),
    ("BUSINESS", 15),
    ("STUDY", 9),
    ("FAMILY", 8),
    ("CARE", 6),
    ("JOB_SEARCH", 4),
    ("OTHER", 2),
)
CONTACT_CHANNEL: Final[Weights] = (("PHONE", 52), ("MESSAGE", 30), ("VIDEO", 10), ("VISIT", 3), ("ACTIVITY", 5))
FAILED_REASON: Final[Weights] = (("NO_ANSWER", 66), ("OUT_OF_SERVICE", 22), ("WRONG_PERSON", 8), ("REFUSED", 4))
DECLINE_REASON: Final[Weights] = (
    ("NOT_HERE", 34),
    ("WRONG_PLACE", 26),
    ("STAY_TOO_SHORT", 24),
    ("IDENTITY_NOT_CONFIRMED", 16),
)
TRANSFER_REJECTED_FOR: Final[Weights] = (
    ("MATERIALS_INCOMPLETE", 40),
    ("LETTER_INVALID", 20),
    ("NOT_LIVING_OR_WORKING_HERE", 20),
    ("WRONG_ADDRESSEE", 15),
    ("IDENTITY_MISMATCH", 5),
)
WAIVER: Final[Weights] = (("HELD_ELSEWHERE", 40), ("ILLNESS", 25), ("SHORT_STAY", 35))

DEPARTURES_BY_MONTH: Final = (4, 16, 15, 9, 7, 6, 7, 8, 9, 8, 6, 5)
"""January to December: after the Spring Festival, and when schools begin."""
RETURNS_BY_MONTH: Final = (22, 15, 4, 5, 6, 6, 8, 6, 6, 8, 6, 8)
"""January to December: for the Spring Festival, and for the harvest."""
