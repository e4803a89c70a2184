"""Registers about people whom others have recorded already: what is known stays as it is, what is new is added."""

from typing import Any

import pytest

from tests.running_service import Person, Running, synthetic_identity_number

AWAY = "姓名,公民身份号码,党员类别,流出党支部,流出时间,流入地,返回时间"
HERE = "姓名,公民身份号码,党员类别,流出地党组织,流入时间,流入地,编入支部"


@pytest.fixture
def number() -> str:
    return synthetic_identity_number()


def imported(running: Running, organisation: str, head: str, *cells: str) -> dict[str, Any]:
    """Import a register of one person; the counts, and the errors' places."""
    content = f"{head}\n{','.join(cells)}\n".encode()
    sent = running.department.http.post(
        "/v1/imports",
        files={"file": ("register.csv", content)},
        data={"organisation": organisation},
        headers={"Idempotency-Key": synthetic_identity_number()},
    )
    assert sent.status_code == 201, sent.text
    report: dict[str, Any] = sent.json()
    running.latest = max(running.latest, report["position"])
    return report


def outcome(report: dict[str, Any]) -> str:
    return next(name for name in ("accepted", "already_known", "rejected") if report[name])


def settled(department: Person, number: str, **acceptance: str) -> str:
    """A member who left on 1 April, was scanned on the 3rd and accepted on the 4th."""
    member = department.register("MQ-1", name="测试壬", identity_number=number)
    department.command(member, "depart", "2025-04-01", destination={"region": "620102"})
    department.command(member, "check-in", "2025-04-03T10:00:00+08:00", region="620102", channel="CODE")
    if acceptance:
        department.command(member, "accept", "2025-04-04T10:00:00+08:00", **acceptance)
    return member


def told(department: Person, member: str) -> list[tuple[str, str]]:
    items = department.ask(f"/v1/members/{member}/history")["items"]
    assert [one["flags"] for one in items if one["flags"]] == []
    return [(one["type"], one["occurred_at"]) for one in items if one["type"] not in ("member_registered", PERSONAL)]


PERSONAL = "personal_data_updated"
LEFT = ("departed", "2025-04-01")
SCANNED = ("checked_in", "2025-04-03T10:00:00+08:00")
TAKEN = ("accepted", "2025-04-04T10:00:00+08:00")


def test_what_was_recorded_to_the_minute_is_known_from_a_register_of_days(
    running: Running, department: Person, number: str
):
    member = settled(department, number, organisation="LZ-1")
    row = ("测试壬", number, "正式党员", "样例MQ-1", "2025-04-03", "620102", "样例LZ-1")
    imported(running, "LZ", HERE, *row)  # the words that it has for the home are new

    assert outcome(imported(running, "LZ", HERE, *row)) == "already_known"
    assert told(department, member) == [LEFT, SCANNED, TAKEN]


def test_a_month_stands_for_the_day_in_it_that_is_known(running: Running, department: Person, number: str):
    member = settled(department, number, organisation="LZ-1")
    department.command(member, "return", "2025-06-10T08:00:00+08:00")
    department.command(member, "hold-return-education", "2025-06-12")
    report = imported(running, "MQ", AWAY, "测试壬", number, "正式党员", "MQ-1", "2025.04", "兰州城关", "2025年6月")

    assert outcome(report) == "already_known"
    assert len(told(department, member)) == 5


def test_a_second_absence_within_the_same_month_is_new(running: Running, number: str):
    row = ("测试壬", number, "正式党员", "MQ-1")
    imported(running, "MQ", AWAY, *row, "2024.04", "兰州城关", "2024-04-10")
    report = imported(running, "MQ", AWAY, *row, "2024-04-20", "兰州城关", "")

    assert outcome(report) == "accepted"


def test_an_arrival_by_code_is_answered_by_the_register_on_its_own_day(
    running: Running, department: Person, number: str
):
    member = settled(department, number)
    report = imported(running, "LZ", HERE, "测试壬", number, "正式党员", "样例MQ-1", "2025.04", "620102", "样例LZ-1")
    leg = department.ask(f"/v1/members/{member}")["movement"]["legs"][-1]

    assert outcome(report) == "accepted"
    assert told(department, member) == [
        LEFT, SCANNED, ("accepted", "2025-04-03"), ("placed_in_branch", "2025-04-03"),
    ]  # fmt: skip
    assert (leg["accepted_by"], leg["branch"], leg["placement"]) == ("LZ", "LZ-1", "RESIDENCE")


def test_who_was_accepted_by_the_committee_is_placed_by_the_register(running: Running, department: Person, number: str):
    member = settled(department, number, organisation="LZ")
    report = imported(running, "LZ", HERE, "测试壬", number, "正式党员", "样例MQ-1", "2025-04-03", "620102", "样例LZ-1")

    assert outcome(report) == "accepted"
    assert told(department, member) == [LEFT, SCANNED, TAKEN, ("placed_in_branch", "2025-04-04")]


def test_another_branch_than_the_record_is_an_error_of_its_cell(running: Running, department: Person, number: str):
    member = settled(department, number, organisation="LZ-1")
    report = imported(running, "LZ", HERE, "测试壬", number, "正式党员", "样例MQ-1", "2025-04-03", "620102", "样例LZ-2")

    [error] = report["errors"]
    assert (error["row"], error["column"], error["field"], error["code"]) == (
        2,
        "编入支部",
        "branch",
        "placed_elsewhere",
    )
    assert told(department, member) == [LEFT, SCANNED, TAKEN]


def test_what_a_rule_refuses_names_the_cell_that_brings_it(running: Running, department: Person, number: str):
    settled(department, number)
    elsewhere = imported(running, "MQ", AWAY, "测试壬", number, "正式党员", "MQ-1", "2025-04-02", "成都锦江", "")
    other_name = imported(running, "MQ", AWAY, "测试癸", number, "正式党员", "MQ-1", "2025-04-01", "兰州城关", "")

    assert [(one["column"], one["field"]) for one in elsewhere["errors"]] == [("流出时间", "departed_on")]
    assert [(one["column"], one["field"]) for one in other_name["errors"]] == [("姓名", "name")]


def test_no_home_is_made_up_for_somebody_who_has_one(running: Running, department: Person, number: str):
    settled(department, number)
    before = len(department.ask("/v1/organisations", limit=1000)["items"])
    imported(running, "LZ", HERE, "测试壬", number, "正式党员", "某某样例公司党支部", "2025-04-03", "620102", "")

    assert len(department.ask("/v1/organisations", limit=1000)["items"]) == before


def test_what_each_absence_of_a_person_says_of_work_does_not_come_and_go(running: Running, number: str):
    """The latest absence tells the telephone and the work; a register of all of them brings nothing twice."""
    head = "姓名,公民身份号码,党员类别,流出党支部,流出时间,流入地,返回时间,外出从业单位"
    who = f"测试壬,{number},正式党员,MQ-1"
    absences = [
        f"{who},2022-03-01,兰州城关,2022-09-01,样例一厂",
        f"{who},2024-03-01,兰州城关,,样例三厂",
        f"{who},2023-03-01,兰州城关,2023-09-01,样例二厂",
    ]
    first, again = (imported(running, "MQ", "\n".join([head, *absences[:2]]), absences[2]) for _ in range(2))
    [member] = running.department.ask("/v1/members", search=number)["items"]
    told = running.department.ask(f"/v1/members/{member['member_id']}", fields="employer", purpose="check")

    assert (first["accepted"], first["already_known"]) == (3, 0)
    assert (again["accepted"], again["already_known"]) == (0, 3)
    assert told["personal"] == {"employer": "样例三厂"}
