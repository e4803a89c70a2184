"""An erasure leaves no readable name or number anywhere, comes back by no restored backup, and changes no figure."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg import sql

from domain.times import SHANGHAI
from infra.database.embedded import EmbeddedPostgres
from infra.vault.erasure_list import Erasure, ErasureList, ErasureListFailure
from tests.running_service import Person, Running, running_service, service_on_fresh_database, synthetic_identity_number

NAME = "样例待清除"
TODAY = f"{datetime.now(SHANGHAI):%Y-%m-%d}"


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        department = service.department
        department.organise("县委", "620621", kind="COMMITTEE")
        department.organise("支部", "620621", parent="县委")
        yield service


@pytest.fixture
def department(running: Running) -> Person:
    return running.department


def erase(person: Person, member_id: str, *, key: str | None = None, body: object = None) -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return person.http.request("DELETE", f"/v1/members/{member_id}/personal-data", json=body, headers=headers)


def register_file(number: str, name: str) -> bytes:
    return f"姓名,公民身份号码,流出党支部,流出时间,流入地\n{name},{number},支部,2025-03-05,620102\n".encode()


def uploads(running: Running) -> int:
    with running.service.kiteline.log.reading() as connection:
        row = connection.execute("SELECT count(*) FROM register_import WHERE upload IS NOT NULL").fetchone()
    assert row is not None
    return int(row[0])


def test_nothing_that_was_kept_can_be_read_and_the_same_person_is_somebody_new(department: Person):
    number = synthetic_identity_number()
    member = department.register("支部", name=NAME, identity_number=number, phone="13900001234")
    department.command(member, "report-departure", "2025-03-01", destination={"region": "620102"})
    department.command(member, "hold-pre-departure-talk", "2025-03-02", by=NAME)
    assert department.ask("/v1/members", search=NAME)["items"]

    done = erase(department, member, body={"occurred_at": "2026-02-01"})

    assert done.status_code == 201, done.text
    assert [event["type"] for event in done.json()["events"]] == ["personal_data_erased"]
    state = department.ask(f"/v1/members/{member}", fields="name,phone,identity_number", purpose="核对")
    assert state["erased"] is True
    assert state["personal"] == {}
    assert state["movement"]["stage"] == "reported"
    assert department.ask("/v1/members", search=NAME)["items"] == []
    assert department.ask("/v1/members", search="1234")["items"] == []
    text = department.post(f"/v1/members/{member}/correct-event", {
        "occurred_at": "2026-02-02", "event_id": state["movement"]["movement_id"],
        "changes": {"occurred_at": "2025-02-28"}, "reason": "x",
    })  # fmt: skip
    assert (text.status_code, text.json()["code"]) == (409, "personal_data_erased")
    assert department.register("支部", name=NAME, identity_number=number) != member


def test_a_decision_that_must_say_why_is_still_possible_and_its_words_are_not_kept(
    running: Running, department: Person
):
    member = department.register("支部", name=NAME)
    erase(department, member)
    decision = {"document": "样例文件", "meeting": "样例会议", "reason": "样例原因"}
    department.command(member, "suspend-membership", "2026-02-02", **decision)
    note = department.post(f"/v1/members/{member}/restore-membership", {"occurred_at": "2026-02-03", **decision})
    assert (note.status_code, note.json()["code"]) == (409, "personal_data_erased")
    department.command(member, "end-membership", "2026-02-04", **decision)
    state = department.ask(f"/v1/members/{member}")
    assert (state["membership"], state["flags"]) == ("ended", [])
    with running.service.kiteline.log.reading() as connection:
        row = connection.execute("SELECT count(*) FROM vault_field WHERE member_id = %s", (member,)).fetchone()
    assert row == (0,)


def test_every_table_is_free_of_the_member_s_sealed_data(running: Running, department: Person):
    member = department.register("支部", name=NAME)
    other = department.register("支部", name="样例留存")
    erase(department, member)
    with running.service.kiteline.log.reading() as connection:
        for table in ("vault_key", "vault_field", "vault_index", "vault_token"):
            statement = sql.SQL(
                "SELECT count(*) FILTER (WHERE member_id = %s), count(*) FILTER (WHERE member_id = %s) FROM {}"
            )
            row = connection.execute(statement.format(sql.Identifier(table)), (member, other)).fetchone()
            assert row is not None
            assert row[0] == 0
            assert row[1] > 0


def test_kept_uploads_that_name_the_person_are_forgotten_and_others_stay(running: Running):
    office = running.as_role("organisation_department", organisation="县委", region="620621")
    number = synthetic_identity_number()
    ids = []
    for row_number, name in ((number, NAME), (synthetic_identity_number(), "样例他人")):
        answer = office.http.post(
            "/v1/imports",
            files={"file": ("register.csv", register_file(row_number, name), "text/csv")},
            data={"organisation": "县委"},
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["accepted"] == 1, answer.text
        running.latest = max(running.latest, answer.json()["position"])
        ids.append(answer.json()["import_id"])
    before = uploads(running)
    (member,) = [item["member_id"] for item in office.ask("/v1/members", search=number)["items"]]
    assert erase(office, member).status_code == 201
    assert uploads(running) == before - 1
    assert office.http.get(f"/v1/imports/{ids[0]}/errors.xlsx").status_code == 410
    assert office.http.get(f"/v1/imports/{ids[1]}/errors.xlsx").status_code == 200


def test_the_same_key_is_answered_the_same_and_another_finds_it_done(department: Person):
    member = department.register("支部", name=NAME)
    key = str(uuid4())
    first, again = erase(department, member, key=key), erase(department, member, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    other = erase(department, member)
    assert (other.status_code, other.json()["code"]) == (409, "already_erased")


def test_an_erasure_can_be_neither_voided_nor_corrected(department: Person):
    member = department.register("支部", name=NAME)
    event = erase(department, member).json()["events"][0]["event_id"]
    for verb, body in (("void-event", {}), ("correct-event", {"changes": {"occurred_at": "2025-01-01"}})):
        refused = department.post(f"/v1/members/{member}/{verb}", {"occurred_at": TODAY, "event_id": event, **body})
        assert (refused.status_code, refused.json()["code"]) == (409, "erasure_stands")


def test_an_erasure_takes_no_note_and_no_field_of_its_own(department: Person):
    member = department.register("支部", name=NAME)
    for field in ("note", "reason"):
        refused = erase(department, member, body={field: NAME})
        assert refused.status_code == 422
        assert [error["code"] for error in refused.json()["errors"]] == ["unknown_field"]
    assert department.ask(f"/v1/members/{member}")["erased"] is False


@pytest.mark.parametrize("role", ["branch_secretary", "community_worker", "liaison", "auditor", "operator"])
def test_only_the_organisation_department_erases(running: Running, department: Person, role: str):
    member = department.register("支部", name=NAME)
    person = running.as_role(role, organisation="支部", region="620621")
    assert erase(person, member).status_code == 403
    assert department.ask(f"/v1/members/{member}")["erased"] is False


def test_a_department_elsewhere_finds_nobody_to_erase(running: Running, department: Person):
    member = department.register("支部", name=NAME)
    elsewhere = running.as_role("organisation_department", region="350000")
    assert erase(elsewhere, member).status_code == 404
    assert department.ask(f"/v1/members/{member}", fields="name", purpose="核对")["personal"] == {"name": NAME}


def test_the_fact_itself_erases_whoever_appends_it(running: Running, department: Person):
    member = department.register("支部", name=NAME)
    url = running.service.settings.database_url
    assert url is not None
    with psycopg.connect(url, autocommit=True) as owner:
        with owner.transaction(force_rollback=True):
            owner.execute(
                "INSERT INTO log SELECT position + 1, %s, 99, 'personal_data_erased', state, concerns, epoch, "
                "recorded_at FROM log ORDER BY position DESC LIMIT 1",
                (member,),
            )
            kept = owner.execute("SELECT count(*) FROM vault_field WHERE member_id = %s", (member,)).fetchone()
            assert kept == (0,)
        kept = owner.execute("SELECT count(*) FROM vault_field WHERE member_id = %s", (member,)).fetchone()
        assert kept is not None
        assert kept[0] > 0


@pytest.fixture
def databases(postgres: EmbeddedPostgres) -> Iterator[tuple[str, Callable[[], str]]]:
    """A database, and a function that makes a backup of it; both are named by their URL."""
    names: list[str] = []

    def copied(template: str) -> str:
        names.append(f"erasing_{uuid4().hex}")
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(names[-1]), sql.Identifier(template)))
        return postgres.url.replace("@/kiteline?", f"@/{names[-1]}?")

    yield copied("kiteline_template"), lambda: copied(names[0])
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_restored_backup_is_erased_again_before_anything_is_served(
    databases: tuple[str, Callable[[], str]], tmp_path: Path
):
    url, back_up = databases
    with running_service(tmp_path, url) as running:
        running.department.organise("支部", "620621")
        gone = running.department.register("支部", name=NAME)
    restored = back_up()
    with running_service(tmp_path, url) as running:
        never_backed_up = running.department.register("支部", name=NAME)
        for member in (gone, never_backed_up):
            assert erase(running.department, member).status_code == 201
    assert [str(one.member_id) for one in ErasureList(tmp_path / "erasures").read()] == [gone, never_backed_up]

    with psycopg.connect(restored) as connection:
        kept = connection.execute("SELECT count(*) FROM vault_key WHERE member_id = %s", (gone,)).fetchone()
        assert kept == (1,)
    with running_service(tmp_path, restored) as running:
        state = running.department.ask(f"/v1/members/{gone}", fields="name", purpose="核对")
        assert (state["erased"], state["personal"]) == (True, {})


def test_a_list_that_cannot_be_read_lets_nothing_be_served(tmp_path: Path):
    path = tmp_path / "erasures"
    path.write_text("not a line\n")
    with pytest.raises(ErasureListFailure):
        ErasureList(path).read()


def test_the_list_grows_by_what_is_not_in_it_yet(tmp_path: Path):
    erasures = ErasureList(tmp_path / "keys" / "erasures")
    one = Erasure(7, UUID(int=1), "2026-02-01T00:00:00.000000Z")
    two = Erasure(9, UUID(int=2), "2026-02-02T00:00:00.000000Z")
    assert erasures.read() == []
    erasures.add([one])
    erasures.add([one, two])
    assert erasures.read() == [one, two]
    assert (tmp_path / "keys" / "erasures").stat().st_mode & 0o777 == 0o600


def test_an_erasure_reads_of_a_long_list_only_what_others_wrote(tmp_path: Path):
    path = tmp_path / "erasures"
    ours, others = ErasureList(path), ErasureList(path)
    told = [Erasure(number, UUID(int=number), "2026-02-01T00:00:00.000000Z") for number in range(1, 1_001)]
    assert ours.add(told) is False
    with path.open("r+b") as file:
        file.write(b"x" * 10_000)  # whoever reads these lines again stumbles
    assert ours.add([told[0], Erasure(1_001, UUID(int=1_001), "2026-02-02T00:00:00.000000Z")]) is True
    with pytest.raises(ErasureListFailure):
        others.add(told)
    lines = path.read_bytes().splitlines()
    assert lines[-1] == f"1001 {UUID(int=1_001)} 2026-02-02T00:00:00.000000Z".encode()
    assert sum(str(UUID(int=1)).encode() in line for line in lines) == 0


def test_what_another_process_wrote_is_not_written_again(tmp_path: Path):
    ours, others = (ErasureList(tmp_path / "erasures") for _ in range(2))
    told = [Erasure(number, UUID(int=number), "2026-02-01T00:00:00.000000Z") for number in range(1, 5)]
    ours.add(told[:1])
    others.add(told[:3])
    ours.add(told)
    others.add(told)
    assert ours.read() == told


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_list_that_was_lost_meanwhile_is_whole_again_with_the_next_erasure(
    databases: tuple[str, Callable[[], str]], tmp_path: Path, change: Callable[[Path], object]
):
    url, _ = databases
    with running_service(tmp_path, url) as running:
        running.department.organise("支部", "620621")
        first, second = (running.department.register("支部", name=NAME) for _ in range(2))
        assert erase(running.department, first).status_code == 201
        change(tmp_path / "erasures")
        assert erase(running.department, second).status_code == 201
    assert {str(one.member_id) for one in ErasureList(tmp_path / "erasures").read()} == {first, second}
