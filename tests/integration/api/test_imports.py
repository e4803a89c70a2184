"""Registers over HTTP: reported row by row, recorded once, sent back with their errors to who may have them."""

import io
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from tests.running_service import Person, Running, synthetic_identity_number

HEAD = "姓名,公民身份号码,党员类别,流出党支部,流出时间,流出原因,流入地"


def register(*rows: str) -> bytes:
    return "\n".join([HEAD, *rows]).encode("utf-8-sig")


def row(number: str | None = None, *, name: str = "测试辛", branch: str = "MQ-1", day: str = "2025-03-05") -> str:
    return f"{name},{number or synthetic_identity_number()},正式党员,{branch},{day},务工,兰州城关"


def send(who: Person, content: bytes, *, key: str = "", name: str = "流出台账.csv", **fields: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key or synthetic_identity_number()}
    answer = who.http.post("/v1/imports", files={"file": (name, content)}, data=fields, headers=headers)
    if answer.status_code == 201:
        who.running.latest = max(who.running.latest, answer.json()["position"])
    return answer


@pytest.fixture
def office(running: Running) -> Person:
    """The organisation department of Minqin."""
    return running.as_role("organisation_department", organisation="MQ", region="620621")


def test_right_rows_are_recorded_and_wrong_ones_named(office: Person):
    answer = send(office, register(row(), row(day="2025-13-05"), row(branch="没有的支部")), organisation="MQ")

    report = answer.json()
    assert answer.status_code == 201, answer.text
    assert (report["rows"], report["accepted"], report["already_known"], report["rejected"]) == (3, 1, 0, 2)
    assert {one["row"] for one in report["errors"]} == {3, 4}
    assert "测试辛" not in answer.text


def test_the_same_file_and_key_bring_the_first_report(office: Person):
    content = register(row())
    first = send(office, content, key="upload-1", organisation="MQ")
    again = send(office, content, key="upload-1", organisation="MQ")
    other = send(office, register(row()), key="upload-1", organisation="MQ")

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_importing_again_adds_only_what_is_new(office: Person):
    known = row()
    send(office, register(known), organisation="MQ")
    report = send(office, register(known, row()), organisation="MQ").json()

    assert (report["accepted"], report["already_known"], report["rejected"]) == (1, 1, 0)


def test_a_dry_run_and_all_or_nothing_record_nothing(running: Running, office: Person):
    before = running.service.kiteline.log.max_notification_id()
    dry = send(office, register(row()), organisation="MQ", dry_run="true")
    refused = send(office, register(row(), row(day="never")), organisation="MQ", all_or_nothing="true")

    assert (dry.status_code, dry.json()["accepted"]) == (200, 1)
    assert (refused.status_code, refused.json()["rejected"]) == (422, 1)
    assert running.service.kiteline.log.max_notification_id() == before


@pytest.mark.parametrize(
    ("content", "name"), [(b"PK\x03\x04broken", "a.xlsx"), (b"\x89PNG\r\n\x1a\n", "a.xlsx"), (b"a,b\n1,2\n", "a.csv")]
)
def test_what_is_no_register_is_refused_with_a_sentence(office: Person, content: bytes, name: str):
    answer = send(office, content, name=name, organisation="MQ")

    assert answer.status_code == 422
    assert answer.json()["code"] in ("unreadable_file", "not_a_register")
    assert answer.json()["detail"]


def test_an_import_without_a_file_or_for_nobody_is_told(office: Person):
    no_file = office.http.post("/v1/imports", files={"other": b""}, headers={"Idempotency-Key": "n1"})
    unknown = send(office, register(row()), organisation="NOWHERE")

    assert (no_file.status_code, no_file.json()["errors"][0]["pointer"]) == (422, "/file")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/organisation")


def test_the_marked_register_is_for_the_importer_and_the_department(running: Running, office: Person):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    report = send(secretary, register(row(), row(day="never")), organisation="MQ-1").json()
    path = f"/v1/imports/{report['import_id']}/errors.xlsx"

    for who in (secretary, office):
        book = CalamineWorkbook.from_filelike(io.BytesIO(who.http.get(path).content))
        rows = book.get_sheet_by_index(0).to_python()
        assert rows[2][4] == "never"
        assert rows[2][-1]
        assert not rows[1][-1]
    colleague = running.as_role("branch_secretary", organisation="MQ-1")
    stranger = running.as_role("organisation_department", region="510104")
    assert colleague.http.get(path).status_code == 404
    assert stranger.http.get(path).status_code == 404
    assert office.http.get("/v1/imports/none/errors.xlsx").status_code == 404


def test_a_register_beyond_the_limit_is_413(running: Running, office: Person):
    much = register(row()) + b"," * (running.service.settings.max_upload_bytes + 70_000)
    answer = send(office, much, organisation="MQ")

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_home_of_which_a_register_says_nothing_is_unknown_in_the_flows(department: Person):
    head = "姓名,公民身份号码,党员类别,流出地党组织,流入时间,流入地,编入支部"
    here = f"{head}\n测试辛,{synthetic_identity_number()},正式党员,,2024-06-05,620102,样例LZ-1\n".encode()
    assert send(department, here, organisation="LZ").json()["accepted"] == 1

    for level in ("county", "city", "province"):
        flows = department.ask("/v1/flows", level=level, month="2024-06")
        assert [one["origin"] for one in flows["items"] if one["arrived"]] == ["unknown"]
        assert [one["origin"] for one in flows["totals"]["by_origin"] if one["arrived"]] == ["unknown"]

    worklist = department.get("/v1/worklist")
    assert (worklist.status_code, worklist.json()["errors"][0]["pointer"]) == (422, "/query/organisation")
