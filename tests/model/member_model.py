"""DOMAIN.md told naively: replay the facts that count, keep every snapshot, and look for what is owed by scanning them.

Nothing here imports the domain's rules, fold or duties; a fact comes in as a plain dictionary (`telling`).
"""

from __future__ import annotations

import calendar
import datetime as dt
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.model import membership_model as membership
from tests.model import service_model as service
from tests.model import transfer_model as transfers
from tests.model import yearly_model as yearly
from tests.model.moments import day_of, instant_of, months_on, start_of
from tests.model.offices import common, line_above, related, seat_of, sits_in, under
from tests.model.world import ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.calendar import Workdays

Row = dict[str, Any]
AWAY = ("awaiting_check_in", "checked_in", "settled")
SIGNS_OF_LIFE = ("checked_in", "contact_made", "contact_restored")


# --- which facts count, and when ----------------------------------------------------------------------------------


def counting(rows: list[Row]) -> list[Row]:
    """Drop what is void, correct what is corrected, sort."""
    by_id = {row["id"]: row for row in rows}
    voids = [row for row in rows if row["type"] == "event_voided"]

    def void(row: Row) -> bool:
        return any(not void(one) for one in voids if one["data"]["event_id"] == row["id"])

    def root(row: Row) -> Row:
        return root(by_id[row["data"]["event_id"]]) if row["type"] == "event_corrected" else row

    kept = [{**row, "data": dict(row["data"])} for row in rows if not void(row)]
    alive = {row["id"]: row for row in kept}
    for row in sorted(kept, key=lambda one: one["position"]):
        target = alive.get(root(row)["id"]) if row["type"] == "event_corrected" else None
        if target is None:
            continue
        for name, value in row["data"]["changes"].items():
            if name in ("occurred_at", "organisation"):
                target[name] = value
            else:
                target["data"][name] = value
    for row in kept:
        row["when"] = instant_of(row["occurred_at"], row["slot"])
        if row["type"] == "member_registered":
            since = row["data"].get("affiliated_since")
            row["when"] = instant_of(since, row["slot"]) if since else -(1 << 62)
    return sorted(kept, key=lambda row: (row["when"], row["slot"], row["position"]))


# --- the movement, fact by fact -----------------------------------------------------------------------------------


def blank() -> Row:
    return {
        "affiliation": None, "category": None, "liaison": None, "lost": False, "found_on": None, "heard": None,
        "heard_at": None, "kept": None, "movement": None, "flags": {}, "confirmed": set(), "ids": frozenset(),
        **membership.blank(),
        **service.blank(),
        **yearly.blank(),
        "transfer": None,
    }  # fmt: skip


def stage(s: Row) -> str | None:
    movement: Row | None = s["movement"]
    return movement["stage"] if movement else None


def leg(s: Row) -> Row:
    legs: list[Row] = s["movement"]["legs"]
    return legs[-1]


def responsible(s: Row) -> str | None:
    away = stage(s) == "settled"
    code: str | None = (leg(s)["branch"] or leg(s)["accepted_by"]) if away else s["affiliation"]
    return code


def silent_until(s: Row, months: int = 6) -> dt.date | None:
    """Return the day on which the silence becomes long enough."""
    if stage(s) not in AWAY:
        return None
    known = [when for when in (s["heard"], s["kept"], s["movement"]["departed"]) if when is not None]
    if not known:
        return None
    return months_on(day_of(max(known)), months)


def concerned(s: Row, org: str | None) -> bool:
    here = leg(s)
    if sits_in(org, here["region"]) or sits_in(org, here["declared"]):
        return True
    return any(related(org, one) for one in (here["holder"], here["accepted_by"], here["branch"]))


def parties(s: Row) -> list[str | None]:
    return [leg(s)["accepted_by"], *(claim["organisation"] for claim in s["movement"]["claims"])]


def is_a_party(s: Row, org: str | None) -> bool:
    """Whether an organisation belongs to one side; who owes the decision, and who is above, belongs to none."""
    all_parties = [leg(s)["accepted_by"], leg(s)["branch"]]
    all_parties += [code for claim in s["movement"]["claims"] for code in (claim["organisation"], claim["branch"])]
    if any(under(org, party) for party in all_parties):
        return True
    decides = s["movement"]["decides"]
    return not under(decides, org) and any(related(org, party) for party in all_parties)


def side(s: Row, org: str | None) -> str | None:
    """For whom an organisation speaks: its own member first, then its own guest, then those around it."""
    if org is None or stage(s) in (None, "closed"):
        return None
    here = leg(s)
    hosts = [code for code in (here["branch"], here["accepted_by"], here["holder"]) if code]
    if org == s["affiliation"]:
        return "origin"
    if any(under(org, host) for host in hosts):
        return "destination"
    if under(s["affiliation"], org):
        return "origin"
    if any(under(host, org) for host in hosts) or sits_in(org, here["region"]):
        return "destination"
    return None


def refusal(s: Row, row: Row) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one long list of cases is the point
    """Return why a decision was impossible; None when it was possible, and for what the world did."""
    now, kind, data, org = stage(s), row["type"], row["data"], row["organisation"]
    is_open = now not in (None, "closed")
    if kind in membership.DECISIONS or s["membership"] == "ended":
        return membership.refusal(s, row)
    if kind in transfers.FACTS:
        return transfers.refusal(s, row)
    if kind in service.FACTS:
        return service.refusal(s, row)
    if kind in yearly.FACTS:
        return yearly.refusal(s, row)
    if kind in ("departure_reported", "departed", "confirmed_as_full") and s["affiliation"] is None:
        return "not_yet_affiliated"
    if kind == "departure_reported" and is_open:
        found_out = now in AWAY and not s["movement"]["reported"]
        planned = data.get("departs_on")
        return None if found_out and not (planned and planned > day_of(row["when"]).isoformat()) else "movement_open"
    if kind == "departed":
        return {"returned": "movement_open", **dict.fromkeys(AWAY, "already_departed")}.get(now or "")
    if kind in ("pre_departure_talk_held", "pre_departure_talk_waived", "movement_closed"):
        return None if is_open else "no_open_movement"
    if kind == "departure_cancelled":
        return None if now == "reported" else "already_departed" if is_open else "no_open_movement"
    if kind == "destination_changed":
        fits = now in ("reported", "awaiting_check_in")
        return None if fits else "already_checked_in" if is_open else "no_open_movement"
    if kind == "check_in_prompted":
        return None if now in ("reported", "awaiting_check_in") else "nothing_to_prompt"
    if kind == "case_routed":
        declined = now == "awaiting_check_in" and leg(s)["region"]
        return None if now == "checked_in" or declined else "nothing_to_route"
    if kind in ("accepted", "acceptance_contested"):
        sides = (leg(s)["accepted_by"], leg(s)["branch"]) if now == "settled" else ()
        if now not in ("checked_in", "settled") or any(related(org, one) for one in sides):
            return "nothing_to_answer"
        if kind == "accepted" and not concerned(s, org):
            return "not_your_case"
        claimed = [claim["organisation"] for claim in s["movement"]["claims"]]
        return "already_accepted" if now == "settled" and any(related(org, one) for one in claimed) else None
    if kind == "declined":
        withdraws = now == "settled" and s["movement"]["claims"] and org in (*parties(s), leg(s)["branch"])
        if now == "checked_in":
            return None if concerned(s, org) else "not_your_case"
        return None if withdraws else "nothing_to_answer"
    if kind == "claim_decided":
        claims = [one for one in (s["movement"]["claims"] if is_open else []) if one["id"] == data["claim_id"]]
        if not claims:
            return "no_such_claim"
        either = (leg(s)["accepted_by"], leg(s)["branch"], claims[0]["organisation"], claims[0]["branch"])
        if data["in_favour_of"] not in either:
            return "not_a_party"
        return "party_to_the_claim" if is_a_party(s, org) else None
    if kind == "placed_in_branch":
        nobody = now in ("checked_in", "awaiting_check_in") and leg(s)["region"] and data["kind"] == "FALLBACK"
        if now != "settled" and not nobody:
            return "not_settled"
        return None if concerned(s, org) else "not_your_case"
    if kind == "moved_onward":
        return None if now in ("checked_in", "settled") else "not_checked_in"
    if kind in ("return_reported", "returned", "contact_waived"):
        return None if now in AWAY else "not_away"
    if kind == "kept_in_contact_list":
        due = None if s["lost"] else silent_until(s)
        return None if due and start_of(due) <= row["when"] else "no_review_open"
    if kind == "lost_contact_declared":
        due = silent_until(s)
        if now not in AWAY:
            return "not_away"
        return "already_lost" if s["lost"] else None if due and day_of(row["when"]) >= due else "too_early"
    if kind == "contact_restored":
        return None if s["lost"] or s["found_on"] == day_of(row["when"]) else "not_lost"
    if kind in ("return_education_held", "return_education_waived"):
        return None if now == "returned" else "not_returned"
    if kind == "confirmed_as_full":
        return None if s["category"] == "PROBATIONARY" else "already_full"
    return None


def odd(s: Row, row: Row) -> list[str]:
    """Return what is odd about something that the world did."""
    if row["type"] in ("service_recorded", "attendance_recorded"):
        return service.odd(s, row)
    if row["type"] == "dues_paid" and s["membership"] != "ended":
        return yearly.odd(s)
    if row["type"] not in ("checked_in", "contact_made") or s["membership"] == "ended":
        return []
    early = ["not_yet_affiliated"] if s["affiliation"] is None else []
    return early + (["after_return"] if stage(s) == "returned" else [])


def new_leg(s: Row, destination: Row | None) -> None:
    s["movement"]["legs"].append(
        {"destination": destination, "declared": (destination or {}).get("region"), "region": None, "checked_in": None,
         "accepted": None, "accepted_by": None, "branch": None, "placement": None, "holder": None}
    )  # fmt: skip
    s["movement"].update(returning=False, claims=[], returned=None)


def new_movement(s: Row, row: Row, now: str, destination: Row | None) -> None:
    known = row["data"].get("movement_id")
    known = known if known and known not in s["ids"] else row["id"]
    s["ids"] = s["ids"] | {known}
    s["movement"] = {
        "id": known, "stage": now, "origin": s["affiliation"], "legs": [],
        "reported": False, "planned": None, "departed": None, "closed_reason": None,
    }  # fmt: skip
    new_leg(s, destination)


def redeclare(s: Row, destination: Row) -> None:
    leg(s).update(destination=destination, declared=destination.get("region"))


def heard(s: Row, row: Row) -> None:
    if s["lost"]:
        s.update(lost=False, found_on=day_of(row["when"]))
    s.update(heard=row["when"], heard_at=row["occurred_at"])


def arrive(s: Row, row: Row) -> None:
    """A check-in, anywhere; says in `row["did"]` whether it was an arrival or only a sign of life."""
    here, now = row["data"]["region"], stage(s)
    if now in (None, "closed"):
        new_movement(s, row, "checked_in", None)
    elif now in ("checked_in", "settled") and leg(s)["region"] == here:
        row["did"] = "again"
        heard(s, row)
        return
    elif now == "reported":
        s["movement"]["departed"] = row["when"]
    elif now in ("settled", "returned"):
        new_leg(s, None)
    s["movement"].update(stage="checked_in", returning=False)
    leg(s).setdefault("arrived", row["when"])
    leg(s).update(region=here, checked_in=row["occurred_at"], holder=seat_of(here))
    heard(s, row)
    transfers.end_where_home_is(s, row)


def settle(s: Row, row: Row, branch: str | None) -> None:
    s["movement"]["stage"] = "settled"
    leg(s).update(accepted=row["occurred_at"], accepted_by=row["organisation"], branch=branch, holder=None)


def give_to(s: Row, row: Row, claim: Row) -> None:
    """The second side has it; the leg moves there."""
    here, org = leg(s), claim["organisation"]
    row["did"] = "moved"
    here.update(accepted_by=org, branch=claim["branch"], accepted=claim["at"], placement=None)
    if not sits_in(org, here["region"]):
        place = ORGANISATIONS[org][3] or ORGANISATIONS[org][1]
        here["region"] = here["declared"] if sits_in(org, here["declared"]) else place
    transfers.end_where_home_is(s, row)


def happen(s: Row, row: Row) -> None:  # noqa: C901, PLR0912, PLR0915 - one long list of cases is the point
    """Let one fact happen."""
    kind, data, movement = row["type"], row["data"], s["movement"]
    if kind == "member_registered":
        s.update(affiliation=data["affiliation"], category=data["category"])
        if movement and movement["origin"] is None:
            movement["origin"] = data["affiliation"]
    elif kind == "confirmed_as_full":
        s["category"] = "FULL"
    elif kind == "liaison_assigned":
        s["liaison"] = data["liaison"]
    elif kind == "departure_reported":
        if stage(s) in AWAY:
            row["did"] = "found_out"
            if (
                stage(s) == "awaiting_check_in"
                and len(movement["legs"]) == 1
                and leg(s)["destination"] in (None, {"unknown": True})
            ):
                redeclare(s, data["destination"])
        else:
            new_movement(s, row, "reported", data["destination"])
            s["movement"]["planned"] = data.get("departs_on") or day_of(row["when"]).isoformat()
        s["movement"]["reported"] = True
    elif kind == "departed":
        if stage(s) != "reported":
            new_movement(s, row, "reported", data.get("destination"))
        elif data.get("destination"):
            redeclare(s, data["destination"])
        s["movement"].update(stage="awaiting_check_in", departed=row["when"])
    elif kind == "departure_cancelled":
        movement.update(stage="closed", closed_reason="CANCELLED", claims=[])
    elif kind == "movement_closed":
        movement.update(stage="closed", closed_reason=data["reason"], claims=[])
    elif kind in ("return_education_held", "return_education_waived"):
        movement.update(stage="closed", closed_reason="RETURNED", claims=[])
    elif kind == "destination_changed":
        redeclare(s, data["destination"])
    elif kind == "checked_in":
        arrive(s, row)
    elif kind == "case_routed":
        target = data["to_organisation"]
        if stage(s) == "awaiting_check_in" and not sits_in(target, leg(s)["region"]):
            place = ORGANISATIONS[target][3] or ORGANISATIONS[target][1]
            leg(s)["region"] = leg(s)["region"] if place.endswith("00") else place
        leg(s)["holder"] = target
        movement["stage"] = "checked_in"
        transfers.end_where_home_is(s, row)
    elif kind in ("accepted", "acceptance_contested"):
        if stage(s) == "settled":
            row["did"] = "claimed"
            claim = {"id": data.get("claim_id") or row["id"], "organisation": row["organisation"]}
            movement["claims"].append({**claim, "branch": data.get("branch"), "at": row["occurred_at"]})
            movement["decides"] = common(parties(s), movement["origin"])
        else:
            settle(s, row, data.get("branch"))
    elif kind == "declined":
        if stage(s) == "settled":
            own = [claim for claim in movement["claims"] if claim["organisation"] == row["organisation"]]
            claim = (own or movement["claims"])[0]
            movement["claims"].remove(claim)
            row["did"] = "withdrew"
            if not own:
                give_to(s, row, claim)
        else:
            movement["stage"] = "awaiting_check_in"
            leg(s)["holder"] = None
    elif kind == "claim_decided":
        claim = next(one for one in movement["claims"] if one["id"] == data["claim_id"])
        movement["claims"].remove(claim)
        if data["in_favour_of"] in (claim["organisation"], claim["branch"]):
            give_to(s, row, claim)
    elif kind == "placed_in_branch":
        if stage(s) != "settled":
            settle(s, row, data["branch"])
        leg(s).update(branch=data["branch"], placement=data["kind"])
    elif kind == "moved_onward":
        new_leg(s, data["destination"])
        movement["stage"] = "awaiting_check_in"
    elif kind in ("contact_made", "contact_restored"):
        heard(s, row)
    elif kind == "lost_contact_declared":
        s["lost"] = True
    elif kind == "kept_in_contact_list":
        s["kept"] = row["when"]
    elif kind == "return_reported":
        movement["returning"] = True
    elif kind == "returned":
        movement.update(stage="returned", returned=row["occurred_at"], claims=[])
        s["lost"] = False
    elif kind in transfers.FACTS:
        transfers.happen(s, row)
    elif kind in service.FACTS:
        if service.happen(s, row):
            heard(s, row)
    elif kind == "flag_confirmed":
        s["confirmed"].add(data["event_id"])
    elif kind in yearly.FACTS:
        yearly.happen(s, row)
        if kind == "dues_paid":
            heard(s, row)
    elif kind in membership.DECISIONS:
        membership.happen(s, row, day_of(row["when"]))
        if s["membership"] == "ended":
            service.free(s, row["when"])
    yearly.follow(s, row)


def replay(rows: list[Row], until: int) -> list[Row]:
    """Return what happened, one entry a fact, with the state before and after it."""
    trace: list[Row] = []
    s = blank()
    for one in counting(rows):
        if one["when"] > until:
            break
        row, before = dict(one), deepcopy(s)
        why = refusal(s, row)
        row["side"] = side(s, row["organisation"])
        if why is None:
            row["flags"] = odd(s, row)
            happen(s, row)
        else:
            row["flags"] = [why]
        if row["flags"]:
            s["flags"][row["id"]] = row["flags"]
        trace.append({**row, "fits": why is None, "before": before, "after": deepcopy(s)})
    return trace


def state_at(rows: list[Row], until: int) -> Row:
    """Return the state at an instant, as the replay would leave it."""
    s = blank()
    for row in counting(rows):
        if row["when"] > until:
            break
        why = refusal(s, row)
        flags = [why] if why is not None else odd(s, row)
        if why is None:
            happen(s, row)
        if flags:
            s["flags"][row["id"]] = flags
    return s


# --- what is owed -------------------------------------------------------------------------------------------------


def duties_at(rows: list[Row], until: int, workdays: Workdays) -> set[tuple[Any, ...]]:
    """Return what is owed at an instant as (kind, organisation, since, due_on, overdue, month or event)."""
    trace = replay(rows, until)
    if not trace:
        return set()
    owed = Owed(trace, until, workdays)
    owed.look_at_flags()
    if owed.s["review"]:
        owed.owe("second_review", owed.s["affiliation"], start_of(owed.s["review"]), days_on=0)
    for kind, org, since, due in (*transfers.owed(owed.s), *yearly.owed(owed.s, until)):
        owed.owe(kind, org, since, due=due)
    if owed.now in ("reported", *AWAY):
        owed.before_leaving()
    if owed.now in AWAY:
        owed.on_the_way()
        owed.months("origin", lambda entry: stage(entry["after"]) in AWAY)
        owed.silence()
    if owed.now == "checked_in":
        answering = owed.last(
            lambda one: one["type"] == "case_routed" or (one["type"] == "checked_in" and "did" not in one)
        )
        owed.owe("answer_check_in", leg(owed.s)["holder"], answering["when"], workdays_on=10)
    if owed.now in AWAY:
        owed.home_to_find()
    if owed.now == "settled":
        owed.at_the_destination()
    if owed.now == "returned":
        when = owed.last(lambda one: one["type"] == "returned")["when"]
        owed.owe("return_education", owed.s["affiliation"], when, days_on=30)
    return owed.found


class Owed:
    """Looks through a trace for what is owed at its end."""

    def __init__(self, trace: list[Row], until: int, workdays: Workdays) -> None:
        self.until, self.workdays = until, workdays
        self.whole, self.s = trace, trace[-1]["after"]
        self.now, self.found = stage(self.s), set[tuple[Any, ...]]()
        idle = (None, "closed")
        opened = [i for i, one in enumerate(trace) if stage(one["before"]) in idle and stage(one["after"]) not in idle]
        self.trace = [one for one in trace[opened[-1] if opened else 0 :] if one["fits"]]

    def owe(
        self, kind: str, org: str | None, since: int, *, days_on: int = 0, workdays_on: int | None = None,
        due: dt.date | None = None, about: str = "",
    ) -> None:  # fmt: skip
        if since > self.until:
            return
        day = day_of(since)
        due = due or day + dt.timedelta(days=days_on)
        if workdays_on is not None:
            due = day
            while workdays_on:
                due += dt.timedelta(days=1)
                workdays_on -= self.workdays.is_workday(due)
        self.found.add((kind, org, day.isoformat(), due.isoformat(), day_of(self.until) > due, about))

    def last(self, wanted: Callable[[Row], object]) -> Row:
        return next(entry for entry in reversed(self.trace) if wanted(entry))

    def since(self, entry: Row) -> list[Row]:
        return self.trace[self.trace.index(entry) + 1 :]

    def look_at_flags(self) -> None:
        for event in self.s["flags"]:
            if event not in self.s["confirmed"]:
                self.found.add(("look_at_flag", event))

    def before_leaving(self) -> None:
        opening, origin = self.trace[0], self.s["affiliation"]
        talked = any(one["type"].startswith("pre_departure_talk") for one in self.trace)
        planned = self.s["movement"]["planned"]
        reported = day_of(opening["when"]).isoformat()
        was_home = any(one["type"] == "returned" for one in self.trace)
        if opening["type"] == "departure_reported" and not talked and planned >= reported and not was_home:
            self.owe("pre_departure_talk", origin, opening["when"], due=dt.date.fromisoformat(planned))
        if self.now == "reported":
            passed = start_of(dt.date.fromisoformat(planned) + dt.timedelta(days=1))
            self.owe("confirm_departure", origin, max(passed, opening["when"]), days_on=7)
        elif opening["type"] == "checked_in" and not was_home:
            self.owe("confirm_departure", origin, opening["when"], days_on=7)

    def on_the_way(self) -> None:
        left = [one for one in self.trace if one["type"] in ("departed", "moved_onward")]
        if not left or any(one["type"] in ("checked_in", "returned") for one in self.since(left[-1])):
            return
        origin, later = self.s["affiliation"], self.since(left[-1])
        if not any(one["type"] == "check_in_prompted" for one in later):
            self.owe("prompt_check_in", origin, left[-1]["when"], days_on=7)
        opens = start_of(day_of(left[-1]["when"]) + dt.timedelta(days=30))
        if not any(one["type"] == "destination_changed" and one["when"] >= opens for one in later):
            self.owe("escalate_check_in", (line_above(origin) or [origin])[0], opens, workdays_on=10)

    def months(self, side: str, counts: Callable[[Row], bool]) -> None:
        """Owe each calendar month touched since it last began to count, less what a contact or a waiver cleared."""
        began = self.trace[-1]
        for entry in reversed(self.trace):
            if not counts(entry):
                break
            began = entry
        own = [one for one in self.since(began) if one["side"] == side or one.get("did") == "again"]
        cleared = {one["data"]["month"] for one in own if one["type"] == "contact_waived"}
        spoke = [
            day_of(one["when"]).isoformat()[:7]
            for one in own
            if one["type"] in ("contact_made", "contact_restored")
            or (one.get("did") == "again" and side == "destination" and stage(one["after"]) == "settled")
        ]
        owner = self.s["affiliation"] if side == "origin" else responsible(self.s)
        first, today = day_of(began["when"]), day_of(self.until)
        for index in range(first.year * 12 + first.month - 1, today.year * 12 + today.month):
            month = dt.date(index // 12, index % 12 + 1, 1)
            name = month.isoformat()[:7]
            if name in cleared or any(name <= one for one in spoke):
                continue
            end = month.replace(day=calendar.monthrange(month.year, month.month)[1])
            since = max(began["when"], start_of(month))
            self.owe("monthly_contact", owner, since, due=end, about=f"{side}.{name}")

    def silence(self) -> None:
        due = silent_until(self.s)
        if due and not self.s["lost"]:
            self.owe("lost_contact_review", self.s["affiliation"], start_of(due), workdays_on=10)

    def home_to_find(self) -> None:
        declined: list[dt.date] = []
        owed: Row | None = None
        for entry in self.trace:
            if stage(entry["before"]) != "settled" == stage(entry["after"]) or entry["type"] == "returned":
                owed = None
            if entry["type"] != "declined" or "did" in entry:
                continue
            day = day_of(entry["when"])
            declined = [one for one in declined if (day - one).days <= 30] + [day]
            if len(declined) >= 3 and owed is None:
                owed = {**entry, "count": len(declined)}
        if owed is not None:
            decliners = [one for one in self.trace if one["type"] == "declined" and "did" not in one]
            upto = [one["organisation"] for one in decliners if one["position"] in self._window(decliners, owed)]
            origin = self.s["movement"]["origin"]
            self.owe("find_a_home", common([*upto, origin], origin), owed["when"], workdays_on=10)

    def _window(self, decliners: list[Row], owed: Row) -> set[int]:
        index = [one["position"] for one in decliners].index(owed["position"])
        return {one["position"] for one in decliners[index + 1 - owed["count"] : index + 1]}

    def at_the_destination(self) -> None:
        settled = self.last(lambda one: stage(one["before"]) != "settled" == stage(one["after"]))
        self.months("destination", lambda one: stage(one["after"]) == "settled")
        after = [settled, *self.since(settled)]
        taken = [one for one in after if one is settled or one.get("did") == "moved"][-1]
        placed = [one for one in self.trace[self.trace.index(taken) :] if one["type"] == "placed_in_branch"]
        if ORGANISATIONS[responsible(taken["after"]) or ""][0] != "BRANCH" and not placed:
            self.owe("place_in_branch", leg(taken["after"])["accepted_by"], taken["when"], workdays_on=10)
        if self.s["movement"]["claims"]:
            claimed = [one for one in after if one.get("did") == "claimed"][-1]
            superior = common(parties(claimed["after"]), self.s["movement"]["origin"])
            self.owe("decide_claim", superior, claimed["when"], workdays_on=10)
