"""Scenario 17: a stale or forged code is refused with guidance; the attempt is logged, no event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

import pytest

from domain.times import SHANGHAI
from infra.recording.attempts import Attempt
from tests.running_service import Person
from tests.scenarios.country import Country

THEN = "2025-03-05T10:00:00+08:00"


@dataclass
class Scan:
    """A member before a code at 城关's station; their scans, and what the log and the list of attempts hold of them."""

    country: Country
    member: str
    own: Person
    venue: str
    codes: dict[str, str]

    def attempts(self) -> list[tuple[str | None, str]]:
        """Read what was logged of this member's attempts; what was noted earlier is written by then."""
        self.country.running.service.kiteline.attempts.written(Attempt("the test", None, "not_found")).result(30)
        with self.country.running.service.kiteline.log.reading() as connection:
            rows = connection.execute(
                "SELECT venue::text, outcome FROM check_in_attempt WHERE actor = %s ORDER BY attempt_id",
                [f"member:{self.member}"],
            ).fetchall()
        return [(venue, outcome) for venue, outcome in rows]

    def head(self) -> int:
        """Tell the last position of the log."""
        return self.country.running.service.kiteline.log.max_notification_id() or 0


@pytest.fixture(scope="module")
def scan(country: Country) -> Scan:
    running = country.running
    member = country.of("民勤-1").register("民勤-1")
    worker = running.as_role("community_worker", organisation="城关")
    venue = worker.record("/v1/venues", name="样例服务站", region="620102", kind="STATION")["stream"]
    path = f"/v1/venues/{venue}/codes"
    soon = datetime.now(SHANGHAI) + timedelta(seconds=1)
    expired = worker.record(path, occurred_at="2025-01-01", expires_at=soon.isoformat())
    good, revoked = (worker.record(path, occurred_at="2025-01-01") for _ in range(2))
    worker.record(f"{path}/{revoked['code_id']}/revoke", occurred_at="2025-02-01")
    forged = good["code"][:-5] + "".join("A" if letter != "A" else "B" for letter in good["code"][-5:])
    codes = {"good": good["code"], "revoked": revoked["code"], "forged": forged, "unreadable": "小区门口的码"}
    codes["expired"] = expired["code"]
    while datetime.now(SHANGHAI) < datetime.fromisoformat(expired["expires_at"]):
        Event().wait(0.05)
    return Scan(country, member, running.as_role("member", member=member), venue, codes)


@pytest.mark.parametrize(
    ("which", "status", "code", "place"),
    [
        ("expired", 409, "code_expired", "venue"),
        ("revoked", 409, "code_revoked", "venue"),
        ("forged", 422, "code_invalid", None),
        ("unreadable", 422, "code_invalid", None),
    ],
)
def test_it_is_refused_with_guidance_logged_and_no_event(
    scan: Scan, which: str, status: int, code: str, place: str | None
):
    before, logged = scan.head(), scan.attempts()
    answer = scan.own.post("/v1/check-ins", {"code": scan.codes[which], "occurred_at": THEN})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert "ask the staff" in problem["detail"]
    assert scan.head() == before
    assert scan.attempts() == [*logged, (scan.venue if place else None, code)]


def test_the_guidance_is_in_the_callers_language(scan: Scan):
    headers = {"accept_language": "zh-CN"}
    answer = scan.own.post("/v1/check-ins", {"code": scan.codes["revoked"], "occurred_at": THEN}, **headers)

    assert "请扫描现场的新码" in answer.json()["detail"]


def test_the_member_then_scans_the_code_that_hangs_there_and_is_checked_in(scan: Scan):
    answer = scan.own.record("/v1/check-ins", code=scan.codes["good"], occurred_at=THEN)

    assert answer["member_id"] == scan.member
    assert [event["type"] for event in answer["events"]] == ["checked_in"]
    assert scan.country.state(scan.member, as_of="2025-03-05")["holder"] == "城关"
    assert scan.attempts()[-1] == (scan.venue, "accepted")
