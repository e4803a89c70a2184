"""Random lives: steps that hypothesis draws become commands, mostly plausible and in order, some late or wrong."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from domain.errors import Invalid, Refused
from tests.model import member_model as model
from tests.model.moments import start_of
from tests.model.offices import seat_of
from tests.model.recording import Stream, telling
from tests.model.world import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.fact import Fact

FIRST_DAY = dt.date(2024, 1, 10)
AT_HOME = ("MQ-1", "MQ", "MQ-1")
ORGANISATIONS = ("MQ-1", "CG", "CG-1", "JJ", "JJ-1", "MQ-AWAY", "LZ", "WW", "CG-G", "GS")
BRANCHES = ("CG-1", "JJ-1", "MQ-AWAY", "CG-G")
DESTINATIONS = ({"region": "620102"}, {"region": "510104"}, {"unknown": True}, {"abroad": True}, {"region": "620602"})
PLAUSIBLE = {
    None: ("report-departure", "depart", "check-in", "record-contact", "report-departure"),
    "reported": ("depart", "hold-pre-departure-talk", "cancel-departure", "check-in", "depart", "change-destination"),
    "awaiting_check_in": (
        "check-in", "prompt-check-in", "change-destination", "check-in", "return", "record-contact", "route",
        "check-in", "report-departure",
    ),
    "checked_in": (
        "accept", "decline", "accept", "check-in", "decline", "route", "move-onward", "place-in-branch", "accept",
    ),
    "settled": (
        "record-contact", "place-in-branch", "record-contact", "accept", "check-in", "move-onward", "waive-contact",
        "report-return", "return", "accept", "decline", "decide-claim", "declare-lost-contact", "keep-in-contact-list",
        "issue-annual-feedback", "pay-dues", "issue-activity-card", "issue-annual-feedback", "acknowledge-feedback",
    ),
    "returned": ("hold-return-education", "waive-return-education", "record-contact", "check-in", "close-movement"),
}  # fmt: skip
PLAUSIBLE["closed"] = PLAUSIBLE[None]
CONTESTED = ("decide-claim", "decide-claim", "decline", "accept", "record-contact", "place-in-branch", "decide-claim")
SILENT = ("declare-lost-contact", "keep-in-contact-list", "declare-lost-contact", "record-contact")
LOST = ("restore-contact", "record-contact", "check-in", "return", "move-onward")
TRANSFERRING = {
    None: ("request-transfer",),
    "requested": (*["approve-transfer"] * 7, "withdraw-transfer", "reject-transfer"),
    "approved": (*["issue-transfer-letter"] * 9, "withdraw-transfer"),
    "letter": (*["accept-transfer"] * 8, "reissue-transfer-letter", "reject-transfer"),
    "accepted": ("return-receipt",),
}
SERVING = ("claim-post", "record-service", "record-attendance", "release-post", "claim-post", "record-service")
POSTS = ("post-1", "post-2")
ANY = (
    *SERVING,
    *sorted({verb for verbs in PLAUSIBLE.values() for verb in verbs}),
    *sorted({verb for verbs in TRANSFERRING.values() for verb in verbs}),
    "waive-pre-departure-talk", "restore-contact", "record-failed-contact", "assign-liaison", "confirm-as-full",
    "correct-event", "void-event", "confirm-flag", "correct-event", "void-event",
    "pay-dues", "issue-activity-card", "inspect-activity-card", "issue-annual-feedback", "acknowledge-feedback",
    "suspend-membership", "restore-membership", "suspend-membership", "restore-membership", "end-membership",
    "record-death",
)  # fmt: skip

TRANSFER_VERBS = frozenset(verb for verbs in TRANSFERRING.values() for verb in verbs)
HOMES = ("CG-1", "JJ-1", "MQ-2", "MQ-AWAY", "CG", "CG-G", "MQ-1", "JJ")

Step = tuple[int, int, int, int, int]
"""What (plausible or any), which, days on (or back), two choices for fields and organisation."""


def long_life(seed: int) -> list[Step]:
    """Return the steps of a long life; mostly onward, day by day or by weeks, and now and then back."""
    chance = random.Random(seed)
    return [
        (
            chance.randrange(100),
            chance.randrange(100),
            chance.choice((chance.randint(-60, 75), chance.randint(0, 20), chance.randint(0, 9))),
            chance.randrange(30),
            chance.randrange(30),
        )
        for _ in range(chance.randint(8, 40))
    ]


_STEP = st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(-60, 75), st.integers(0, 29), st.integers(0, 29))
STEPS = st.one_of(st.lists(_STEP, min_size=1, max_size=14), *[st.integers(0, 1 << 40).map(long_life)] * 3)
"""Short lives, that shrink well, and long ones, in which more happens."""


def live(
    steps: list[Step],
    watch: Callable[..., None] | None = None,
    since: str | None = None,
    stream: Stream | None = None,
) -> Stream:
    """Live a life; `watch` sees each command with the fact recorded, or None when it was refused."""
    stream = stream or Stream()
    stream.register(since=since, category="PROBATIONARY")
    day = FIRST_DAY
    for what, which, onward, one, two in steps:
        days_on = 170 + onward if what % 13 == 7 else onward
        at = max(dt.date(2023, 11, 1), day + dt.timedelta(days=days_on))
        day = max(day, at) if what % 4 else day
        verb, payload, organisation = command(stream, at, (what, which, one, two))
        text = written(at, what, one)
        fact: Fact | None = None
        try:
            fact = stream.command(verb, text, organisation, **payload)
        except (Refused, Invalid) as refused:
            if watch is not None:
                watch(stream, verb, {"at": text, "organisation": organisation, **payload}, refused)
        else:
            if watch is not None:
                watch(stream, verb, {"at": text, "organisation": organisation, **payload}, fact)
    return stream


def written(at: dt.date, what: int, one: int) -> str:
    """Return a moment as a day, a time or a month."""
    if what % 11 == 3:
        return f"{at:%Y-%m}"
    return f"{at}T{one % 24:02}:15:00+08:00" if what % 5 == 2 else at.isoformat()


def command(stream: Stream, at: dt.date, choice: tuple[int, int, int, int]) -> tuple[str, dict[str, Any], str]:
    """Return a command, its fields and who asks."""
    what, which, one, two = choice
    then = model.state_at(telling(stream.facts), start_of(at) + 86_399_999_999)
    verbs = likely(then, at) if what < 80 else ANY
    status = then["transfer"]["status"] if then["transfer"] else None
    under_way = status not in (None, "rejected", "withdrawn", "receipt_returned")
    if what % 10 in ((1, 4, 6, 8) if under_way else (1, 4)):
        verbs = TRANSFERRING.get(status, TRANSFERRING[None])
    if what % 10 == 9:
        verbs = SERVING
    verb = verbs[which % len(verbs)]
    organisation = ORGANISATIONS[two % len(ORGANISATIONS)]
    if what % 3 and verb in TRANSFER_VERBS:
        return verb, fields(stream, verb, at, then, (one, two)), transferring(then, verb, two)
    if what % 3 and then["movement"]:
        here = model.leg(then)
        own = here["branch"] if two % 2 else "MQ-1"
        organisation = here["holder"] or own or organisation
        if model.stage(then) == "settled" and verb in ("accept", "decline"):
            organisation = (seat_of(here["region"]), seat_of(here["declared"] or "620602"))[two % 2]
    return verb, fields(stream, verb, at, then, (one, two)), organisation


def transferring(then: dict[str, Any], verb: str, two: int) -> str:
    """Return who may well take a step of a transfer."""
    home: str = then["affiliation"] or "MQ-1"
    if verb in ("accept-transfer", "reject-transfer", "return-receipt") and then["transfer"]:
        to: str = then["transfer"]["to"]
        return to
    return (home, "GS")[two % 7 == 0]


def likely(then: dict[str, Any], at: dt.date) -> tuple[str, ...]:
    """Return what may well be recorded next."""
    if then["movement"] and then["movement"]["claims"]:
        return CONTESTED
    silent_until = model.silent_until(then)
    if then["lost"]:
        return LOST
    return SILENT if silent_until and silent_until <= at else PLAUSIBLE[model.stage(then)]


def fields(  # noqa: C901, PLR0911, PLR0912 - one case a command
    stream: Stream, verb: str, at: dt.date, then: dict[str, Any], choice: tuple[int, int]
) -> dict[str, Any]:
    """Return a command's own fields."""
    one, two = choice
    match verb:
        case "report-departure":
            planned = {} if one % 3 == 0 else {"departs_on": (at + dt.timedelta(days=two - 8)).isoformat()}
            return {"destination": DESTINATIONS[one % 5], **planned}
        case "depart":
            return {"destination": DESTINATIONS[one % 5]} if two % 3 == 0 else {}
        case "change-destination" | "move-onward":
            return {"destination": DESTINATIONS[one % 5]}
        case "check-in":
            return {"region": REGIONS[one % 4], "channel": "CODE"}
        case "route":
            return {"to_organisation": ORGANISATIONS[one % 10]}
        case "accept":
            return {"branch": BRANCHES[one % 4]} if two % 2 else {}
        case "decline":
            return {"reason": "NOT_HERE"}
        case "decide-claim":
            claims = then["movement"]["claims"] if then["movement"] else []
            claim = claims[one % len(claims)] if claims else {"id": "none", "organisation": "CG"}
            sides = (claim["organisation"], model.leg(then)["accepted_by"] if claims else "JJ")
            return {"claim_id": claim["id"], "in_favour_of": sides[two % 2], "document": "裁定1号"}
        case "place-in-branch":
            return {"branch": BRANCHES[one % 4], "kind": ("FALLBACK", "RESIDENCE")[two % 2]}
        case "request-transfer":
            kind: dict[str, Any] = {"kind": ("FORMAL", "TEMPORARY")[one % 5 == 4]} if one % 2 else {}
            if one % 5 == 4 and one % 2:
                kind["until"] = (at + dt.timedelta(days=150 + 4 * two)).isoformat()
            here = model.leg(then)["region"] if then["movement"] else None
            to = seat_of(here) if here and two % 2 else HOMES[two % 8]
            return {"to_organisation": to, **kind}
        case "issue-transfer-letter" | "reissue-transfer-letter":
            days = {"valid_days": 10 * (two + 1)} if two % 2 else {}
            return {"letter_number": f"样例{one % 9}号", **days}
        case "accept-transfer":
            branch = {"branch": HOMES[two % 8]} if one % 4 == 0 else {}
            number = {"letter_number": f"样例{two % 9}号"} if one % 9 == 1 else {}
            return {"document": "补记1号", **branch, **number}
        case "reject-transfer":
            return {"reason": "WRONG_ADDRESSEE"}
        case "claim-post" | "release-post":
            return {"post": POSTS[one % 2]}
        case "record-service":
            return {"hours": (1, 2.5)[two % 2], **({"kind": "CARE"} if one % 3 == 2 else {"post": POSTS[one % 2]})}
        case "record-attendance":
            return {"activity": f"activity-{one % 4}", "kind": "STUDY", "hours": 2}
        case "assign-liaison":
            return {"liaison": f"liaison-{one}"}
        case "record-contact":
            return {"channel": "PHONE"}
        case "waive-contact":
            return {"month": f"{at + dt.timedelta(days=(one - 6) * 12):%Y-%m}", "reason": "ILLNESS"}
        case "declare-lost-contact" | "keep-in-contact-list" | "confirm-as-full":
            return {"document": "文件1号"}
        case "pay-dues":
            return {"months": [f"{at:%Y-%m}"]}
        case "issue-annual-feedback" | "acknowledge-feedback":
            return {"year": at.year - (one % 2)}
        case "suspend-membership" | "restore-membership" | "end-membership" | "record-death":
            return {"document": "文件1号", "meeting": "支部大会1", "reason": "测试"}
        case "waive-return-education" | "waive-pre-departure-talk":
            return {"reason": "ILLNESS"}
        case "close-movement":
            return {"reason": "RECORDED_IN_ERROR"}
        case "correct-event" | "void-event" | "confirm-flag":
            return _about(stream, verb, at, (one, two))
        case _:
            return {}


def _about(stream: Stream, verb: str, at: dt.date, choice: tuple[int, int]) -> dict[str, Any]:
    one, two = choice
    if verb == "confirm-flag":
        flagged = sorted(stream.state().flagged) or ["none"]
        return {"event_id": flagged[one % len(flagged)]}
    target = stream.facts[-1 - one % len(stream.facts)]
    if verb == "void-event":
        return {"event_id": target.event_id}
    while target.fact == "event_corrected":
        target = next(fact for fact in stream.facts if fact.event_id == target.body.event_id)  # type: ignore[attr-defined]
    changes: dict[str, Any] = {"occurred_at": (at + dt.timedelta(days=two - 15)).isoformat()}
    if target.fact == "checked_in" and two % 2:
        changes = {"region": REGIONS[two % 4]}
    elif target.fact in ("post_claimed", "post_released") and two % 2:
        changes["post"] = POSTS[one % 2]
    elif target.fact in ("accepted", "declined", "contact_made") and two % 2:
        changes = {"organisation": ORGANISATIONS[two % 10]}
    return {"event_id": target.event_id, "changes": changes}
