"""Evidence of a history: printed in Chinese, signed, checked offline by ourselves and by Go; alterations are found."""

import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.database.embedded import EmbeddedPostgres
from infra.evidence import bundle, signed_sheet
from infra.evidence.sheet import pictures
from infra.notes.log_keys import load_log_keys
from infra.settings import Settings
from tests.outside.checker import OutsideChecker
from tests.running_service import Running, service_on_fresh_database

ORIGIN = "urn:kiteline:local:1"
NAME = "欧阳见证"


@pytest.fixture(scope="module")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service_on_fresh_database(postgres, tmp_path_factory.mktemp("home")) as service:
        service.department.organise("MQ-1", "620621", name="民勤县薛百镇支部")
        yield service


@pytest.fixture(scope="module")
def member(running: Running) -> str:
    department = running.department
    member = department.register("MQ-1", name=NAME)
    departed = department.command(member, "depart", "2025-03-01", destination={"region": "620102"}, reason="WORK")
    department.command(member, "check-in", "2025-03-05T10:00:00+08:00", region="620102", channel="WORKER")
    scanned = department.command(member, "check-in", "2025-03-07", region="630103", channel="WORKER")
    event_id = departed["events"][0]["event_id"]
    changes = {"occurred_at": "2025-03-02"}
    department.command(member, "correct-event", "2025-04-01", event_id=event_id, changes=changes, reason="更正")
    event_id = scanned["events"][0]["event_id"]
    department.command(member, "void-event", "2025-04-02", event_id=event_id, reason="他人")
    return member


@pytest.fixture(scope="module")
def made(running: Running, member: str) -> bytes:
    return running.as_role("auditor", region="000000").get(f"/v1/members/{member}/evidence", as_of="2026-01-01").content


def verified(tmp_path: Path, content: bytes, *arguments: str) -> tuple[Result, list[str]]:
    file = tmp_path / "bundle.json"
    file.write_bytes(content)
    result = CliRunner().invoke(app, ["verify", "--evidence", str(file), "--json", *arguments])
    return result, [one["code"] for one in orjson.loads(result.stdout)["findings"]] if result.exit_code < 2 else []


def key_of(running: Running) -> str:
    return running.department.http.get("/v1/log/key").text.strip()


def test_a_bundle_holds_the_history_and_verifies_without_the_service(
    running: Running, member: str, made: bytes, tmp_path: Path
):
    evidence = orjson.loads(made)["evidence"]
    history = running.department.ask(f"/v1/members/{member}/history", as_of="2026-01-01", effects=True)["items"]
    assert evidence["history"] == history
    assert [one["position"] for one in evidence["events"]] == sorted(one["position"] for one in history)
    assert evidence["names"]["organisations"] == {"MQ-1": "民勤县薛百镇支部"}
    assert evidence["names"]["regions"]["620102"]
    result, codes = verified(tmp_path, made, "--key", key_of(running))
    assert (result.exit_code, codes) == (0, [])
    assert len(orjson.loads(result.stdout)["checks"]) == 4


def test_evidence_of_what_was_known_earlier_is_evidence_of_that(running: Running, member: str, tmp_path: Path):
    auditor = running.as_role("auditor", region="000000")
    position = running.department.ask(f"/v1/members/{member}/history")["items"][1]["position"]
    content = auditor.get(f"/v1/members/{member}/evidence", known_at=position).content
    evidence = orjson.loads(content)["evidence"]
    assert evidence["asked"]["known_position"] == position
    assert [one["type"] for one in evidence["history"]] == ["member_registered", "departed"]
    assert evidence["history"][1]["occurred_at"] == "2025-03-01"
    assert verified(tmp_path, content, "--key", key_of(running))[0].exit_code == 0


def _altered(made: bytes, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    held: dict[str, Any] = orjson.loads(made)
    place: Any = held["evidence"]
    for name in path[:-1]:
        place = place[name]
    assert place[path[-1]] != value
    place[path[-1]] = value
    return held


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("history", 0, "organisation"), "MQ-2", "not_as_recorded"),
        (("history", 1, "organisation"), "MQ-2", "not_as_recorded"),
        (("history", 1, "occurred_at"), "2025-03-04", "not_as_recorded"),
        (("history", 4, "effect", "event", "after", "occurred_at"), "2025-03-04", "not_as_recorded"),
        (("history", 0, "event_id"), "00000000-0000-4000-8000-000000000000", "not_as_recorded"),
        (("history", 2, "data"), {"region": "620103", "channel": "WORKER"}, "not_as_recorded"),
        (("events", 0, "leaf"), b64encode(b'{"id":"x"}').decode(), "leaf_not_in_tree"),
        (("checkpoint",), "urn:kiteline:local:1\n1\n" + "A" * 43 + "=\n\n— x AAAAAAAA\n", "signature_refused"),
    ],
)
def test_whatever_is_altered_is_found_even_where_the_signer_was_deceived(
    running: Running, made: bytes, tmp_path: Path, path: tuple[Any, ...], value: Any, code: str
):
    held = _altered(made, path, value)
    _, codes = verified(tmp_path, orjson.dumps(held), "--key", key_of(running))
    assert codes == ["evidence_altered"]
    signers = load_log_keys(running.service.settings).signers(ORIGIN)
    result, codes = verified(tmp_path, bundle.write(held["evidence"], signers), "--key", key_of(running))
    assert result.exit_code == 1
    assert code in codes


def test_another_key_and_another_log_are_not_trusted(running: Running, made: bytes, tmp_path: Path):
    signers = load_log_keys(Settings(home=tmp_path / "other")).signers(ORIGIN)
    forged = bundle.write(orjson.loads(made)["evidence"], signers)
    assert "signature_refused" in verified(tmp_path, forged, "--key", key_of(running))[1]
    result, codes = verified(tmp_path, made, "--key", signers[0].verifier.line)
    assert (result.exit_code, codes) == (1, ["signature_refused", "signature_refused"])
    assert verified(tmp_path, b"not a bundle")[1] == ["evidence_altered"]


def test_go_finds_signature_checkpoint_and_proofs_right(checker: OutsideChecker, running: Running, made: bytes):
    held = orjson.loads(made)
    evidence = held["evidence"]
    inclusion = [
        (one["position"] - 1, b64decode(one["leaf"]), [b64decode(hashed) for hashed in one["hashes"]])
        for one in evidence["events"]
    ]
    key = key_of(running)
    assert checker.fault(key, evidence["checkpoint"], origin=ORIGIN, inclusion=inclusion, evidence=made) is None
    index, leaf, proof = inclusion[1]
    wrong = [(index, leaf.replace(b"620102", b"620103"), proof)]
    assert "leaf" in (checker.fault(key, evidence["checkpoint"], origin=ORIGIN, inclusion=wrong) or "")
    altered = made.replace(b"2025-03-02", b"2025-03-03", 1)
    assert "evidence" in (checker.fault(key, evidence["checkpoint"], origin=ORIGIN, evidence=altered) or "")


def test_a_sheet_is_for_auditors_and_the_department_and_names_nobody(running: Running, member: str, made: bytes):
    path = f"/v1/members/{member}/evidence"
    for role in ("branch_secretary", "liaison", "community_worker"):
        assert running.as_role(role, organisation="MQ-1").get(path).status_code == 403
    assert running.as_role("auditor", region="350000").get(path).status_code == 404
    assert NAME.encode() not in made
    sheet = running.department.get(path, format="pdf")
    assert (sheet.headers["content-type"], sheet.content[:5]) == ("application/pdf", b"%PDF-")
    assert running.department.get(path, format="pdf", fields="name").status_code == 422
    assert running.department.get(path, fields="name", purpose="核查").status_code == 422


def test_personal_data_on_a_sheet_is_read_for_a_purpose_and_on_record(running: Running, member: str):
    auditor = running.as_role("auditor", region="000000", subject="auditor-of-evidence")
    path = f"/v1/members/{member}/evidence"
    assert auditor.get(path, format="pdf", fields="name", purpose="年度审计").status_code == 200
    reads = running.department.ask(f"/v1/members/{member}/reads")["items"]
    assert [(one["reader"], one["fields"], one["purpose"]) for one in reads] == [
        ("auditor-of-evidence", ["name"], "年度审计")
    ]


@pytest.fixture(scope="module")
def sheet(running: Running, member: str) -> bytes:
    return running.department.get(f"/v1/members/{member}/evidence", format="pdf").content


def test_a_printed_sheet_is_signed_over_every_byte_by_the_logs_key(
    running: Running, member: str, sheet: bytes, tmp_path: Path
):
    key = key_of(running)
    for arguments in (("--key", key), ()):
        result, codes = verified(tmp_path, sheet, *arguments)
        assert (result.exit_code, codes) == (0, [])
        assert [one["looked_at"] for one in orjson.loads(result.stdout)["checks"]] == [member]
    covered, _, below = sheet.partition(b"%kiteline-signature\n")
    told = [line.removeprefix(b"%").decode() for line in below.splitlines()]
    assert told[:5] == [
        "urn:kiteline:evidence-sheet:1", ORIGIN, member, b64encode(sha256(covered).digest()).decode(), key
    ]  # fmt: skip
    assert told[5] == ""
    assert told[6].startswith(f"— {ORIGIN} ")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_sheet_altered_anywhere_is_found(running: Running, sheet: bytes, tmp_path: Path, place: float):
    end = sheet.index(b"%kiteline-signature\n")
    at = int(end * place)
    altered = sheet[:at] + bytes([sheet[at] ^ 1]) + sheet[at + 1 :]
    result, codes = verified(tmp_path, altered, "--key", key_of(running))
    assert (result.exit_code, codes) == (1, ["evidence_altered"])


def test_a_sheet_lengthened_stripped_or_signed_by_another_is_found(
    running: Running, member: str, sheet: bytes, tmp_path: Path
):
    key = key_of(running)
    covered, mark, below = sheet.partition(b"%kiteline-signature\n")
    for altered in (covered, sheet + b"%%EOF\n", sheet + b"1 0 obj\n", covered + b"%more\n" + mark + below):
        assert verified(tmp_path, altered, "--key", key)[1] == ["evidence_altered"]
    signers = load_log_keys(Settings(home=tmp_path / "other")).signers(ORIGIN)
    forged = signed_sheet.write(covered, ORIGIN, member, signers)
    assert verified(tmp_path, forged, "--key", key)[1] == ["signature_refused"]
    again = signed_sheet.write(sheet, ORIGIN, member, load_log_keys(running.service.settings).signers(ORIGIN))
    assert verified(tmp_path, again, "--key", key)[1] == []
    signature = below.splitlines()[-1]
    false = sheet.replace(signature, signature[:-8] + b"AAAAAAA=")
    assert verified(tmp_path, false, "--key", key)[1] == ["signature_refused"]


def test_the_sheet_shows_chinese(made: bytes):
    """Without a font that has them, Chinese signs are all the same empty box, or nothing."""
    pages = pictures(made, {"name": NAME})
    other = pictures(made, {"name": "赵钱孙李"})
    assert len(pages) >= 2
    ink = [_rows(page) for page in (pages[0], other[0])]
    assert ink[0] != ink[1], "two names look alike"
    assert pages[0] != pictures(made)[0]


def _rows(png: bytes) -> bytes:
    """Return a PNG's pixel rows, to be compared."""
    place, data = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += 12 + length
    return zlib.decompress(data)


def test_the_command_writes_the_sheet_and_the_bundle_beside_it(
    running: Running, member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KITELINE_HOME", str(running.service.settings.home))
    monkeypatch.setenv("KITELINE_DATABASE_URL", running.service.settings.database_url or "")
    sheet = tmp_path / "sheet.pdf"
    result = CliRunner().invoke(
        app, ["replay", member, "--evidence", str(sheet), "--fields", "name", "--purpose", "存档"]
    )
    assert result.exit_code == 0, result.output
    assert sheet.read_bytes()[:5] == b"%PDF-"
    content = sheet.with_suffix(".json").read_bytes()
    assert NAME.encode() not in content
    assert verified(tmp_path, content, "--key", key_of(running))[0].exit_code == 0
    newest = running.department.ask(f"/v1/members/{member}/reads")["items"][0]
    assert (newest["role"], newest["purpose"]) == ("operator", "存档")
    compared = CliRunner().invoke(app, ["replay", member, "--diff-from", "1"])
    assert {one["change"] for one in orjson.loads(compared.stdout)["items"]} == {"added"}
