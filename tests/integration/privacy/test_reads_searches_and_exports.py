"""Who looked at whom and what left as a file is on record; nobody walks the register by searching."""

import hashlib
import io
from collections.abc import Iterator
from uuid import uuid4

import httpx
import psycopg
import pytest
from python_calamine import CalamineWorkbook

from api.housekeeping import forgetting
from infra.database.embedded import EmbeddedPostgres
from tests.running_service import Person, Running, service_on_fresh_database, synthetic_identity_number

NAME = "样例读者"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("home")
    with service_on_fresh_database(postgres, home, searches_per_minute=5, searches_per_day=7) as service:
        department = service.department
        department.organise("县委", "620621", kind="COMMITTEE")
        department.organise("支部", "620621", parent="县委")
        department.organise("别处", "510104", kind="COMMITTEE")
        yield service


@pytest.fixture
def department(running: Running) -> Person:
    return running.department


def away(department: Person, count: int, **fields: str) -> list[str]:
    members = [department.register("支部", **fields) for _ in range(count)]
    for member in members:
        department.command(member, "report-departure", "2025-03-01", destination={"region": "510104"})
        department.command(member, "depart", "2025-03-05")
    return members


def as_owner(running: Running) -> psycopg.Connection[tuple[object, ...]]:
    url = running.service.settings.database_url
    assert url is not None
    return psycopg.connect(url, autocommit=True)


def cells(answer: httpx.Response) -> list[list[str]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return [[str(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False)]


def test_what_a_read_was_for_is_shown_to_the_member_and_goes_with_the_personal_data(
    running: Running, department: Person
):
    member = department.register("支部", name=NAME)
    department.ask(f"/v1/members/{member}", fields="name", purpose=f"为{NAME}核对")
    subject = running.as_role("member", member=member)
    (read,) = subject.ask(f"/v1/members/{member}/reads")["items"]
    assert (read["reader"], read["fields"], read["purpose"]) == (read["reader"], ["name"], f"为{NAME}核对")

    with running.service.kiteline.log.reading() as connection:
        for row in connection.execute("SELECT row_to_json(r)::text FROM personal_read AS r"):
            assert NAME not in row[0]
    done = department.http.request(
        "DELETE", f"/v1/members/{member}/personal-data", headers={"Idempotency-Key": str(uuid4())}
    )
    assert done.status_code == 201
    (read,) = department.ask(f"/v1/members/{member}/reads")["items"]
    assert (read["fields"], read["purpose"]) == (["name"], None)


def test_reads_are_kept_for_their_time_and_then_go_with_their_words(running: Running, department: Person):
    member = department.register("支部", name=NAME)
    for _ in range(3):
        department.ask(f"/v1/members/{member}", fields="phone", purpose="每月联系")
    with as_owner(running) as owner:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("DELETE FROM personal_read WHERE member_id = %s", (member,))
        owner.execute("ALTER TABLE personal_read DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE personal_read SET read_at = read_at - interval '1096 days' WHERE read_id = "
            "(SELECT min(read_id) FROM personal_read WHERE member_id = %s)",
            (member,),
        )
        owner.execute("ALTER TABLE personal_read ENABLE TRIGGER USER")
    for one in forgetting(running.service):
        one()
    assert len(department.ask(f"/v1/members/{member}/reads")["items"]) == 2
    with running.service.kiteline.log.reading() as connection:
        left = connection.execute(
            "SELECT count(*) FROM vault_field WHERE member_id = %s AND field LIKE 'read:%%'", (member,)
        ).fetchone()
    assert left == (2,)


def test_who_searches_too_often_waits_and_others_do_not(running: Running, department: Person):
    eager = running.as_role("organisation_department", region="620000", subject="eager")
    answers = [eager.http.get("/v1/members", params={"search": f"测试{number}"}) for number in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    refused = answers[-1]
    assert refused.json()["code"] == "too_many_searches"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert eager.http.get("/v1/members").status_code == 200
    assert department.http.get("/v1/members", params={"search": "测试"}).status_code == 200

    with as_owner(running) as owner:
        owner.execute("UPDATE search_allowance SET began_at = began_at - interval '1 minute' WHERE seconds = 60")
    refused = eager.http.get("/v1/members", params={"search": "测试"})
    assert refused.status_code == 429
    assert 60 < int(refused.headers["Retry-After"]) <= 86_400


def test_numbers_are_not_tried_out_by_registering_people(running: Running, department: Person):
    known = [synthetic_identity_number() for _ in range(6)]
    for number in known:
        department.register("支部", identity_number=number)
    worker = running.as_role("community_worker", organisation="别处", subject="trying")

    def attempt(number: str) -> httpx.Response:
        return worker.post("/v1/members", {"identity_number": number, "name": "测试", "organisation": "别处"})

    answers = [attempt(number) for number in known]
    assert [answer.status_code for answer in answers] == [409] * 5 + [429]
    unknown = attempt(synthetic_identity_number())
    assert (unknown.status_code, unknown.json()["code"]) == (429, "too_many_searches")
    assert 1 <= int(unknown.headers["Retry-After"]) <= 60
    assert worker.http.get("/v1/members", params={"search": "测试"}).status_code == 200

    with as_owner(running) as owner:
        owner.execute("UPDATE search_allowance SET began_at = began_at - interval '1 minute' WHERE seconds = 60")
    assert attempt(synthetic_identity_number()).status_code == 201


@pytest.mark.parametrize("purpose", ["", "  ", "\u3000"])
def test_a_purpose_is_said_in_words(purpose: str, department: Person):
    member = department.register("支部", name=NAME)
    for path in (f"/v1/members/{member}", "/v1/members", "/v1/rosters", f"/v1/members/{member}/evidence"):
        asked = {"fields": "name", "purpose": purpose}
        if path.endswith("evidence"):
            asked["format"] = "pdf"
        refused = department.http.get(path, params=asked)
        assert refused.status_code == 422, path
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/query/purpose"]
    assert department.ask(f"/v1/members/{member}/reads")["items"] == []


def test_an_export_is_the_whole_list_as_it_is_seen_with_a_watermark_and_a_record(running: Running, department: Person):
    members = away(department, 3, name="=cmd|' /C calc'!A0")
    secretary = running.as_role("branch_secretary", organisation="支部", subject="secretary")
    seen = secretary.ask("/v1/rosters", side="outflow", limit=1000)
    answer = secretary.get(
        "/v1/rosters", side="outflow", format="xlsx", fields="name,phone", purpose="年度汇总", limit=1
    )

    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    watermark, heads, *rows = cells(answer)
    assert "secretary" in watermark[0]
    assert "年度汇总" in watermark[0]
    assert heads[0] == "编号 member_id"
    assert heads[-2:] == ["name", "phone"]
    assert [row[0] for row in rows] == [item["member_id"] for item in seen["items"]]
    assert {row[-2] for row in rows if row[0] in members} == {"'=cmd|' /C calc'!A0"}
    for member in members:
        (read,) = department.ask(f"/v1/members/{member}/reads")["items"]
        assert (read["reader"], read["purpose"]) == ("secretary", "年度汇总")

    (record,) = [one for one in department.ask("/v1/exports")["items"] if one["reader"] == "secretary"]
    assert record["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert record["export_id"] in watermark[0]
    assert (record["rows"], record["fields"]) == (len(rows), ["name", "phone"])
    assert record["question"] == {"path": "/v1/rosters", "side": "outflow"}


@pytest.mark.parametrize("path", ["/v1/lifecycle/members", "/v1/worklist"])
def test_other_lists_are_exported_alike(path: str, running: Running, department: Person):
    away(department, 2)
    department_there = running.as_role("organisation_department", organisation="县委")
    items = department_there.ask(path, organisation="县委", limit=1000)["items"]
    _, heads, *rows = cells(department_there.get(path, organisation="县委", format="xlsx"))
    assert len(rows) == len(items) > 1
    member = heads.index("编号 member_id")
    assert [row[member] for row in rows] == [item["member_id"] for item in items]


def test_exports_are_listed_to_whose_they_are_and_page(running: Running):
    secretary = running.as_role("branch_secretary", organisation="支部")
    for _ in range(3):
        assert secretary.get("/v1/rosters", format="xlsx").status_code == 200
    near = running.as_role("auditor", region="620000")
    far = running.as_role("auditor", region="510000")
    found, cursor = [], None
    while True:
        page = near.ask("/v1/exports", limit=2, **({} if cursor is None else {"cursor": cursor}))
        found += [item["export_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) >= 3
    assert far.ask("/v1/exports")["items"] == []
    assert secretary.http.get("/v1/exports").status_code == 403


def test_a_file_without_a_purpose_holds_no_personal_data(department: Person):
    away(department, 1, name=NAME)
    assert (
        department.http.get("/v1/rosters", params={"region": "620621", "format": "xlsx", "fields": "name"}).json()[
            "errors"
        ][0]["pointer"]
        == "/query/purpose"
    )
    told = " ".join(
        cell for row in cells(department.get("/v1/rosters", region="620621", format="xlsx")) for cell in row
    )
    assert NAME not in told
