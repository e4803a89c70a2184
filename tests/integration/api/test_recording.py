"""Recording, as INTERFACE says: the answer, keys, versions, who may, and that nothing is stored of what is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.running_service import Person, Running, synthetic_identity_number

DEPARTURE = {"occurred_at": "2025-03-01", "destination": {"region": "620102"}, "reason": "WORK"}


@pytest.fixture
def member(secretary: Person) -> str:
    return secretary.register("MQ-1")


def head(running: Running) -> int:
    return running.service.kiteline.log.max_notification_id() or 0


def test_a_command_answers_201_with_what_was_recorded(secretary: Person, member: str):
    answer = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE)

    body = answer.json()
    assert answer.status_code == 201
    assert (body["member_id"], body["stream"], body["version"]) == (member, member, 2)
    (event,) = body["events"]
    assert body["position"] == event["position"]
    assert event["type"] == "departure_reported"
    assert (event["occurred_at"], event["occurred_precision"]) == ("2025-03-01", "day")
    assert event["recorded_at"].endswith("Z")
    assert event["data"]["destination"] == {"region": "620102"}
    assert event["after"]["stage"] == "reported"
    assert answer.headers["ETag"] == '"2"'


def test_a_recording_without_a_key_is_refused(running: Running, secretary: Person, member: str):
    before = head(running)
    answer = secretary.http.post(f"/v1/members/{member}/report-departure", json=DEPARTURE)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert head(running) == before


def test_the_same_key_and_body_bring_the_first_answer(running: Running, secretary: Person, member: str):
    first = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="once")
    before = head(running)
    again = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="once")

    assert again.status_code == first.status_code
    assert again.text == first.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert head(running) == before


def test_the_same_key_with_another_body_is_refused(secretary: Person, member: str):
    secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="twice")
    other = secretary.post(f"/v1/members/{member}/report-departure", {**DEPARTURE, "reason": "STUDY"}, key="twice")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_the_same_key_for_another_command_is_refused(secretary: Person, member: str):
    body = {"occurred_at": "2025-03-02"}
    secretary.command(member, "report-departure", "2025-03-01", destination={"region": "620102"})
    assert secretary.post(f"/v1/members/{member}/depart", body, key="path").status_code == 201
    other = secretary.post(f"/v1/members/{member}/report-return", body, key="path")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_keys_belong_to_the_caller(running: Running, secretary: Person, member: str):
    colleague = running.as_role("branch_secretary", organisation="MQ-1")
    secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="mine")
    theirs = colleague.post(f"/v1/members/{member}/hold-pre-departure-talk", {"occurred_at": "2025-03-01"}, key="mine")

    assert theirs.status_code == 201
    assert "Idempotency-Replayed" not in theirs.headers


def test_a_key_comes_before_if_match_and_before_rules(secretary: Person, member: str):
    first = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="early", if_match='"1"')
    stale = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="early", if_match='"1"')
    refused = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE)

    assert stale.json() == first.json()
    assert (stale.status_code, refused.status_code) == (201, 409)


def test_only_what_was_recorded_is_remembered(secretary: Person, member: str):
    wrong = {**DEPARTURE, "reason": "HOLIDAY"}
    assert secretary.post(f"/v1/members/{member}/report-departure", wrong, key="again").status_code == 422
    right = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="again")

    assert right.status_code == 201


def test_many_at_once_with_one_key_have_one_effect(running: Running, secretary: Person, member: str):
    before = head(running)
    together = threading.Barrier(8)

    def send(_: int) -> httpx.Response:
        together.wait()
        return secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="race")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_key_in_flight"}
    recorded = [answer.json() for answer in answers if answer.status_code == 201]
    assert all(one == recorded[0] for one in recorded)
    assert head(running) == before + 1


def test_if_match_is_honoured(running: Running, secretary: Person, member: str):
    before = head(running)
    stale = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, if_match='"7"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert stale.headers["ETag"] == '"1"'
    assert head(running) == before

    assert secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, if_match='"1"').status_code == 201


def test_if_match_may_name_the_version_without_quotes(secretary: Person, member: str):
    stale = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, if_match="7")
    right = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, if_match="1")

    assert (stale.status_code, right.status_code) == (412, 201)


@pytest.mark.parametrize("half", ['"1', '1"'])
def test_if_match_with_one_quote_is_no_version(secretary: Person, member: str, half: str):
    answer = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, if_match=half)
    assert answer.status_code == 400


def test_if_match_that_is_no_version_is_told(secretary: Person, member: str):
    answer = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, if_match="seven")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/header/If-Match")


def test_a_refused_rule_is_409_with_its_code(running: Running, secretary: Person, member: str):
    before = head(running)
    answer = secretary.post(f"/v1/members/{member}/hold-return-education", {"occurred_at": "2025-03-01"})

    assert answer.status_code == 409
    assert answer.json()["type"] == f"urn:kiteline:problem:{answer.json()['code']}"
    assert head(running) == before


def test_every_fault_of_the_input_is_named_at_once(running: Running, secretary: Person, member: str):
    before = head(running)
    body = {"occurred_at": "2999-01-01", "destination": {"region": "99"}, "reason": "HOLIDAY", "mood": "good"}
    answer = secretary.post(f"/v1/members/{member}/report-departure", body)

    assert answer.status_code == 422
    faults = {one["pointer"]: one["code"] for one in answer.json()["errors"]}
    assert faults == {
        "/occurred_at": "in_the_future",
        "/destination/region": "unknown_region",
        "/reason": "not_in_list",
        "/mood": "unknown_field",
    }
    reason = next(one for one in answer.json()["errors"] if one["pointer"] == "/reason")
    assert "WORK" in reason["expected"]
    assert head(running) == before


def test_a_foreign_member_is_not_there(running: Running, member: str):
    stranger = running.as_role("branch_secretary", organisation="LZ-1")
    nobody = str(uuid4())

    foreign = stranger.post(f"/v1/members/{member}/report-departure", DEPARTURE)
    unknown = stranger.post(f"/v1/members/{nobody}/report-departure", DEPARTURE)

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json() == unknown.json()
    assert stranger.get(f"/v1/members/{member}").status_code == 404


def test_what_a_role_never_does_is_forbidden(running: Running, member: str):
    auditor = running.as_role("auditor", region="000000")
    answer = auditor.post(f"/v1/members/{member}/report-departure", DEPARTURE)

    assert (answer.status_code, answer.json()["code"]) == (403, "role_may_not")


def test_nobody_acts_for_an_organisation_that_is_not_theirs(secretary: Person, member: str):
    answer = secretary.post(f"/v1/members/{member}/report-departure", {**DEPARTURE, "organisation": "LZ-1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "organisation_not_yours")


def test_an_organisation_that_does_not_exist_is_input_that_is_wrong(secretary: Person, member: str):
    answer = secretary.post(f"/v1/members/{member}/report-departure", {**DEPARTURE, "organisation": "NOWHERE"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/organisation")


def test_a_person_known_to_the_callers_organisation_answers_200_with_the_same_id(secretary: Person):
    person = {"identity_number": synthetic_identity_number(), "name": "测试乙"}
    first = secretary.post("/v1/members", person)
    again = secretary.post("/v1/members", person)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["member_id"] == first.json()["member_id"]
    assert again.json()["events"] == []


def test_a_person_known_elsewhere_is_not_told(running: Running, secretary: Person):
    person = {"identity_number": synthetic_identity_number(), "name": "测试丙"}
    known = secretary.record("/v1/members", **person)
    elsewhere = running.as_role("branch_secretary", organisation="LZ-1").post("/v1/members", person)

    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "registered_elsewhere")
    assert known["member_id"] not in elsewhere.text


def test_nothing_personal_is_in_what_is_answered_or_stored(running: Running, secretary: Person):
    number = synthetic_identity_number()
    answer = secretary.post("/v1/members", {"identity_number": number, "name": "测试丁", "phone": "13900000001"})
    stored = b"".join(row.state for row in running.service.kiteline.log.read_log(1, 10_000))

    assert answer.status_code == 201
    for secret in (number, "测试丁", "13900000001"):
        assert secret not in answer.text
        assert secret.encode() not in stored


def test_one_who_registers_twice_at_once_is_one_member(secretary: Person):
    person = {"identity_number": synthetic_identity_number(), "name": "测试戊"}
    together = threading.Barrier(6)

    def send(_: int) -> httpx.Response:
        together.wait()
        return secretary.post("/v1/members", person)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 200, 201]
    assert len({answer.json()["member_id"] for answer in answers}) == 1


def test_a_list_of_commands_is_recorded_item_by_item(running: Running, secretary: Person, member: str):
    other = secretary.register("MQ-1")
    foreign = running.as_role("branch_secretary", organisation="LZ-1").register("LZ-1")
    items = [
        {"member_id": member, "command": "report-departure", "key": "l1", **DEPARTURE},
        {"member_id": member, "command": "depart", "key": "l2", "occurred_at": "2025-03-02"},
        {"member_id": other, "command": "report-departure", "key": "l3", **DEPARTURE, "reason": "HOLIDAY"},
        {"member_id": foreign, "command": "report-departure", "key": "l4", **DEPARTURE},
        {"member_id": other, "command": "vanish", "key": "l5", "occurred_at": "2025-03-02"},
        {"member_id": other, "command": "return", "occurred_at": "2025-03-02"},
        "not an item",
    ]
    answer = secretary.http.post("/v1/commands", json=items)

    outcomes = answer.json()["items"]
    assert answer.status_code == 207
    assert [one["index"] for one in outcomes] == list(range(7))
    assert [one["status"] for one in outcomes] == [201, 201, 422, 404, 422, 400, 422]
    assert outcomes[1]["body"]["version"] == 3
    assert outcomes[2]["body"]["code"] == "not_in_list"
    assert outcomes[5]["body"]["code"] == "idempotency_key_missing"


def test_a_lists_keys_have_the_meaning_of_the_header(secretary: Person, member: str):
    alone = secretary.post(f"/v1/members/{member}/report-departure", DEPARTURE, key="shared")
    item = {"member_id": member, "command": "report-departure", "key": "shared", **DEPARTURE}
    (outcome,) = secretary.http.post("/v1/commands", json=[item]).json()["items"]
    (other,) = secretary.http.post("/v1/commands", json=[{**item, "reason": "CARE"}]).json()["items"]

    assert (outcome["status"], outcome["replayed"]) == (201, True)
    assert outcome["body"] == alone.json()
    assert (other["status"], other["body"]["code"]) == (422, "idempotency_key_reused")


def test_a_list_longer_than_a_thousand_is_refused_whole(running: Running, secretary: Person, member: str):
    before = head(running)
    item = {"member_id": member, "command": "depart", "occurred_at": "2025-03-02"}
    answer = secretary.http.post("/v1/commands", json=[{**item, "key": f"n{number}"} for number in range(1001)])

    assert answer.status_code == 422
    assert head(running) == before


def test_codes_of_a_person_are_of_their_lists(department: Person):
    answer = department.post(
        "/v1/members",
        {
            "identity_number": synthetic_identity_number(),
            "name": "测试癸",
            "organisation": "MQ-1",
            "ethnicity": "99",
            "education": "01",
        },
    )
    assert answer.status_code == 422
    assert {one["pointer"]: one["code"] for one in answer.json()["errors"]} == {
        "/ethnicity": "not_in_list",
        "/education": "not_in_list",
    }


def test_a_correction_of_a_field_that_is_not_there_names_those_that_are(department: Person):
    member = department.register("MQ-1")
    event = department.command(member, "record-contact", "2025-02-03", channel="PHONE")["events"][0]["event_id"]
    answer = department.post(
        f"/v1/members/{member}/correct-event",
        {"occurred_at": "2025-02-04", "event_id": event, "changes": {"place": "x"}, "reason": "x"},
    )
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/changes/place", "unknown_field")
    assert {"channel", "points", "occurred_at", "organisation"} <= set(error["expected"])


def test_what_is_missing_is_said_to_be_missing_and_a_note_is_text(department: Person):
    member = department.register("MQ-1")
    organisation = department.post("/v1/organisations", {"code": "MQ-9", "name": "样例", "kind": "BRANCH"})
    note = department.post(f"/v1/members/{member}/depart", {"occurred_at": "2025-02-03", "note": 5})

    for answer, pointer, code in ((organisation, "/region", "missing"), (note, "/note", "unreadable")):
        assert answer.status_code == 422
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
