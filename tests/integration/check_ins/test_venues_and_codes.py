"""Venues open where their organisation is; codes are issued, told again for the same key, and withdrawn."""

from datetime import datetime, timedelta

import pytest

from domain.times import SHANGHAI
from infra.check_in_codes.rotating_number import number_at
from tests.integration.check_ins.conftest import Station
from tests.running_service import Person, Running

VENUE = {"name": "样例窗口", "region": "620102", "kind": "WINDOW", "occurred_at": "2025-01-01"}


def test_a_venue_opens_on_a_stream_of_its_own(station: Station):
    answer = station.worker.post("/v1/venues", VENUE)

    body = answer.json()
    (event,) = body["events"]
    assert answer.status_code == 201
    assert body["member_id"] is None
    assert (event["type"], event["after"]) == ("venue_opened", None)
    assert event["data"] == {"name": "样例窗口", "region": "620102", "kind": "WINDOW"}
    assert answer.headers["ETag"] == '"1"'


def test_every_fault_of_a_venue_is_named(station: Station):
    answer = station.worker.post("/v1/venues", {"name": "", "region": "62", "kind": "CAFE", "place": 1})

    assert answer.status_code == 422
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/name", "missing"),
        ("/region", "unknown_region"),
        ("/kind", "not_in_list"),
        ("/place", "unknown_field"),
    }


def test_a_venue_lies_where_its_organisation_is(station: Station):
    answer = station.worker.post("/v1/venues", {**VENUE, "region": "620621"})

    assert (answer.status_code, answer.json()["code"]) == (409, "venue_elsewhere")


def test_an_organisation_stationed_away_opens_its_venue_there(running: Running):
    running.department.organise("MQ-AWAY", "620621", parent="MQ", stationed_in="510104")
    away = running.as_role("branch_secretary", organisation="MQ-AWAY")

    answer = away.record("/v1/venues", name="样例联络站", region="510104", kind="LIAISON_STATION")
    assert away.record(f"/v1/venues/{answer['stream']}/codes")["code"]


@pytest.mark.parametrize("role", ["liaison", "auditor", "member", "sister_system", "operator"])
def test_only_an_office_opens_venues_and_issues_codes(running: Running, station: Station, member: str, role: str):
    who = running.as_role(role, organisation="CG", region="620102", member=member)

    assert who.post("/v1/venues", VENUE).status_code == 403
    assert who.post(f"/v1/venues/{station.venue}/codes", {}).status_code == 403


def test_anothers_venue_is_not_there(running: Running, station: Station):
    stranger = running.as_role("community_worker", organisation="MQ")
    nobodys = "11111111-2222-4333-8444-555555555555"
    answers = [stranger.post(f"/v1/venues/{one}/codes", {}) for one in (station.venue, nobodys, "CG")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers[:2]}) == 1


def test_a_code_is_told_with_its_id_its_end_and_its_link(station: Station):
    last_day = datetime.now(SHANGHAI).date() + timedelta(days=300)
    answer = station.worker.record(f"/v1/venues/{station.venue}/codes", expires_at=last_day.isoformat())

    assert answer["link"] == f"/c/{answer['code']}"
    assert len(answer["code"]) == 53
    assert answer["code_id"] == answer["events"][0]["event_id"]
    assert answer["expires_at"] == f"{last_day + timedelta(days=1)}T00:00:00+08:00"
    assert answer["number"] is None


def test_the_log_does_not_hold_the_text(station: Station):
    answer = station.issue(rotates_every=30)
    (row,) = station.running.service.kiteline.log.read_log(answer["position"], 1)

    assert answer["code"].encode() not in row.state
    assert answer["number"]["secret"].encode() not in row.state
    assert row.concerns == []


def test_a_lost_answer_is_given_again_with_the_same_code(station: Station):
    path, body = f"/v1/venues/{station.venue}/codes", {"rotates_every": 60}
    first = station.worker.post(path, body, key="lost")
    again = station.worker.post(path, body, key="lost")

    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_rotating_number_comes_with_a_link_for_any_authenticator(station: Station):
    number = station.issue(rotates_every=45)["number"]

    assert (number["digits"], number["every_seconds"]) == (6, 45)
    assert number["uri"].startswith("otpauth://totp/Kiteline")
    assert f"secret={number['secret']}" in number["uri"]
    assert "period=45" in number["uri"]
    assert len(number_at(b"", 45, 0)) == number["digits"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"expires_at": "2020-01-01"}, "/expires_at"),
        ({"expires_at": "2999-01-01"}, "/expires_at"),
        ({"expires_at": "tomorrow"}, "/expires_at"),
        ({"expires_at": 5}, "/expires_at"),
        ({"rotates_every": 5}, "/rotates_every"),
        ({"rotates_every": True}, "/rotates_every"),
        ({"for": "ever"}, "/for"),
        ({"occurred_at": "2098-01-01"}, "/occurred_at"),
        ({"organisation": "NOBODY"}, "/organisation"),
    ],
)
def test_a_code_that_cannot_be_is_refused(station: Station, body: dict[str, object], pointer: str):
    before = station.head()
    answer = station.worker.post(f"/v1/venues/{station.venue}/codes", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert station.head() == before


def test_a_code_is_withdrawn_by_its_id_or_by_its_text_and_only_once(station: Station):
    one, other = station.issue(), station.issue()
    by_id = station.revoke(one["code_id"])
    by_text = station.revoke(other["code"])
    again = station.worker.post(f"/v1/venues/{station.venue}/codes/{one['code_id']}/revoke", {})

    assert by_id["events"][0]["data"] == {"code": one["code_id"]}
    assert by_text["events"][0]["data"] == {"code": other["code_id"]}
    assert (again.status_code, again.json()["code"]) == (409, "already_revoked")


def test_what_is_no_code_of_the_venue_cannot_be_withdrawn(station: Station, code: str):
    other = station.worker.record("/v1/venues", **VENUE)["stream"]
    for unknown in ("nothing", "11111111-2222-4333-8444-555555555555"):
        assert station.worker.post(f"/v1/venues/{station.venue}/codes/{unknown}/revoke", {}).status_code == 404
    assert station.worker.post(f"/v1/venues/{other}/codes/{code}/revoke", {}).status_code == 404


def test_if_match_is_honoured(station: Station):
    venue = station.worker.record("/v1/venues", **VENUE)["stream"]
    path = f"/v1/venues/{venue}/codes"

    assert station.worker.post(path, {}, if_match='"7"').status_code == 412
    assert station.worker.post(path, {}, if_match='"1"').headers["ETag"] == '"2"'


def test_two_issues_at_once_are_two_codes(running: Running, station: Station):
    colleague: Person = running.as_role("community_worker", organisation="CG")
    texts = {station.issue()["code"], colleague.record(f"/v1/venues/{station.venue}/codes")["code"]}

    assert len(texts) == 2
