"""Whom the facts of a transfer concern, who may take its steps, and that lists of commands know them."""

import pytest

from tests.running_service import Answer, Person, Running

HOME, THERE, ELSEWHERE = "620621", "620102", "510104"


def concerns(running: Running, answer: Answer) -> list[str]:
    """Return the regions that a recorded event was written for."""
    (fact,) = running.service.kiteline.read_facts(answer["position"], 1)
    return list(fact.concerns)


def lettered(department: Person, number: str = "样例1号") -> tuple[str, list[Answer]]:
    """Return a member of Minqin with a letter for Chengguan, and the answers on the way."""
    member = department.register("MQ-1")
    answers = [
        department.command(member, "request-transfer", "2025-03-01", to_organisation="LZ-1"),
        department.command(member, "approve-transfer", "2025-03-02"),
        department.command(member, "issue-transfer-letter", "2025-03-03", letter_number=number),
    ]
    return member, answers


def test_the_facts_of_a_transfer_go_to_both_sides_and_what_else_happens_meanwhile_does_not(
    running: Running, department: Person
):
    member, answers = lettered(department)
    assert [concerns(running, answer) for answer in answers] == [[THERE, HOME]] * 3
    away = department.command(member, "depart", "2025-03-05", destination={"region": ELSEWHERE})
    assert concerns(running, away) == [ELSEWHERE, HOME]
    accepted = department.command(member, "accept-transfer", "2025-03-20", document="补记1号")
    assert concerns(running, accepted) == [ELSEWHERE, THERE, HOME]
    contact = department.command(member, "record-contact", "2025-03-25", channel="PHONE", organisation="LZ-1")
    assert concerns(running, contact) == [THERE]  # beyond that a contact goes by agreement only
    receipt = department.command(member, "return-receipt", "2025-04-01")
    assert concerns(running, receipt) == [ELSEWHERE, THERE, HOME]


def test_corrections_and_voids_go_where_the_fact_went_and_where_it_goes_now(running: Running, department: Person):
    department.organise("JJ-1", ELSEWHERE)
    member, answers = lettered(department)
    (asked,) = answers[0]["events"]
    changes = {"to_organisation": "JJ-1"}
    corrected = department.command(
        member, "correct-event", "2025-03-10", event_id=asked["event_id"], changes=changes, organisation="MQ"
    )
    assert concerns(running, corrected) == [ELSEWHERE, THERE, HOME]
    assert department.ask(f"/v1/members/{member}")["transfer"]["to"] == "JJ-1"


def test_what_is_stored_with_a_fact_of_a_transfer_tells_the_other_side_all_of_it(department: Person):
    _, answers = lettered(department, "样例2号")
    (event,) = answers[-1]["events"]
    assert event["after"]["transfer"].items() >= {
        "from": "MQ-1", "to": "LZ-1", "status": "letter_issued",
        "letter_number": "样例2号", "valid_until": "2025-04-02",
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("role", "organisation", "verb", "status"),
    [
        ("branch_secretary", "LZ-1", "accept-transfer", 201),
        ("community_worker", "LZ-1", "accept-transfer", 201),
        ("community_worker", "LZ", "reject-transfer", 201),
        ("branch_secretary", "MQ-1", "withdraw-transfer", 201),
        ("liaison", "LZ-1", "accept-transfer", 403),
        ("community_worker", "MQ-1", "reissue-transfer-letter", 403),
        ("branch_secretary", "MQ-1", "accept-transfer", 409),
        ("branch_secretary", "LZ-1", "reissue-transfer-letter", 409),
        ("branch_secretary", "LZ-2", "accept-transfer", 404),
        ("branch_secretary", "MQ-2", "withdraw-transfer", 404),
    ],
)
def test_each_side_takes_its_own_steps(
    running: Running, department: Person, role: str, organisation: str, verb: str, status: int
):
    member, _ = lettered(department)
    own = {
        "accept-transfer": {"document": "补记1号"},
        "reject-transfer": {"reason": "WRONG_ADDRESSEE"},
        "reissue-transfer-letter": {"letter_number": "样例9号"},
    }.get(verb, {})
    person = running.as_role(role, organisation=organisation)
    answer = person.post(f"/v1/members/{member}/{verb}", {"occurred_at": "2025-03-10", **own})
    assert answer.status_code == status, answer.text


def test_a_member_asks_for_a_transfer_and_takes_no_other_step(running: Running, department: Person):
    member = department.register("MQ-1")
    own = running.as_role("member", member=member)
    own.command(member, "request-transfer", "2025-03-01", to_organisation="LZ-1")
    for verb in ("approve-transfer", "withdraw-transfer"):
        refused = own.post(f"/v1/members/{member}/{verb}", {"occurred_at": "2025-03-02"})
        assert (refused.status_code, refused.json()["code"]) == (403, "role_may_not")
    assert own.ask(f"/v1/members/{member}")["transfer"]["status"] == "requested"


def test_an_offline_list_takes_the_steps_of_a_transfer_one_after_another(department: Person):
    member = department.register("MQ-1")
    steps: list[dict[str, object]] = [
        {"command": "request-transfer", "occurred_at": "2025-03-01", "to_organisation": "LZ-1"},
        {"command": "approve-transfer", "occurred_at": "2025-03-02"},
        {"command": "issue-transfer-letter", "occurred_at": "2025-03-03", "letter_number": "样例5号", "valid_days": 20},
        {"command": "accept-transfer", "occurred_at": "2025-03-24", "document": "补记1号"},
    ]
    items = [{"member_id": member, "key": f"step-{index}", **step} for index, step in enumerate(steps)]
    answer = department.post("/v1/commands", items)
    outcomes = answer.json()["items"]
    assert [one["status"] for one in outcomes] == [201, 201, 201, 409]
    assert outcomes[-1]["body"]["code"] == "letter_expired"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("valid_days", 0, "unreadable"),
        ("valid_days", 367, "unreadable"),
        ("valid_days", "90", "unreadable"),
        ("valid_days", True, "unreadable"),
        ("letter_number", "", "missing"),
        ("letter_number", "13800138000", "unreadable"),
    ],
)
def test_a_letter_that_cannot_be_read_is_refused_by_its_field(department: Person, field: str, value: object, code: str):
    member = department.register("MQ-1")
    department.command(member, "request-transfer", "2025-03-01", to_organisation="LZ-1")
    body = {"occurred_at": "2025-03-03", "letter_number": "样例6号", field: value}
    refused = department.post(f"/v1/members/{member}/issue-transfer-letter", body)
    assert refused.status_code == 422
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(f"/{field}", code)]
