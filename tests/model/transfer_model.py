"""Transfers told naively: what each fact needs, what it changes, and what is owed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.model.moments import day_of, months_on
from tests.model.offices import related, under
from tests.model.world import ORGANISATIONS

Row = dict[str, Any]
FACTS = (
    "transfer_requested", "transfer_out_approved", "transfer_letter_issued", "transfer_letter_reissued",
    "transfer_accepted", "transfer_rejected", "transfer_withdrawn", "receipt_returned",
)  # fmt: skip
PENDING = ("requested", "approved", "letter")


def refusal(s: Row, row: Row) -> str | None:  # noqa: C901, PLR0911 - one long list of cases is the point
    """Return why a step of a transfer was impossible."""
    kind, org, one = row["type"], row["organisation"], s["transfer"]
    if kind == "transfer_requested":
        return _request(s, row)
    if kind == "receipt_returned":
        if not one or one["status"] != "accepted":
            return "no_receipt_owed"
        return None if _speaks(org, one["to"]) else "not_your_transfer"
    status = one["status"] if one else None
    if kind in ("transfer_letter_reissued", "transfer_accepted"):
        if status != "letter":
            return "no_letter"
        return _reissue(s, row) if kind == "transfer_letter_reissued" else _accept(one, row)
    if status not in PENDING:
        return "no_open_transfer"
    if kind == "transfer_out_approved" and status != "requested":
        return "already_approved"
    if kind == "transfer_letter_issued" and status != "approved":
        return "not_approved" if status == "requested" else "letter_issued_already"
    sides: list[str | None] = [one["from"], s["affiliation"]]
    if kind == "transfer_withdrawn" or (kind == "transfer_rejected" and status != "letter"):
        sides.append(one["to"])
    elif kind == "transfer_rejected":
        sides = [one["to"]]
    return None if any(_speaks(org, side) for side in sides) else "not_your_transfer"


def _speaks(org: str | None, side: str | None) -> bool:
    return org is None or related(org, side)


def _request(s: Row, row: Row) -> str | None:
    one, to = s["transfer"], row["data"]["to_organisation"]
    if s["affiliation"] is None:
        return "not_yet_affiliated"
    if one and one["status"] in PENDING and not (one["status"] == "letter" and day_of(row["when"]) > one["until"]):
        return "transfer_open"
    if one and one["status"] == "accepted":
        return "receipt_owed"
    if to == s["affiliation"]:
        return "already_affiliated"
    if not any(_speaks(row["organisation"], side) for side in (s["affiliation"], to)):
        return "not_your_transfer"
    ends = row["data"].get("until")
    return "temporary_too_long" if ends and dt.date.fromisoformat(ends) > months_on(day_of(row["when"]), 6) else None


def _reissue(s: Row, row: Row) -> str | None:
    one = s["transfer"]
    if row["data"]["letter_number"] in one["numbers"]:
        return "letter_number_used"
    mine = any(_speaks(row["organisation"], side) for side in (one["from"], s["affiliation"]))
    return None if mine else "not_your_transfer"


def _accept(one: Row, row: Row) -> str | None:
    number, branch = row["data"].get("letter_number"), row["data"].get("branch")
    if not _speaks(row["organisation"], one["to"]):
        return "not_addressed_here"
    if number and number != one["numbers"][-1]:
        return "letter_void"
    if day_of(row["when"]) > one["until"]:
        return "letter_expired"
    return "not_below_the_addressee" if branch and not under(branch, one["to"]) else None


def happen(s: Row, row: Row) -> None:
    """Let one fact of a transfer happen."""
    kind, data, one = row["type"], row["data"], s["transfer"]
    if kind == "transfer_requested":
        s["transfer"] = {
            "status": "requested", "from": s["affiliation"], "to": data["to_organisation"], "numbers": [],
            "until": None, "letter_when": None, "accepted_when": None, "receipt_due": None,
            "temporary": data.get("kind") == "TEMPORARY", "asked": row,
        }  # fmt: skip
    elif kind == "transfer_out_approved":
        one["status"] = "approved"
    elif kind in ("transfer_letter_issued", "transfer_letter_reissued"):
        issued = day_of(row["when"])
        near = ORGANISATIONS[one["from"]][1][:2] == ORGANISATIONS[one["to"]][1][:2]
        days = dt.timedelta(days=data.get("valid_days") or (30 if near else 90))
        one.update(status="letter", until=min(issued + days, months_on(issued, 3)), letter_when=row["when"])
        one["numbers"] = [*one["numbers"], data["letter_number"]]
    elif kind == "transfer_accepted":
        one.update(
            status="accepted", accepted_when=row["when"], receipt_due=months_on(day_of(row["when"]), 1)
        )  # fmt: skip
        if not one["temporary"]:
            move_home(s, row, data.get("branch") or one["to"])
    else:
        ends = {"transfer_rejected": "rejected", "transfer_withdrawn": "withdrawn"}
        one["status"] = ends.get(kind, "receipt_returned")


def move_home(s: Row, row: Row, org: str) -> None:
    """The formal home is elsewhere now; whoever lives there already is away no more."""
    s["affiliation"] = org
    if s["movement"] and s["movement"]["stage"] != "closed":
        s["movement"]["home_moved"] = True
        end_where_home_is(s, row)


def end_where_home_is(s: Row, row: Row) -> None:
    """Whoever is where the home has moved to is away no more."""
    movement = s["movement"]
    if movement.get("home_moved") and movement["stage"] in ("checked_in", "settled"):
        _, home, _, stationed = ORGANISATIONS[s["affiliation"]]
        if movement["legs"][-1]["region"] in (home, stationed):
            movement.update(stage="closed", closed_reason="TRANSFERRED", claims=[])
            if s["lost"]:
                s.update(lost=False, found_on=day_of(row["when"]))


def owed(s: Row) -> list[tuple[str, str, int, dt.date]]:
    """Return what is owed for a transfer: kind, by whom, since when, due when."""
    one = s["transfer"] if s["membership"] != "ended" else None
    if one and one["status"] == "letter":
        return [("accept_transfer", one["to"], one["letter_when"], one["until"])]
    if one and one["status"] == "accepted":
        return [("return_receipt", one["to"], one["accepted_when"], one["receipt_due"])]
    return []


def told(s: Row) -> tuple[Any, ...] | None:
    """Return the transfer in the shape in which it is compared."""
    one = s["transfer"]
    if not one:
        return None
    status = "letter_issued" if one["status"] == "letter" else one["status"]
    return (status, one["from"], one["to"], one["numbers"], one["until"], one["receipt_due"])
