"""Decisions about a membership, told naively beside `member_model`: suspended, restored, ended, death."""

from __future__ import annotations

import datetime as dt
from typing import Any

Row = dict[str, Any]
ABOUT_THE_RECORD = ("member_registered", "personal_data_updated", "event_corrected", "event_voided", "flag_confirmed")
DECISIONS = ("membership_suspended", "membership_restored", "membership_ended", "member_deceased")
YEARS = 2


def blank() -> Row:
    return {"membership": "active", "review": None}


def refusal(s: Row, row: Row) -> str | None:
    """Return why a fact was impossible because of how the membership stood; None when it was not."""
    kind, now = row["type"], s["membership"]
    if now == "ended":
        return None if kind in ABOUT_THE_RECORD else "membership_over"
    if kind not in DECISIONS:
        return None
    if kind == "membership_restored":
        return None if now == "suspended" else "not_suspended"
    if s["affiliation"] is None:
        return "not_yet_affiliated"
    return "already_suspended" if kind == "membership_suspended" and now == "suspended" else None


def happen(s: Row, row: Row, day: dt.date) -> None:
    kind = row["type"]
    if kind == "membership_suspended":
        leap = (day.month, day.day) == (2, 29)
        s.update(membership="suspended", review=day.replace(year=day.year + YEARS, day=28 if leap else day.day))
    elif kind == "membership_restored":
        s.update(membership="active", review=None)
    elif kind in ("membership_ended", "member_deceased"):
        s.update(membership="ended", review=None, lost=False)
        if s["movement"] and s["movement"]["stage"] != "closed":
            reason = "DECEASED" if kind == "member_deceased" else "MEMBERSHIP_ENDED"
            s["movement"].update(stage="closed", closed_reason=reason, claims=[])
