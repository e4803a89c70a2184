"""Checking in: by the member, by an office with a code or at its venue; who is told what, and what is logged."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from infra.check_in_codes.rotating_number import number_at
from tests.integration.check_ins.conftest import THEN, Station
from tests.running_service import Person, Running, synthetic_identity_number

PATH = "/v1/check-ins"
UNKNOWN = "identity_not_confirmed"


def person(name: str = "样例一", **more: object) -> dict[str, object]:
    return {"identity_number": synthetic_identity_number(), "name": name, "occurred_at": THEN, **more}


def test_a_member_scans_and_is_checked_in(station: Station, own: Person, member: str, code: str):
    answer = own.record(PATH, code=code, occurred_at=THEN)

    (event,) = answer["events"]
    assert answer["member_id"] == answer["stream"] == member
    assert event["type"] == "checked_in"
    assert event["data"] == {"region": "620102", "channel": "CODE", "venue": station.venue} | {
        name: value for name, value in event["data"].items() if name == "movement_id"
    }
    assert event["after"]["stage"] == "checked_in"
    assert station.attempts(f"own-{member}") == [(station.venue, "accepted")]
    assert station.worker.ask(f"/v1/members/{member}")["holder"] == "CG"


def test_a_member_names_nobody_else(own: Person, code: str):
    answer = own.post(PATH, {**person(), "code": code})

    assert answer.status_code == 422
    assert {one["pointer"] for one in answer.json()["errors"]} == {"/identity_number", "/name"}


def test_the_first_answer_is_given_again_and_both_are_logged(station: Station, own: Person, member: str, code: str):
    body = {"code": code, "occurred_at": THEN}
    first = own.post(PATH, body, key="scan")
    before = station.head()
    again = own.post(PATH, body, key="scan")

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert station.head() == before
    assert station.attempts(f"own-{member}") == [(station.venue, "accepted"), (station.venue, "replayed")]


def test_a_lost_answer_is_found_though_the_code_has_been_withdrawn_since(station: Station, own: Person):
    issued = station.issue()
    body = {"code": issued["code"], "occurred_at": THEN}
    first = own.post(PATH, body, key="withdrawn")
    station.revoke(issued["code_id"])

    assert own.post(PATH, body, key="withdrawn").json() == first.json()
    assert own.post(PATH, body, key="another").json()["code"] == "code_revoked"


def test_the_same_key_with_another_body_is_refused(own: Person, code: str):
    own.post(PATH, {"code": code, "occurred_at": THEN}, key="other-body")
    answer = own.post(PATH, {"code": code, "occurred_at": "2025-03-06"}, key="other-body")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_worker_scans_for_a_known_person(running: Running, station: Station, code: str):
    known = person("测试乙")
    member = running.as_role("branch_secretary", organisation="MQ-1").register(
        "MQ-1", identity_number=known["identity_number"], name="测试乙"
    )
    answer = station.worker.record(PATH, **known, code=code)

    assert answer["member_id"] == member
    assert answer["events"][0]["data"]["channel"] == "CODE"


def test_an_unknown_person_is_registered_with_an_external_home(station: Station):
    answer = station.worker.record(PATH, **person(), venue=station.venue, origin_region="330105")

    registered, checked_in = answer["events"]
    home = registered["data"]["affiliation"]
    assert [registered["type"], checked_in["type"]] == ["member_registered", "checked_in"]
    assert checked_in["data"]["channel"] == "WORKER"
    assert checked_in["after"]["movement"]["region"] == "620102"
    (organisation,) = station.worker.ask("/v1/organisations", search=home)["items"]
    assert (organisation["external"], organisation["region"]) == (True, "330105")


def test_an_unknown_person_with_a_known_home_belongs_there(running: Running, station: Station, code: str):
    answer = station.worker.record(PATH, **person(), code=code, origin_organisation="MQ-1", category="PROBATIONARY")

    assert answer["events"][0]["data"] == {"category": "PROBATIONARY", "affiliation": "MQ-1"}
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    assert secretary.get(f"/v1/members/{answer['member_id']}").status_code == 200


def test_a_registration_by_check_in_is_answered_again_too(station: Station, code: str):
    body = {**person(), "code": code}
    first = station.worker.post(PATH, body, key="registered")
    again = station.worker.post(PATH, body, key="registered")

    assert len(first.json()["events"]) == 2
    assert again.json() == first.json()


def test_the_same_person_at_two_desks_at_once_is_one_member(running: Running, code: str):
    workers = [running.as_role("community_worker", organisation="CG") for _ in range(4)]
    body = person()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda worker: worker.record(PATH, **body, code=code), workers))

    assert len({answer["member_id"] for answer in answers}) == 1
    assert sorted(event["type"] for answer in answers for event in answer["events"]) == [
        *(["checked_in"] * 4),
        "member_registered",
    ]


def test_a_wrong_name_is_told_as_such_to_who_may_see_the_person(station: Station, code: str):
    body = person("测试丙")
    station.worker.record(PATH, **body, code=code)
    answer = station.worker.post(PATH, {**body, "name": "测试丁", "code": code})

    assert (answer.status_code, answer.json()["code"]) == (409, "name_disagrees")


def test_who_may_not_register_cannot_tell_an_unknown_number_from_a_wrong_name(
    running: Running, station: Station, code: str
):
    liaison = running.as_role("liaison", organisation="CG-1", subject="liaison-guess")
    known = person("测试戊")
    station.worker.record(PATH, **known, code=code)
    before = station.head()
    unknown, wrong = (liaison.post(PATH, {**body, "code": code}) for body in (person(), {**known, "name": "测试己"}))

    assert unknown.status_code == 409
    assert unknown.json() == wrong.json()
    assert unknown.json()["code"] == UNKNOWN
    assert station.head() == before
    assert station.attempts("liaison-guess") == [(station.venue, UNKNOWN)] * 2


def test_who_is_not_concerned_is_told_that_it_was_recorded_and_no_more(running: Running, station: Station, code: str):
    stranger = running.as_role("community_worker", organisation="MQ")
    known = person("测试庚")
    station.worker.record(PATH, **known, code=code)
    answers = [stranger.record(PATH, **one, code=code) for one in (known, person())]

    for answer in answers:
        (event,) = answer["events"]
        assert (answer["member_id"], answer["stream"], answer["version"]) == (None, None, 0)
        assert (event["type"], event["after"]) == ("checked_in", None)


def test_a_foreign_venue_cannot_be_named_without_its_code(running: Running, station: Station):
    stranger = running.as_role("community_worker", organisation="MQ", subject="stranger-mq")
    answer = stranger.post(PATH, {**person(), "venue": station.venue})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert station.attempts("stranger-mq") == [(station.venue, "not_found")]


def test_a_branch_of_the_venues_committee_works_there(running: Running, station: Station):
    branch = running.as_role("branch_secretary", organisation="CG-1")

    answer = branch.record(PATH, **person(), venue=station.venue)

    # The case is the committee's until it hands it over: till then the branch reads no more of it than anybody.
    assert answer["events"][0]["data"]["channel"] == "WORKER"
    assert answer["member_id"] is None


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"identity_number": "990000199001010016"}, "/identity_number", "identity_number_invalid"),
        ({"identity_number": None}, "/identity_number", "missing"),
        ({"name": " "}, "/name", "unreadable"),
        ({"venue": "here"}, "/venue", "unreadable"),
        ({"venue": None}, "/code", "missing"),
        ({"code": "AAAA"}, "/code", "unreadable"),
        ({"occurred_at": None}, "/occurred_at", "missing"),
        ({"occurred_at": "2098-01-01"}, "/occurred_at", "in_the_future"),
        ({"origin_organisation": "NOBODY"}, "/origin_organisation", "unknown_organisation"),
        ({"origin_region": "000000"}, "/origin_region", "unknown_region"),
        ({"category": "GUEST"}, "/category", "not_in_list"),
        ({"number": 123456}, "/number", "unreadable"),
        ({"coordinates": [1, 2]}, "/coordinates", "unknown_field"),
    ],
)
def test_faults_are_named(running: Running, station: Station, change: dict[str, object], pointer: str, code: str):
    worker = running.as_role("community_worker", organisation="CG")
    before = station.head()
    answer = worker.post(PATH, {**person(), "venue": station.venue, **change})

    assert answer.status_code == 422
    assert (pointer, code) in {(one["pointer"], one["code"]) for one in answer.json()["errors"]}
    assert station.head() == before


def test_what_is_odd_is_recorded_and_flagged_like_any_check_in(running: Running, code: str):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    member = secretary.register("MQ-1")
    own = running.as_role("member", member=member)
    secretary.command(member, "depart", "2025-06-02", destination={"region": "620102"})
    secretary.command(member, "return", "2025-07-01")
    own.record(PATH, code=code, occurred_at="2025-07-02T10:00:00+08:00")

    assert own.ask(f"/v1/members/{member}")["flags"] == ["after_return"]


def test_the_number_on_the_screen_is_asked_for(station: Station, own: Person, member: str):
    issued = station.issue(rotates_every=600)
    secret = station.running.service.check_ins._signer.read(issued["code"])
    assert secret is not None
    key = station.running.service.check_ins._signer.secret(secret.venue_id, secret.number, 1)
    now_us = time.time_ns() // 1000
    shown = number_at(key, 600, now_us)
    wrong = f"{(int(shown) + 1) % 1_000_000:06d}"
    moment = {"code": issued["code"], "occurred_at": "2025-03-05T10:00:00+08:00"}

    for body in (moment, {**moment, "number": wrong}):
        answer = own.post(PATH, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "code_number_wrong")
    assert own.post(PATH, {**moment, "number": shown}).status_code == 201
    assert [outcome for _, outcome in station.attempts(f"own-{member}")] == [
        "code_number_wrong",
        "code_number_wrong",
        "accepted",
    ]


def test_an_offline_list_is_judged_by_the_number_and_the_code_of_its_time(running: Running, station: Station):
    issued = station.issue(rotates_every=60)
    at_us = 1_741_140_000 * 1_000_000  # 2025-03-05T10:00:00+08:00
    signer = running.service.check_ins._signer
    text = signer.read(issued["code"])
    assert text is not None
    number = number_at(signer.secret(text.venue_id, text.number, 1), 60, at_us)
    station.revoke(issued["code_id"])
    listed = {"code": issued["code"], "number": number}

    assert station.worker.post(PATH, {**person(), **listed}).status_code == 201
    later = station.worker.post(PATH, {**person(), **listed, "occurred_at": "2025-03-05T10:05:00+08:00"})
    assert later.json()["code"] == "code_number_wrong"
    day = station.worker.post(PATH, {**person(), **listed, "occurred_at": "2025-03-05"})
    assert (day.status_code, day.json()["errors"][0]["pointer"]) == (422, "/occurred_at")


def test_guessing_numbers_is_slowed_down(running: Running, station: Station, member: str):
    issued = station.issue(rotates_every=30)
    guesser = running.as_role("member", member=member, subject="guesser")
    body = {"code": issued["code"], "occurred_at": THEN, "number": "000000"}
    answers = [guesser.post(PATH, body) for _ in range(12)]

    assert [answer.json()["code"] for answer in answers[:10]] == ["code_number_wrong"] * 10
    assert [answer.status_code for answer in answers[10:]] == [429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 601
    assert station.attempts("guesser")[-1] == (station.venue, "too_many_attempts")


def test_a_code_withdrawn_in_another_process_stops_to_count(running: Running, station: Station, own: Person):
    issued = station.issue()
    body = {"code": issued["code"], "occurred_at": THEN}
    assert own.post(PATH, body).status_code == 201
    known = running.service.known_venues
    kept = known._kept.copy()
    station.revoke(issued["code_id"])
    known._kept.update(kept)  # as another process would still have it
    known._looked_us -= 2_000_000

    assert own.post(PATH, body, key=str(uuid4())).json()["code"] == "code_revoked"


def test_attempts_are_never_changed(station: Station, own: Person, code: str):
    own.record(PATH, code=code, occurred_at=THEN)
    with (
        psycopg.connect(station.running.service.settings.database_url or "") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM check_in_attempt")


def test_nothing_personal_is_logged_of_an_attempt(station: Station, code: str):
    body = person("测试辛")
    station.worker.record(PATH, **body, code=code)
    with station.running.service.kiteline.log.reading() as connection:
        text = str(connection.execute("SELECT * FROM check_in_attempt").fetchall())

    assert str(body["identity_number"]) not in text
    assert "测试辛" not in text
    assert code not in text
