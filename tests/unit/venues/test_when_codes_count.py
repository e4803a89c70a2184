"""When a code counts: from its issue to its end or its withdrawal, judged by when the check-in happened."""

from uuid import UUID, uuid4

import pytest

from domain.errors import Refused
from domain.fact import Body, Fact, place_in_time
from domain.times import parse_occurred
from domain.venue import (
    CheckInCodeIssued,
    CheckInCodeRevoked,
    Venue,
    VenueOpened,
    must_count,
    must_not_be_revoked,
    venue_of,
)

VENUE = UUID("11111111-2222-4333-8444-555555555555")


def fact(version: int, body: Body, occurred_at: str, event_id: str | None = None) -> Fact:
    occurred = parse_occurred(occurred_at)
    when = place_in_time(occurred, type(body))
    return Fact(
        VENUE,
        version,
        event_id or str(uuid4()),
        "00",
        body,
        occurred.text,
        occurred.precision,
        when,
        "CG",
        "t",
        "API",
        "c",
    )


OPENED = fact(1, VenueOpened("样例服务站", "620102", "STATION"), "2025-03-01")
ISSUED = fact(2, CheckInCodeIssued("2025-07-01T00:00:00+08:00", 1), "2025-03-02T09:00:00+08:00", "code-1")
REVOKED = fact(3, CheckInCodeRevoked("code-1"), "2025-05-10T12:00:00+08:00")


def venue(*facts: Fact) -> Venue:
    found = venue_of(facts)
    assert found is not None
    return found


def refusal(facts: tuple[Fact, ...], occurred_at: str) -> str | None:
    code = venue(*facts).numbered(2)
    assert code is not None
    try:
        must_count(code, parse_occurred(occurred_at))
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("occurred_at", "code"),
    [
        ("2025-03-02T08:59:59+08:00", "code_not_yet_valid"),
        ("2025-03-02T09:00:00+08:00", None),
        ("2025-03-02", None),
        ("2025-03-01", "code_not_yet_valid"),
        ("2025-06-30T23:59:59+08:00", None),
        ("2025-07-01T00:00:00+08:00", "code_expired"),
        ("2025-06-30", None),
        ("2025-07-01", "code_expired"),
        ("2025-06", None),
        ("2025-02", "code_not_yet_valid"),
    ],
)
def test_a_code_counts_from_its_issue_to_its_end(occurred_at: str, code: str | None):
    assert refusal((OPENED, ISSUED), occurred_at) == code


@pytest.mark.parametrize(
    ("occurred_at", "code"),
    [
        ("2025-05-10T11:59:59+08:00", None),
        ("2025-05-10T12:00:00+08:00", "code_revoked"),
        ("2025-05-10", None),
        ("2025-05-11", "code_revoked"),
        ("2025-08-01", "code_revoked"),
    ],
)
def test_a_withdrawn_code_counts_for_what_happened_before(occurred_at: str, code: str | None):
    assert refusal((OPENED, ISSUED, REVOKED), occurred_at) == code


def test_a_code_is_withdrawn_once():
    codes = venue(OPENED, ISSUED, REVOKED).codes
    with pytest.raises(Refused, match="already_revoked"):
        must_not_be_revoked(codes[0])


def test_withdrawing_one_code_leaves_the_others():
    other = fact(3, CheckInCodeIssued("2025-12-31T00:00:00+08:00", 1, 30), "2025-03-03", "code-2")
    revoked = fact(4, CheckInCodeRevoked("code-1"), "2025-05-10")
    found = venue(OPENED, ISSUED, other, revoked)

    assert [code.revoked_us is None for code in found.codes] == [False, True]
    assert found.version == 4
    assert found.with_id("code-2") == found.numbered(3)


def test_a_stream_that_never_opened_a_venue_is_none():
    assert venue_of([]) is None
    assert venue_of([ISSUED]) is None
