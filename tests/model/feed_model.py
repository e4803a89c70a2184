"""INTERFACE.md's "Region feed" told naively: of each event, from the events alone, which regions it concerns.

Nothing here imports the domain's rules or what decides about concerns; a fact comes in as a plain dictionary
(`telling`), with the day on which it was recorded, and the member is replayed by `member_model` as known before it and
after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.model import member_model as model
from tests.model import transfer_model
from tests.model.offices import line_above, sits_in
from tests.model.world import ORGANISATIONS

Row = dict[str, Any]
ABOUT = ("event_corrected", "event_voided", "flag_confirmed")
CONTACTS = ("contact_made", "contact_attempt_failed", "contact_waived")
ACTIVITIES = ("post_claimed", "post_released", "service_recorded", "attendance_recorded", "dues_paid")
FEEDBACK = ("annual_feedback_issued", "feedback_acknowledged")
OF_THE_MEMBERSHIP = (
    "member_registered", "liaison_assigned", "confirmed_as_full", "membership_suspended", "membership_restored",
    "membership_ended", "member_deceased",
)  # fmt: skip
FAR = 1 << 61


class Terms(NamedTuple):
    """An agreement in force: whose members it shows, to whom, and what (CONTACTS or ACTIVITIES)."""

    owner: str
    partner: str
    what: tuple[str, ...]


def concerned(rows: list[Row], terms: dict[str, Terms | None]) -> dict[str, set[str]]:
    """Return by event which regions it concerns; `terms` are those in force when it was recorded."""
    told: dict[str, set[str]] = {}
    for count, row in enumerate(rows, 1):
        told[row["id"]] = _Telling(rows[:count], terms[row["id"]], told).regions()
    return told


class _Telling:
    """One event, told when it is the last one known."""

    def __init__(self, rows: list[Row], terms: Terms | None, told: dict[str, set[str]]) -> None:
        self.row, self.terms, self.told = rows[-1], terms, told
        self.by_id = {row["id"]: row for row in rows}
        self.rows = rows
        self.root = self.about(self.row)
        self.before, self.after = model.replay(rows[:-1], FAR), model.replay(rows, FAR)

    def about(self, row: Row) -> Row:
        return self.about(self.by_id[row["data"]["event_id"]]) if row["type"] in ABOUT else row

    def regions(self) -> set[str]:
        today = [trace[-1]["after"] if trace else model.blank() for trace in (self.before, self.after)]
        then = self.own_moments()
        found = {region for s, subject in then for region in self.hears(s, subject)}
        subject = self.subject()
        if self.concerns_today(today, [s for s, _ in then]):
            found |= {region for s in today for region in self.hears(s, subject)}
        else:
            found |= {region for s in today for region in home(s)}
        if self.row["type"] in ABOUT:  # who was sent the original, or anything about it, gets this too
            for other in self.rows[:-1]:
                if self.about(other) is self.root:
                    found |= self.told[other["id"]]
        return found

    def own_moments(self) -> list[tuple[Row, Row]]:
        """How it stood right before and right after what the event is about: as known before it, and with it."""
        found = []
        for trace in (self.before, self.after):
            entry = next((one for one in trace if one["id"] == self.root["id"]), None)
            if entry is not None:
                found += [(entry["before"], entry), (entry["after"], entry)]
            elif self.row["type"] in ABOUT:
                when, slot = self.place()
                earlier = [one for one in trace if (one["when"], one["slot"]) <= (when, slot)]
                found.append((earlier[-1]["after"] if earlier else model.blank(), self.subject()))
        return found

    def place(self) -> tuple[int, int]:
        row = next(one for one in model.counting([self.root]) if one["id"] == self.root["id"])
        return row["when"], row["slot"]

    def subject(self) -> Row:
        """What it is about, as known before it."""
        entry = next((one for one in self.before if one["id"] == self.root["id"]), None)
        return entry or self.root

    def concerns_today(self, today: list[Row], then: list[Row]) -> bool:
        comes_last = self.row["type"] not in ABOUT and self.after[-1]["id"] == self.row["id"]
        if comes_last or self.root["type"] in OF_THE_MEMBERSHIP:
            return True
        if stands(today[0]) != stands(today[1]):
            return True
        with_transfer = self.root["type"] in transfer_model.FACTS
        now_under_way = [under_way(s, with_transfer) for s in today]
        return any(under_way(s, with_transfer) in now_under_way for s in then)

    def hears(self, s: Row, subject: Row) -> set[str]:
        """Who hears of such an event, as the member stands."""
        kind = subject["type"]
        if kind in CONTACTS + ACTIVITIES:
            return home(s) | self.shown(s, subject)
        if kind in FEEDBACK:
            issued = [one for one in s["feedback"] if one["year"] == subject["data"]["year"]]
            offices = {code for one in issued for code in (one["org"], *one["hosts"])}
            offices |= {subject["organisation"]} if kind == "annual_feedback_issued" else set()
            return home(s) | {ORGANISATIONS[code][3] or ORGANISATIONS[code][1] for code in offices if code}
        both_sides = set()
        if kind in transfer_model.FACTS and s["transfer"]:
            both_sides = {ORGANISATIONS[s["transfer"][side]][1] for side in ("from", "to")}
        return home(s) | places(s) | both_sides

    def shown(self, s: Row, subject: Row) -> set[str]:
        found: set[str] = set()
        if not places_known(s):
            return found
        here = model.leg(s)
        if model.side(s, subject["organisation"]) == "destination":
            found |= {code for code in (here["region"] or here["declared"],) if code}
        what = "CONTACTS" if subject["type"] in CONTACTS else "ACTIVITIES"
        if self.terms and what in self.terms.what and self.terms.owner in (s["affiliation"], *line(s["affiliation"])):
            found.add(ORGANISATIONS[self.terms.partner][1])
            found |= {place for place in places(s) if sits_in(self.terms.partner, place)}
        return found


def stands(s: Row) -> tuple[Any, ...]:
    """What an event says of the member: where, with whom, how far."""
    movement = s["movement"]
    where = movement and (
        movement["id"], movement["stage"], model_view(movement), movement["origin"], movement["departed"],
        len(movement["legs"]), *(movement["legs"][-1][name] for name in ("declared", "region", "accepted_by")),
    )  # fmt: skip
    return s["affiliation"], model.responsible(s), s["lost"], where


def line(code: str | None) -> list[str]:
    return line_above(code) if code else []


def home(s: Row) -> set[str]:
    return {ORGANISATIONS[s["affiliation"]][1]} if s["affiliation"] else set()


def places_known(s: Row) -> bool:
    return s["movement"] is not None and s["movement"]["stage"] != "closed"


def places(s: Row) -> set[str]:
    """Where a movement that is not over has a leg, declared or checked in."""
    if not places_known(s):
        return set()
    return {code for one in s["movement"]["legs"] for code in (one["declared"], one["region"]) if code}


def under_way(s: Row, with_transfer: bool) -> tuple[Any, Any]:
    movement = s["movement"]["id"] if places_known(s) else None
    return movement, s["transfer"]["asked"]["id"] if with_transfer and s["transfer"] else None


def model_view(movement: Row) -> bool:
    return bool(movement.get("returning"))
