"""Agreements: in force by the day for those who have signed, and who may then see what of whose members."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from uuid import UUID

import pytest

from api.actions import MEMBER_QUESTIONS, Action
from api.authorisation import NOT_FOUND, Resource, decide
from domain.agreement import (
    VISIBLE,
    AgreementBook,
    AgreementCountersigned,
    AgreementEnded,
    AgreementSigned,
    must_not_have_ended,
)
from domain.errors import Refused
from domain.fact import Body, Fact
from infra.tokens.principal import Principal, Role
from tests.model.dissolutions import dissolution
from tests.model.world import ORGANISATIONS, world

STREAM = UUID(int=7)


def book(*bodies: Body, stream: UUID = STREAM, base: AgreementBook | None = None) -> AgreementBook:
    known = base or AgreementBook()
    for version, body in enumerate(bodies, 1):
        fact = Fact(stream, version, f"e{version}", "", body, "2025-01-01", "day", 0, None, "somebody", "API", "")
        known = known.with_fact(fact)
    return known


def signed(*parties: str, first: str = "2025-01-01", last: str = "2025-12-31", by: list[str] | None = None) -> Body:
    visible = [{"organisation": party, "what": what} for party in parties for what in VISIBLE]
    return AgreementSigned(list(parties), [], visible, first, last, list(parties) if by is None else by)


def shown(known: AgreementBook, organisation: str, day: str) -> set[str]:
    return {party for party, _ in known.shown(organisation, dt.date.fromisoformat(day), world().organisations)}


def test_an_agreement_binds_from_its_first_to_its_last_day_both_included() -> None:
    known = book(signed("MQ", "JJ"))
    days = ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01")
    assert [shown(known, "MQ-1", day) for day in days] == [set(), {"JJ"}, {"JJ"}, set()]
    assert shown(known, "JJ-1", "2025-06-01") == {"MQ"}
    assert shown(known, "CG-1", "2025-06-01") == set()


def test_a_party_shows_its_members_once_it_has_signed_and_sees_others_once_they_have() -> None:
    half = book(signed("MQ", "JJ", by=["MQ"]))
    assert shown(half, "MQ-1", "2025-06-01") == {"JJ"}
    assert shown(half, "JJ-1", "2025-06-01") == set()
    assert half.by_id[STREAM].status(dt.date(2025, 6, 1)) == "SIGNING"
    whole = book(signed("MQ", "JJ", by=["MQ"]), AgreementCountersigned(["JJ"]))
    assert shown(whole, "MQ-1", "2025-06-01") == {"JJ"}
    assert shown(whole, "JJ-1", "2025-06-01") == {"MQ"}


def test_whose_party_is_dissolved_is_shown_no_more_from_the_moment_at_which_it_is_known() -> None:
    known = replace(world(), agreements=book(signed("MQ", "JJ")))
    on = dt.date(2025, 6, 1)
    assert known.agreements.shown("MQ-1", on, known.organisations)
    later = known.with_facts([dissolution("MQ", "GS", "2025-05-01")])
    assert not later.agreements.shown("MQ-1", on, later.organisations)
    assert known.agreements.shown("MQ-1", on, known.organisations)


def test_an_end_brings_the_last_day_forward_and_never_puts_it_off() -> None:
    ended = book(signed("MQ", "JJ"), AgreementEnded("2025-06-30"))
    assert [shown(ended, "MQ-1", day) for day in ("2025-06-30", "2025-07-01")] == [{"JJ"}, set()]
    with pytest.raises(Refused, match="agreement_ended"):
        must_not_have_ended(ended.by_id[STREAM], dt.date(2025, 6, 30))
    must_not_have_ended(ended.by_id[STREAM], dt.date(2025, 6, 29))


@pytest.mark.parametrize("seed", range(20))
def test_who_may_see_whom_is_what_looking_through_every_agreement_finds(seed: int) -> None:
    chance = random.Random(seed)
    known, told = AgreementBook(), []
    for number in range(6):
        parties = chance.sample(sorted(ORGANISATIONS), chance.choice((2, 3)))
        first = dt.date(2025, 1, 1) + dt.timedelta(days=chance.randrange(200))
        last = first + dt.timedelta(days=chance.randrange(200))
        by = chance.sample(parties, chance.choice((1, len(parties))))
        body = signed(*parties, first=first.isoformat(), last=last.isoformat(), by=by)
        known = book(body, stream=UUID(int=number + 1), base=known)
        told.append((parties, first, last, by))
    for _ in range(40):
        code, day = chance.choice(sorted(ORGANISATIONS)), dt.date(2025, 1, 1) + dt.timedelta(days=chance.randrange(400))
        line, above = {code}, ORGANISATIONS[code][2]
        while above is not None:
            line.add(above)
            above = ORGANISATIONS[above][2]
        expected = {
            other
            for parties, first, last, by in told
            if first <= day <= last
            for owner in by
            if owner in line
            for other in parties
            if other != owner
        }
        assert shown(known, code, day.isoformat()) == expected


@pytest.mark.parametrize("action", sorted(MEMBER_QUESTIONS))
@pytest.mark.parametrize("what", [*VISIBLE, "CONTACTS ACTIVITIES"])
def test_a_partner_may_ask_what_the_agreement_shows_and_nothing_else(action: Action, what: str) -> None:
    resource = Resource(
        UUID(int=9), frozenset({"620621"}), frozenset(), frozenset({"MQ-1"}),
        shown_to=frozenset(("JJ", one) for one in what.split()),
    )  # fmt: skip
    partner = Principal("d", Role.ORGANISATION_DEPARTMENT, "JJ", "510104", issuer="i")
    other = Principal("d", Role.ORGANISATION_DEPARTMENT, "CG", "620102", issuer="i")
    allowed = decide(partner, action, resource, world().organisations).allowed
    assert allowed == (
        action is Action.READ_MEMBER
        or (action is Action.READ_HISTORY and what == "CONTACTS ACTIVITIES")
        or (action is Action.READ_PERSONAL_DATA and what == "PERSONAL_DATA")
    )
    assert decide(other, action, resource, world().organisations) is NOT_FOUND
    assert decide(partner, Action.RECORD_CONTACT, resource, world().organisations) is NOT_FOUND
