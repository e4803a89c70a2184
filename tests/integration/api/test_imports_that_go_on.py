"""Imports that nobody waits for: kept, worked on, found from anywhere, recorded once what was tried."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.test_imports import register, row
from tests.running_service import Person, Running

_PATIENCE_SECONDS = 60
_LEFT = "UPDATE register_import SET state = 'running', rows_read = 500 WHERE import_id = %s"


def upload(who: Person, content: bytes, *, key: str = "", name: str = "流出台账.csv", **fields: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid4()), "Prefer": "respond-async"}
    return who.http.post("/v1/imports", files={"file": (name, content)}, data=fields, headers=headers)


def ended(who: Person, import_id: str) -> dict[str, Any]:
    """Ask until an import has ended."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = who.http.get(f"/v1/imports/{import_id}")
        assert answer.status_code == 200, answer.text
        run: dict[str, Any] = answer.json()
        if run["state"] in ("done", "refused", "failed"):
            who.running.latest = max(who.running.latest, (run["counts"] or {}).get("position", 0))
            return run
        assert time.monotonic() < until, run
        time.sleep(0.05)


def figures(run: dict[str, Any]) -> tuple[int, int, int, int]:
    counts = run["counts"]
    return counts["rows"], counts["accepted"], counts["already_known"], counts["rejected"]


@pytest.fixture
def office(running: Running) -> Person:
    """The organisation department of Minqin."""
    return running.as_role("organisation_department", organisation="MQ", region="620621")


def test_what_was_tried_is_recorded_once_and_its_good_rows_only(running: Running, office: Person):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    head = running.service.kiteline.log.max_notification_id()
    content = register(row(), row(day="2025-13-05"), row())
    first = upload(secretary, content, key="go-on-1", dry_run="true")
    again = upload(secretary, content, key="go-on-1", dry_run="true")
    import_id = first.json()["import_id"]

    tried = ended(secretary, import_id)
    assert (first.status_code, first.headers["Location"]) == (202, f"/v1/imports/{import_id}")
    assert (again.json()["import_id"], again.headers["Idempotency-Replayed"]) == (import_id, "true")
    assert (tried["dry_run"], tried["filename"], figures(tried)) == (True, "流出台账.csv", (3, 2, 0, 1))
    found = secretary.ask(f"/v1/imports/{import_id}/findings", severity="error")["items"]
    assert [(one["row"], one["severity"]) for one in found] == [(3, "error")]
    assert "测试辛" not in str(found)
    assert running.service.kiteline.log.max_notification_id() == head

    recorded = [secretary.post(f"/v1/imports/{import_id}/record", key="record-1") for _ in range(2)]
    done = ended(secretary, import_id)
    twice = secretary.post(f"/v1/imports/{import_id}/record")
    assert [answer.status_code for answer in recorded] == [202, 202]
    assert (done["dry_run"], figures(done)) == (False, (3, 2, 0, 1))
    assert (twice.status_code, twice.json()["code"]) == (409, "import_not_tried")
    assert secretary.ask("/v1/imports")["items"][0]["import_id"] == import_id
    assert office.ask(f"/v1/imports/{import_id}")["counts"] == done["counts"]
    for stranger in (
        running.as_role("branch_secretary", organisation="MQ-1"),
        running.as_role("organisation_department", region="510104"),
    ):
        assert stranger.http.get(f"/v1/imports/{import_id}").status_code == 404
        assert stranger.post(f"/v1/imports/{import_id}/record").status_code == 404
        assert stranger.ask("/v1/imports")["items"] == []


def test_a_file_that_is_no_register_fails_with_a_sentence_in_the_language_of_who_asks(office: Person):
    import_id = upload(office, b"a,b\n1,2\n", organisation="MQ").json()["import_id"]

    run = ended(office, import_id)
    assert (run["state"], run["problem"]["code"], run["counts"]) == ("failed", "not_a_register", None)
    assert "register" in run["problem"]["detail"]
    assert office.http.get(f"/v1/imports/{import_id}/errors.xlsx").status_code == 404


def test_findings_and_imports_are_paged_without_a_gap(office: Person):
    earlier, import_id = (
        upload(office, register(*[row(day="never") for _ in range(rows)]), organisation="MQ").json()["import_id"]
        for rows in (1, 7)
    )
    ended(office, import_id)
    rows, cursor = [], None
    while True:
        page = office.ask(f"/v1/imports/{import_id}/findings", limit=3, cursor=cursor)
        rows += [one["row"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert rows == [2, 3, 4, 5, 6, 7, 8]
    page = office.ask("/v1/imports", limit=1)
    following = office.ask("/v1/imports", limit=1, cursor=page["next"])
    assert [one["import_id"] for one in page["items"] + following["items"]] == [import_id, earlier]
    assert following["next"] is None


def test_an_import_begun_by_a_process_that_died_is_begun_again(running: Running, office: Person):
    import_id = upload(office, register(row()), organisation="MQ", dry_run="true").json()["import_id"]
    ended(office, import_id)
    with running.service.kiteline.log.reading() as connection:
        connection.execute(_LEFT, (import_id,))
    running.service.importing.wake()

    assert figures(ended(office, import_id)) == (1, 1, 0, 0)


def test_all_or_nothing_goes_on_alone_and_ends_refused_with_nothing_recorded_or_with_everything(
    running: Running, office: Person
):
    head = running.service.kiteline.log.max_notification_id()
    import_id = upload(office, register(row(), row(day="never")), organisation="MQ", all_or_nothing="true")
    refused = ended(office, import_id.json()["import_id"])
    assert (import_id.status_code, refused["state"], refused["dry_run"]) == (202, "refused", False)
    assert (refused["all_or_nothing"], refused["checked"], figures(refused)) == (True, False, (2, 1, 0, 1))
    found = office.ask(f"/v1/imports/{refused['import_id']}/findings")["items"]
    assert [(one["row"], one["severity"]) for one in found] == [(3, "error")]
    assert running.service.kiteline.log.max_notification_id() == head

    whole = ended(
        office, upload(office, register(row(), row()), organisation="MQ", all_or_nothing="true").json()["import_id"]
    )
    assert (whole["state"], whole["checked"], figures(whole)) == ("done", True, (2, 2, 0, 0))

    address = f"/v1/imports/{refused['import_id']}/record"
    assert office.post(address, {"all_or_nothing": "no"}).status_code == 422
    assert office.post(address).status_code == 202, "as it was uploaded: all or nothing"
    assert ended(office, refused["import_id"])["state"] == "refused"
    assert office.post(address, {"all_or_nothing": False}).status_code == 202
    assert figures(good := ended(office, refused["import_id"])) == (2, 1, 0, 1)
    assert (good["state"], good["all_or_nothing"]) == ("done", False)


def test_all_or_nothing_begun_again_after_its_rows_were_found_right_goes_on_recording(running: Running, office: Person):
    content = register(row(), row(day="never"))
    import_id = upload(office, content, organisation="MQ", all_or_nothing="true").json()["import_id"]
    assert ended(office, import_id)["state"] == "refused"
    with running.service.kiteline.log.reading() as connection:
        connection.execute(_LEFT, (import_id,))
        connection.execute("UPDATE register_import SET checked = true WHERE import_id = %s", (import_id,))
    running.service.importing.wake()

    assert figures(ended(office, import_id)) == (2, 1, 0, 1)


def test_who_runs_the_deployment_sees_how_everybodys_imports_stand_and_not_what_they_are_called(
    running: Running, office: Person
):
    operator = running.as_role("operator", region="000000")
    failed = upload(office, b"a,b\n1,2\n", organisation="MQ", name="张三的台账.csv").json()["import_id"]
    ended(office, failed)
    done = upload(office, register(row()), organisation="MQ", dry_run="true").json()["import_id"]
    ended(office, done)

    first = operator.ask("/v1/import-runs", limit=1)
    second = operator.ask("/v1/import-runs", limit=1, cursor=first["next"])
    only = operator.http.get("/v1/import-runs?state=failed&state=running").json()["items"]
    assert [one["import_id"] for one in first["items"] + second["items"]] == [done, failed]
    assert only[0]["import_id"] == failed
    assert {one["state"] for one in only} <= {"failed", "running"}
    assert "张三" not in str(second)
    assert operator.ask("/v1/status")["imports"]["failed"] >= 1
    assert operator.http.get(f"/v1/imports/{failed}").status_code == 404
