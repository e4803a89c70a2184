"""What is personal comes in through every door, and stands in the vault alone: not in a table, topic, log or file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest
from confluent_kafka import Consumer
from psycopg import sql

from infra.broker import lifecycle
from infra.database.embedded import EmbeddedPostgres
from infra.settings import Settings
from infra.tokens.configured import local_issuer
from infra.tokens.principal import Role
from tests.integration.privacy.planted import Planted, found_in
from tests.integration.privacy.unpacked import text_of
from tests.receiving import Receiver, Reply, receiver
from tests.running_service import synthetic_identity_number
from tests.serving import await_ready, free_port

HERE, THERE = "620621", "510104"
ENTERED = Planted("璟燚样例", synthetic_identity_number(), "13987654321", "样例巷玖佰玖拾玖号")
LISTED = Planted("彧昍样例", synthetic_identity_number(), "13976543210", "样例巷捌佰捌拾捌号")
MISTAKEN = Planted("堃焱样例", synthetic_identity_number()[:-1] + "?", "13965432109", "样例巷柒佰柒拾柒号")
VISITOR = Planted("焱堃样例", synthetic_identity_number(), "13943210987", "样例巷陆佰陆拾陆号")
STAFF = Planted("翀赟样例", synthetic_identity_number(), "13954321098", "chong.yun@example.org")
SAID = f"{ENTERED.name}住{ENTERED.address}，电话{ENTERED.phone}，{ENTERED.number}"
EVERYBODY = [ENTERED, LISTED, MISTAKEN, VISITOR, STAFF]


class Caller:
    """Somebody with a token, who sends whatever it is and looks at no answer but the status."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )
        self.told: list[bytes] = []
        self.shown: dict[str, bytes] = {}

    def see(self, name: str, path: str, *, token: str | None = None, **parameters: str) -> bytes:
        """Take an answer that is for others than who may see personal data, or that says of itself that it has none."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = self.http.get(path, params=parameters, headers=headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        self.shown[name] = answer.content + str(answer.headers).encode()
        return answer.content

    def send(self, method: str, path: str, expected: int, body: object = None, **options: Any) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid4()), **options.pop("headers", {})}
        answer = self.http.request(method, path, json=body, headers=headers, **options)
        assert answer.status_code == expected, (path, answer.status_code, answer.text)
        if answer.status_code >= 400:
            self.told.append(answer.content + str(answer.headers).encode())
        return dict(answer.json()) if "json" in answer.headers.get("content-type", "") else {}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Caller, str]]:
    """Serve as an operator would, everything on: database, broker, publisher; and let all of it happen."""
    folder = tmp_path_factory.mktemp("leaks")
    home, temporary, log, port = folder / "home", folder / "tmp", folder / "serve.log", free_port()
    temporary.mkdir()
    servers = lifecycle.start(folder / "broker").bootstrap_servers
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        "KITELINE_HOME": str(home),
        "KITELINE_PORT": str(port),
        "KITELINE_LOG_LEVEL": "DEBUG",
        "KITELINE_WEBHOOK_ALLOWED_TARGETS": "127.0.0.1/32",
        "KITELINE_KAFKA_BOOTSTRAP_SERVERS": servers,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "kiteline", "serve"], env=environment, stdout=output, stderr=output
        )
    try:
        await_ready(process, port, log)
        issuer = local_issuer(Settings(home=home))
        token = issuer.mint(Role.ORGANISATION_DEPARTMENT, region="000000", subject=STAFF.name, lifetime=3600)
        caller = Caller(f"http://127.0.0.1:{port}", token)
        with receiver() as hook:
            # A receiver that answers with what is personal to somebody: what it says is not ours to keep.
            hook.answering = lambda number, _one: Reply(500 if number == 1 else 200, body=SAID.encode())
            subscribed(caller, hook)
            live(caller, issuer.mint(Role.MEMBER, member=uuid4(), subject=STAFF.phone, lifetime=3600))
            caller.shown["webhooks"] = b"".join(repr(one).encode() for one in hook.wait_for(3))
            given_out(caller, issuer.mint(Role.AUDITOR, region="000000", subject=STAFF.name, lifetime=3600))
        yield folder, caller, servers
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        lifecycle.stop(folder / "broker")


def live(caller: Caller, member_token: str) -> None:
    """Use every door."""
    at = lived(caller)
    come_by(caller)
    told_in_words(caller, at)
    mistaken(caller, at, member_token)
    brought(caller)
    asked(caller, at)


def subscribed(caller: Caller, hook: Receiver) -> None:
    """Have the region's events sent to a system of a sister's."""
    body = {"url": hook.url, "region": HERE, "from": "start"}
    caller.send("POST", "/v1/subscriptions", 201, body)


def come_by(caller: Caller) -> None:
    """Somebody nobody knew checks in at a venue by name and number; somebody else tries with a wrong name."""
    send = caller.send
    named = {"name": "样例站", "region": THERE, "organisation": "AWAY", "kind": "STATION"}
    venue = send("POST", "/v1/venues", 201, named)["stream"]
    person = {"identity_number": VISITOR.number, "name": VISITOR.name, "venue": venue, "occurred_at": "2025-04-05"}
    send("POST", "/v1/check-ins", 201, {**person, "organisation": "AWAY"})
    send("POST", "/v1/check-ins", 409, {**person, "name": MISTAKEN.name, "organisation": "AWAY"})


def told_in_words(caller: Caller, at: str) -> None:
    """Say of somebody what has a place for words: requests, decisions, lists of commands, merges."""
    send = caller.send
    asked_for = {"occurred_at": "2025-04-06", "request": "CORRECTION", "text": SAID, "note": SAID}
    send("POST", f"{at}/request-personal-data", 201, asked_for)
    decided = {"occurred_at": "2025-04-07", "document": "样例文件1号", "meeting": "样例会议", "reason": SAID}
    send("POST", f"{at}/suspend-membership", 201, decided)
    send("POST", f"{at}/restore-membership", 201, {**decided, "occurred_at": "2025-04-08"})
    number_of_somebody = {**decided, "occurred_at": "2025-04-09", "document": f"文件 {ENTERED.number}"}
    send("POST", f"{at}/suspend-membership", 422, number_of_somebody)
    items = [
        {
            "member_id": at.rpartition("/")[2],
            "command": "record-failed-contact",
            "key": MISTAKEN.phone,
            "occurred_at": "2025-04-10",
            "channel": "PHONE",
            "reason": "NO_ANSWER",
            "note": SAID,
        },
        {"member_id": at.rpartition("/")[2], "command": MISTAKEN.name, "key": MISTAKEN.name, "reason": SAID},
    ]
    send("POST", "/v1/commands", 207, items)
    send("POST", "/v1/posts", 422, {"organisation": "HOME", "title": f"{'样' * 300}{MISTAKEN.phone}", "places": 1})


def given_out(caller: Caller, auditor: str) -> None:
    """Take everything that leaves without personal data having been asked for."""
    see = caller.see
    roster = see("roster", "/v1/rosters", region=HERE)
    see("members", "/v1/members", search=ENTERED.name)
    for name, path in (("lifecycle", "/v1/lifecycle/members"), ("worklist", "/v1/worklist")):
        see(name, path, organisation="HOME")
        see(f"{name} as a file", path, organisation="HOME", format="xlsx")
    see("roster as a file", "/v1/rosters", region=HERE, format="xlsx")
    see("exports", "/v1/exports")
    see("flows", "/v1/flows", month="2025-03", level="county")
    see("statistics", "/v1/statistics", region=HERE, month="2025-03")
    for item in orjson.loads(roster)["items"]:
        at = f"/v1/members/{item['member_id']}"
        for what in ("", "/history?proof=true&effects=true", "/service-record", "/feedback", "/evidence"):
            see(f"{at}{what}", f"{at}{what}")
        see(f"{at} as a sheet", f"{at}/evidence", format="pdf")
    for region in (HERE, THERE):
        see(f"feed {region}", f"/v1/feeds/{region}", limit="1000", timeout="0")
    (subscription,) = orjson.loads(see("subscriptions", "/v1/subscriptions", region=HERE))["items"]
    see("deliveries", f"/v1/subscriptions/{subscription['subscription_id']}/deliveries")
    size = int(see("checkpoint", "/v1/log/checkpoint").split(b"\n")[1])
    see("log entries", "/v1/log/entries", token=auditor, **{"from": "1", "to": str(size)})
    see("log entry bundle", f"/v1/log/tile/entries/000.p/{size}", token=auditor)
    with caller.http.stream("GET", f"/v1/feeds/{THERE}/stream") as stream:
        lines = stream.iter_lines()
        caller.shown["stream"] = "".join(line for line, _ in zip(lines, range(12), strict=False)).encode()


def lived(caller: Caller) -> str:
    """Register somebody, and say of them in words what may be said in words; return where they are found."""
    send = caller.send
    for code, region in (("HOME", HERE), ("AWAY", THERE)):
        body = {"code": code, "name": f"样例{code}", "kind": "COMMITTEE", "region": region}
        send("POST", "/v1/organisations", 201, body)
    person = {
        "identity_number": ENTERED.number,
        "name": ENTERED.name,
        "phone": ENTERED.phone,
        "organisation": "HOME",
    }
    member = send("POST", "/v1/members", 201, person)["member_id"]
    send("POST", "/v1/members", 200, person)
    at = f"/v1/members/{member}"
    send("POST", f"{at}/report-departure", 201, {"occurred_at": "2025-03-01", "destination": {"region": THERE}})
    send("POST", f"{at}/hold-pre-departure-talk", 201, {"occurred_at": "2025-03-02", "by": SAID})
    departed = send("POST", f"{at}/depart", 201, {"occurred_at": "2025-03-05"})
    event = departed["events"][0]["event_id"]
    send("POST", f"{at}/check-in", 201, {"occurred_at": "2025-03-06", "region": THERE, "channel": "WORKER"})
    send("POST", f"{at}/accept", 201, {"occurred_at": "2025-03-07", "organisation": "AWAY"})
    points = dict.fromkeys(("whereabouts", "work", "contact", "thinking", "difficulties"), SAID)
    contact = {"occurred_at": "2025-04-01", "channel": "PHONE", "points": points}
    caller.http.post(f"{at}/record-contact", json=contact, headers={"Idempotency-Key": str(uuid4())})
    correction = {"event_id": event, "changes": {"occurred_at": "2025-03-04"}, "reason": SAID}
    send("POST", f"{at}/correct-event", 201, {"occurred_at": "2025-04-02", **correction})

    return at


def mistaken(caller: Caller, at: str, member_token: str) -> None:
    """Send what is refused, with somebody in fields, names of fields, paths, queries, headers, keys and tokens."""
    send = caller.send
    person = {"identity_number": ENTERED.number, "name": ENTERED.name, "organisation": "HOME"}
    send("POST", "/v1/members", 422, {**person, "identity_number": MISTAKEN.number, "name": MISTAKEN.name})
    send("POST", "/v1/members", 422, {**person, "identity_number": LISTED.number, "phone": MISTAKEN.address})
    send("POST", "/v1/members", 422, {**person, "category": MISTAKEN.name})
    # A field that there is not: the pointer names it, to whoever sent it and to nobody else.
    odd = {**person, MISTAKEN.name: MISTAKEN.phone}
    assert caller.http.post("/v1/members", json=odd, headers={"Idempotency-Key": "odd"}).status_code == 422
    send("POST", f"{at}/route", 422, {"occurred_at": "2025-04-03", "to_organisation": MISTAKEN.name})
    send("POST", f"{at}/assign-liaison", 422, {"occurred_at": "2025-04-03", "liaison": STAFF.phone})
    send("POST", f"{at}/report-return", 422, {"occurred_at": MISTAKEN.name, "expected_on": MISTAKEN.phone})
    send("GET", f"/v1/members/{MISTAKEN.name}", 404)
    send("GET", f"/v1/organisations/{MISTAKEN.phone}/{MISTAKEN.name}", 404)
    send("GET", "/v1/rosters", 404, params={"organisation": MISTAKEN.name})
    send("GET", "/v1/rosters", 422, params={"as_of": MISTAKEN.phone + MISTAKEN.name})
    send("POST", f"{at}/route", 400, {}, headers={"Idempotency-Key": MISTAKEN.name.encode()})
    send("POST", f"{at}/accept", 422, f"{MISTAKEN.name} {MISTAKEN.address}")
    send("GET", "/v1/members", 401, headers={"Authorization": f"Bearer {STAFF.number}.{STAFF.phone}.x"})
    send("POST", "/v1/check-ins", 422, {"code": MISTAKEN.phone, "occurred_at": "2025-04-03"})
    check_in = {"identity_number": MISTAKEN.number, "name": MISTAKEN.name, "occurred_at": "2025-04-03"}
    send("POST", "/v1/check-ins", 422, check_in)
    own = {"Authorization": f"Bearer {member_token}"}
    send("GET", "/v1/worklist", 403, headers=own)


def brought(caller: Caller) -> None:
    """Bring registers: one in which a row is right, one that is none."""
    send = caller.send
    rows = [
        "姓名,公民身份号码,联系电话,现居住地址,流出党支部,流出时间,流入地,备注",
        f"{LISTED.name},{LISTED.number},{LISTED.phone},{LISTED.address},HOME,2025-03-05,{THERE},{LISTED.address}",
        f"{MISTAKEN.name},{MISTAKEN.number},{MISTAKEN.phone},{MISTAKEN.address},HOME,{MISTAKEN.phone},{MISTAKEN.name},",
    ]
    file = {"file": (f"{LISTED.name}台账.csv", "\n".join(rows).encode(), "text/csv")}
    imported = send("POST", "/v1/imports", 201, files=file, data={"organisation": "HOME"})
    assert (imported["accepted"], imported["rejected"]) == (1, 1)
    spoilt = {"file": (f"{MISTAKEN.name}.xlsx", MISTAKEN.name.encode() * 50, "application/octet-stream")}
    send("POST", "/v1/imports", 422, files=spoilt, data={"organisation": "HOME"})
    caller.http.get(f"/v1/imports/{imported['import_id']}/errors.xlsx")


def asked(caller: Caller, at: str) -> None:
    """Search for people, read what is personal for a purpose, take it as a file."""
    send = caller.send
    for text in (ENTERED.name, ENTERED.phone, ENTERED.number, LISTED.name[:2], MISTAKEN.name):
        send("GET", "/v1/members", 200, params={"search": text})
    seen = send("GET", at, 200, params={"fields": "name,phone,identity_number", "purpose": SAID})
    assert seen["personal"]["name"] == ENTERED.name
    seen = send("GET", "/v1/rosters", 200, params={"region": HERE, "fields": "name,phone", "purpose": LISTED.name})
    assert {item["personal"]["name"] for item in seen["items"]} == {ENTERED.name, LISTED.name}
    as_file = {"region": HERE, "format": "xlsx", "fields": "name", "purpose": SAID, "x": SAID}
    caller.http.get("/v1/rosters", params=as_file)
    send("GET", f"{at}/history", 200)
    send("GET", "/v1/log/checkpoint", 200)


def rows_of(url: str) -> Iterator[tuple[str, bytes]]:
    """Yield every value of every table, as it is kept, less the vault's."""
    with psycopg.connect(url) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM information_schema.tables "
                "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
            )
        ]
        assert {"log", "member", "personal_read", "idempotency", "register_import", "export"} <= set(tables)
        for table in tables:
            if not table.startswith("vault_"):
                for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))):
                    yield table, b"\0".join(one if isinstance(one, bytes) else repr(one).encode() for one in row)


def records_of(servers: str) -> Iterator[tuple[str, bytes]]:
    """Yield every record of every topic: key, headers and value."""
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": "leaks", "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
    })  # fmt: skip
    topics = [name for name in consumer.list_topics(timeout=30).topics if name.startswith("kiteline.")]
    assert sorted(topics) == [f"kiteline.region.{THERE}", f"kiteline.region.{HERE}"]
    consumer.subscribe(topics)
    ended: set[str] = set()
    while len(ended) < len(topics):
        message = consumer.poll(60)
        assert message is not None
        if message.error() is not None:
            ended.add(message.topic() or "")
            continue
        yield (
            message.topic() or "",
            b"\0".join((message.key() or b"", repr(message.headers()).encode(), message.value() or b"")),
        )
    consumer.close()


def test_the_search_finds_what_is_planted_in_any_writing():
    for person in EVERYBODY:
        for what, needle in person.needles().items():
            assert found_in("here", b"x" + needle + b"y", EVERYBODY), what
    assert found_in("here", b"nothing of anybody", EVERYBODY) == []


def test_no_table_but_the_vault_holds_anything(deployment: tuple[Path, Caller, str]):
    folder, _, _ = deployment
    with EmbeddedPostgres(folder / "home") as database:
        found = [one for table, content in rows_of(database.url) for one in found_in(table, content, EVERYBODY)]
        assert found == []


def test_no_record_of_a_topic_holds_anything(deployment: tuple[Path, Caller, str]):
    _, _, servers = deployment
    records = list(records_of(servers))
    assert len(records) > 10
    assert [one for topic, content in records for one in found_in(topic, content, EVERYBODY)] == []


def test_no_answer_that_refuses_and_no_metric_repeats_anything(deployment: tuple[Path, Caller, str]):
    _, caller, _ = deployment
    assert len(caller.told) > 10
    told = [*caller.told, caller.http.get("/metrics").content, caller.http.get("/readyz").content]
    assert [one for content in told for one in found_in(content.decode(errors="replace"), content, EVERYBODY)] == []


def test_nothing_that_is_given_out_without_being_asked_for_personal_data_holds_any(
    deployment: tuple[Path, Caller, str],
):
    _, caller, _ = deployment
    assert len(caller.shown) > 25
    assert [one for name, content in caller.shown.items() for one in found_in(name, text_of(content), EVERYBODY)] == []


def test_a_printed_sheet_that_names_somebody_would_have_been_seen(deployment: tuple[Path, Caller, str]):
    _, caller, _ = deployment
    (member,) = caller.http.get("/v1/members", params={"search": ENTERED.number}).json()["items"]
    asked = {"format": "pdf", "fields": "name,phone,identity_number", "purpose": "样例"}
    sheet = caller.http.get(f"/v1/members/{member['member_id']}/evidence", params=asked).content
    assert sheet.startswith(b"%PDF-")
    assert found_in("the file", sheet, EVERYBODY) == []
    assert {"name, UTF-8 in the sheet", "number, UTF-8 in the sheet", "phone, UTF-8 in the sheet"} <= set(
        found_in("the sheet", text_of(sheet), EVERYBODY)
    )


def test_no_log_line_and_no_file_holds_anything(deployment: tuple[Path, Caller, str]):
    folder, _, _ = deployment
    looked: list[str] = []
    found: list[str] = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        looked.append(file.name)
        found += found_in(str(file.relative_to(folder)), file.read_bytes(), EVERYBODY)
    assert {"serve.log", "postgres.log", "master"} <= set(looked)
    assert found == []


def test_the_search_of_tables_would_have_seen_it(deployment: tuple[Path, Caller, str]):
    folder, _, _ = deployment
    with EmbeddedPostgres(folder / "home") as database, psycopg.connect(database.url, autocommit=True) as owner:
        owner.execute("CREATE TABLE planted (a text, b bytea)")
        owner.execute("INSERT INTO planted VALUES (%s, %s)", (ENTERED.phone, LISTED.name.encode()))
        found = [one for table, content in rows_of(database.url) for one in found_in(table, content, EVERYBODY)]
    assert found == ["phone, UTF-8 in planted", "name, UTF-8 in planted"]
