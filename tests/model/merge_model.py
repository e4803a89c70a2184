"""DOMAIN.md's "Same person, recorded twice" told naively: whose a fact is, by asking of each fact by itself.

Rows are plain dictionaries as `telling` makes them, with the `stream` that they stand on; nothing of the domain's
merging is imported. Only one merge of two records is told here, with its undoing.
"""

from __future__ import annotations

from typing import Any

from tests.model import member_model as model
from tests.model import transfer_model

Row = dict[str, Any]
ABOUT = ("event_corrected", "event_voided", "flag_confirmed")
OF_A_MOVEMENT = (
    "departure_reported", "destination_changed", "pre_departure_talk_held", "pre_departure_talk_waived",
    "departure_cancelled", "departed", "check_in_prompted", "moved_onward", "checked_in", "case_routed", "declined",
    "accepted", "acceptance_contested", "claim_decided", "placed_in_branch", "region_assigned", "contact_waived",
    "kept_in_contact_list", "lost_contact_declared", "return_reported", "returned", "return_education_held",
    "return_education_waived", "movement_closed",
)  # fmt: skip
"""The fact of a movement, as DOMAIN.md lists them: a contact is made whichever movement it is."""
TRANSFERRING = transfer_model.FACTS


class Told:
    """Everything that is known at a position, of both records."""

    def __init__(self, rows: list[Row], kept: str, known: int) -> None:
        self.rows = [row for row in rows if row["position"] <= known]
        self.kept = kept
        self.by_id = {row["id"]: row for row in self.rows}
        merged = [row for row in self.rows if row["type"] == "records_merged"]
        undone = [row for row in self.rows if row["type"] == "records_unmerged"]
        self.merged_at = {row["stream"]: row["position"] for row in merged}
        self.undone_at = {row["stream"]: row["position"] for row in undone}
        self.aside = set(merged[0]["data"].get("set_aside", ())) if merged else set()
        self.whose = undone[0]["data"].get("whose", {}) if undone else {}

    def owner(self, row: Row, asking: str) -> str:
        """Whose a fact is, as the one who asks has heard."""
        merged, undone = self.merged_at.get(asking), self.undone_at.get(asking)
        if merged is None or row["type"].startswith("records_"):
            return str(row["stream"])
        if undone is None:
            return self.kept
        if row["stream"] == self.kept and merged < row["position"] < undone:
            if row["type"] in ABOUT:
                return self.owner(self.by_id[row["data"]["event_id"]], asking)
            other = next(stream for stream in self.merged_at if stream != self.kept)
            return other if self.whose.get(row["id"]) == "ABSORBED" else self.kept
        return str(row["stream"])

    def rows_of(self, who: str) -> list[Row]:
        """Return what counts for one of the two."""
        if who in self.merged_at and who not in self.undone_at and who != self.kept:
            return []
        stands = who in self.merged_at and who not in self.undone_at
        aside = self.aside if stands else set()
        own = [row for row in self.rows if self.owner(row, who) == who and not row["type"].startswith("records_")]
        return [{**row, "type": "event_voided", "data": {"event_id": ""}} if row["id"] in aside else row for row in own]


def set_aside(kept: list[Row], other: list[Row], until: int, *, movement: str | None, affiliation: str) -> set[str]:
    """Return what cannot stand beside the movement and the affiliation that were chosen."""
    states = [model.state_at(rows, until) for rows in (kept, other)]
    found: set[str] = set()
    for rows, s in zip((kept, other), states, strict=True):
        current = s["movement"]
        if movement is not None and current["id"] != movement:
            trace = model.replay(rows, until)
            ids = [(one["after"]["movement"] or {}).get("id") for one in trace]
            began = ids.index(current["id"])
            found |= {one["id"] for one in trace[began:] if one["type"] in OF_A_MOVEMENT}
    chosen = [rows for rows, s in zip((kept, other), states, strict=True) if s["affiliation"] == affiliation]
    first = min(chosen, key=lambda rows: place(registration(rows)))
    second = other if first is kept else kept
    homes = [row for row in model.counting(second) if row["type"] in ("member_registered", *TRANSFERRING)]
    gone = {row["id"] for row in homes if place(row) > place(registration(first))}
    s, t = (states[0], states[1]) if first is kept else (states[1], states[0])
    asked = waiting(homes, t)
    if len(chosen) == 1 or under_way(s):
        return found | gone | asked
    return found | (gone - asked)


def under_way(s: dict[str, Any]) -> bool:
    """Whether somebody still owes a step of a transfer."""
    return bool(s["transfer"]) and s["transfer"]["status"] in (*transfer_model.PENDING, "accepted") and alive(s)


def waiting(homes: list[Row], s: dict[str, Any]) -> set[str]:
    """Return the rows of a transfer that nobody has answered: all since it was asked for."""
    if not alive(s) or not s["transfer"] or s["transfer"]["status"] not in transfer_model.PENDING:
        return set()
    return {row["id"] for row in homes if place(row) >= place(s["transfer"]["asked"])}


def alive(s: dict[str, Any]) -> bool:
    return str(s["membership"]) != "ended"


def place(row: Row) -> tuple[int, int, int]:
    return (row["when"], row["slot"], row["position"])


def registration(rows: list[Row]) -> Row:
    return next(row for row in model.counting(rows) if row["type"] == "member_registered")
