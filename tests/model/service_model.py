"""Posts, service and attendance, told naively beside `member_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.model.moments import day_of

if TYPE_CHECKING:
    from domain.member.state import State

Row = dict[str, Any]
FACTS = ("post_claimed", "post_released", "service_recorded", "attendance_recorded")


def blank() -> Row:
    return {"holds": [], "served": [], "attended": {}}


def held(s: Row, post: str) -> Row | None:
    return next((one for one in s["holds"] if one["post"] == post and one["until"] is None), None)


def refusal(s: Row, row: Row) -> str | None:
    """Return why a claim or a release was impossible; None when it was possible, and for what the world did."""
    kind = row["type"]
    if kind == "post_released":
        return None if held(s, row["data"]["post"]) else "post_not_held"
    if kind != "post_claimed":
        return None
    if s["affiliation"] is None:
        return "not_yet_affiliated"
    if s["membership"] == "suspended":
        return "membership_suspended"
    return "post_already_claimed" if held(s, row["data"]["post"]) else None


def odd(s: Row, row: Row) -> list[str]:
    """Return what is odd about service or attendance."""
    flags = ["not_yet_affiliated"] if s["affiliation"] is None else []
    if row["type"] == "attendance_recorded":
        return flags + (["already_attended"] if row["data"]["activity"] in s["attended"] else [])
    post = row["data"].get("post")
    if post is None:
        return flags
    days = [None if one["until"] is None else day_of(one["until"]) for one in s["holds"] if one["post"] == post]
    return flags if None in days or day_of(row["when"]) in days else [*flags, "service_without_claim"]


def happen(s: Row, row: Row) -> bool:
    """Let one fact happen; tell whether it is a sign of life."""
    kind, data = row["type"], row["data"]
    if kind == "post_claimed":
        s["holds"].append({"post": data["post"], "from": row["when"], "until": None})
    elif kind == "post_released":
        one = held(s, data["post"])
        assert one is not None
        one["until"] = row["when"]
    elif kind == "service_recorded":
        s["served"].append((row["id"], data.get("post"), data.get("kind"), data["hours"]))
    elif data["activity"] not in s["attended"]:
        s["attended"][data["activity"]] = (row["id"], data["kind"], data["hours"])
        return True
    return False


def free(s: Row, when: int) -> None:
    """Let go of every post: the membership is over."""
    for one in s["holds"]:
        one["until"] = when if one["until"] is None else one["until"]


def told(s: Row) -> tuple[Any, ...]:
    holds = [(one["post"], one["from"], one["until"]) for one in s["holds"]]
    return holds, s["served"], s["attended"]


def told_by_the_domain(state: State) -> tuple[Any, ...]:
    record = state.service
    held_now = record.held_now()
    holds = [(one.post, one.from_us, None if one.ended_at is None else one.until_us) for one in record.holds]
    assert held_now == sorted(post for post, _, until in holds if until is None)
    return (
        holds,
        [(one.event_id, one.post, one.kind, one.hours) for one in record.served],
        {one.activity: (one.event_id, one.kind, one.hours) for one in record.attended.values()},
    )
