"""`kiteline import` and `kiteline replay` as a secretary and an auditor meet them."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from domain.organisation import OrganisationRegistered
from infra.cli.main import app
from infra.demo.making import opened_workshop
from infra.demo.untidy_registers import County, WrittenRegister, write_registers
from infra.recording.drafts import Caller
from infra.recording.receipts import Receipt
from infra.settings import Settings
from infra.vault.master_key import load_master_key
from infra.vault.vault import Vault

BRANCH = "620621-01-01"
CALLER = Caller("secretary:1", BRANCH, "API")
ORGANISATIONS = [
    OrganisationRegistered("620621", "样例民勤县委员会", "COMMITTEE", "620621"),
    OrganisationRegistered(BRANCH, "民勤样例一镇第一村支部", "BRANCH", "620621", "620621"),
    OrganisationRegistered("620102", "样例城关区委员会", "COMMITTEE", "620102"),
    OrganisationRegistered("620102-01", "城关样例一街道第一社区支部", "BRANCH", "620102", "620102"),
]
EXPECTED = ("外出报备", "离开", "报到", "接收纳管", "联系", "更正", "作废", "返回", "联系")
Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str, home: Path) -> Command:
    """Run `kiteline` on this test's database, in a wide terminal."""
    environ = {"KITELINE_DATABASE_URL": database_url, "KITELINE_HOME": str(home), "COLUMNS": "200"}

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env=environ)

    return run


@pytest.fixture
def member(database_url: str, home: Path) -> UUID:
    """A member of 民勤 who left, whose check-in was corrected, with a contact booked to a namesake."""
    vault = Vault(load_master_key(Settings(home=home)))
    with opened_workshop(database_url, vault) as shop:
        shop.clock.go_to(date(2026, 6, 30))
        shop.references.register_many(ORGANISATIONS, CALLER)
        person = {"identity_number": "360426199101010071", "name": "样例甲", "organisation": BRANCH}
        member_id = shop.registration.register(person, CALLER, may_see=lambda _: True).member_id
        assert member_id is not None

        def record(verb: str, on: str, **fields: object) -> Receipt:
            assert member_id is not None
            return shop.desk.record(member_id, verb, {"occurred_at": on, **fields}, CALLER)

        record("report-departure", "2026-03-01", destination={"region": "620102"}, departs_on="2026-03-05")
        record("depart", "2026-03-05")
        scan = record("check-in", "2026-03-08T10:00:00+08:00", region="620102", channel="CODE")
        record("accept", "2026-03-10", organisation="620102-01")
        call = record("record-contact", "2026-04-10", channel="PHONE")
        scanned = scan.events[0].event_id
        record("correct-event", "2026-04-12", event_id=scanned, changes={"occurred_at": "2026-03-07T09:30:00+08:00"})
        record("void-event", "2026-04-20", event_id=call.events[0].event_id, reason="同名误记")
        record("return", "2026-05-02")
        record("record-contact", "2026-05-20", channel="MESSAGE")
    return member_id


def test_a_history_reads_in_the_order_of_facts_with_what_was_struck_through(command: Command, member: UUID):
    told = command("replay", str(member))

    assert told.exit_code == 0, told.output
    named = "|".join((*EXPECTED, "登记入册"))
    following = "member_|departure_|departed|checked|accepted|contact_|event|ret"
    facts = re.findall(rf"({named}) (?:{following})", told.stdout)
    assert facts == ["登记入册", *EXPECTED]
    assert "2026-03-08 10:00" in told.stdout
    assert told.stdout.index("2026-03-08 10:00") < told.stdout.index("2026-03-07 09:30")  # struck, then as corrected
    assert "由 #7 更正 corrected" in told.stdout
    assert "由 #8 作废 voided" in told.stdout
    assert "兰州市城关区 620102" in told.stdout
    assert "城关样例一街道第一社区支部" in told.stdout
    assert "⚑ 这一天党员已经返回" in told.stdout
    assert "最后：已返回" in told.stdout
    assert "return_education" in told.stdout


def test_a_correction_and_a_void_tell_their_effect_in_the_table_and_in_the_json(command: Command, member: UUID):
    items = json.loads(command("replay", str(member), "--json").stdout)["items"]
    told = {item["type"]: item["effect"] for item in items if "effect" in item}

    assert set(told) == {"event_corrected", "event_voided"}
    (moved,) = [one for one in told["event_corrected"]["event"]["changes"] if one["pointer"] == "/occurred_at"]
    assert (moved["before"], moved["after"]) == ("2026-03-08T10:00:00+08:00", "2026-03-07T09:30:00+08:00")
    assert told["event_voided"]["event"]["after"] is None
    assert "/movement/legs/0/checked_in_at" in [one["pointer"] for one in told["event_corrected"]["state"]]
    table = command("replay", str(member)).stdout
    assert "影响 effect" in table
    assert "不再计算" in "".join(table.split())


def test_a_history_can_be_asked_for_as_of_a_day_and_as_known_at_a_position(command: Command, member: UUID):
    march = command("replay", str(member), "--as-of", "2026-03-31")
    then = command("replay", str(member), "--known-at", "8", "--json")

    assert "返回 returned" not in march.stdout
    assert "最后：已纳管" in march.stdout
    known = json.loads(then.stdout)
    assert known["known_position"] == 8
    assert [item["type"] for item in known["items"]] == [
        "member_registered",
        "departure_reported",
        "departed",
        "checked_in",
    ]
    assert known["items"][-1]["correction"] is None
    assert known["items"][-1]["state"]["movement"]["stage"] == "checked_in"


def test_a_time_after_the_head_means_the_head_of_the_log_and_not_of_the_member(command: Command, member: UUID):
    now = json.loads(command("replay", str(member), "--json").stdout)
    later = json.loads(command("replay", str(member), "--known-at", "2999-01-01", "--json").stdout)

    assert later == now
    assert later["known_position"] > 0


def test_an_unknown_member_or_moment_is_said_plainly(command: Command, member: UUID):
    nobody = command("replay", "00000000-0000-4000-8000-000000000000")
    never = command("replay", str(member), "--as-of", "上个月")

    assert nobody.exit_code == never.exit_code == 2
    assert "没有这个党员" in nobody.stderr
    assert "A moment is a time with offset" in never.stderr
    assert "Traceback" not in nobody.output + never.output


def _register(folder: Path) -> WrittenRegister:
    branches = [(one.code, one.name) for one in ORGANISATIONS if one.code == BRANCH]
    county = County("620621", "民勤县", branches, 60)
    return write_registers(folder, seed=5, today=date(2026, 6, 1), counties=[county], share_wrong=0.1)[0]


def test_a_register_is_imported_with_its_errors_told_and_marked_in_a_file_beside_it(
    command: Command, member: UUID, tmp_path: Path
):
    del member  # its organisations are there
    register = _register(tmp_path / "registers")
    wrong = sum(register.planted.values())

    tried = command("import", str(register.path), "--organisation", "620621", "--dry-run")
    told = command("import", str(register.path), "--organisation", "620621")
    again = command("import", str(register.path), "--organisation", "620621")

    assert tried.exit_code == told.exit_code == again.exit_code == 1
    right = register.rows - wrong
    assert f"共 {register.rows} 行，接受 {right}，已有 0，退回 {wrong}" in tried.stdout
    assert "试运行：没有记录任何内容" in tried.stdout
    assert f"共 {register.rows} 行，接受 {right}，已有 0，退回 {wrong}" in told.stdout
    assert f"接受 0，已有 {right}，退回 {wrong}" in again.stdout
    assert len(re.findall(r"第 \d+ 行“", told.stdout)) >= wrong
    assert "应为 expected:" in told.stdout
    marked = register.path.with_name(f"{register.path.stem}.errors.xlsx")
    assert marked.read_bytes().startswith(b"PK")


def test_a_file_or_organisation_that_is_none_is_said_plainly(command: Command, member: UUID, tmp_path: Path):
    del member
    other = tmp_path / "note.xlsx"
    other.write_text("not a register", encoding="utf-8")

    refused = command("import", str(other), "--organisation", "620621")
    unknown = command("import", str(other), "--organisation", "620612")
    absent = command("import", str(tmp_path / "none.xlsx"), "--organisation", "620621")

    assert refused.exit_code == unknown.exit_code == absent.exit_code == 2
    assert "620621 样例民勤县委员会" in unknown.stderr
    assert "没有这个文件" in absent.stderr
    assert "Traceback" not in refused.output + unknown.output + absent.output
