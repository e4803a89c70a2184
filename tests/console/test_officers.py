"""Auditor and operator in a real browser: proofs, reads, two moments, evidence; what waits, mended and on record."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import expect

from domain.times import local_day
from infra.notes.cosignature import COSIGNATURE, cosign
from infra.notes.signed_note import Signer, read, write
from infra.sisters.taking import Outcome
from tests.console.browsing import DESK, PHONE
from tests.console.conftest import register_of
from tests.console.test_member import HOME

HELD = "证明成立"
_HALF_WAY = """
UPDATE register_import SET state = 'running', rows_read = 500, rows_expected = 2000 WHERE import_id = %s
"""
_COSIGNED = "INSERT INTO log_cosignature (origin, size, witness, line) VALUES (%s, %s, %s, %s)"


@pytest.fixture(scope="module")
def days(console):
    today = local_day(console.running.service.now_us)
    return lambda ago: (today - timedelta(days=ago)).isoformat()


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_the_auditor_checks_entries_and_that_the_log_only_grew_in_the_browser(window, visit, console):
    log_page = "/v1/log/checkpoint"
    console.running.department.get(log_page)
    console.running.department.register(HOME, name="欧阳日志")
    console.running.department.get(log_page)
    one = visit("auditor", window)
    page = one.open("/log")
    newest = page.locator("details.entry").first
    newest.locator("summary").click()
    assert len(newest.locator(".hash").inner_text().split()[-1]) == 64
    newest.get_by_role("button", name="核对证明").click()
    newest.locator(".proof.holds").wait_for()
    assert HELD in newest.locator(".proof").inner_text()
    assert json.loads(newest.locator(".leaf").inner_text())["specversion"] == "1.0"

    earlier = page.locator("#checkpoints details.entry").first
    earlier.locator("summary").click()
    earlier.get_by_role("button").click()
    earlier.locator(".proof.holds").wait_for()
    assert "未被改动" in earlier.locator(".proof").inner_text()

    page.get_by_label("到第几条").fill("3")
    page.get_by_role("button", name="查看").click()
    page.locator("#entry-3[open]").wait_for()
    assert page.locator("details.entry[id]").count() == 3


def test_a_proof_that_does_not_hold_is_said_not_to(visit, console):
    console.running.department.get("/v1/log/checkpoint")
    one = visit("auditor")

    def forged(route):
        told = route.fetch().json()
        told["hashes"] = told["hashes"][::-1]
        route.fulfill(json=told)

    page = one.open("/log?position=5")
    page.route("**/log/proof/*", forged)
    entry = page.locator("#entry-5")
    entry.get_by_role("button", name="核对证明").click()
    entry.locator(".proof.fails").wait_for()
    page.route("**/log/grown/*", forged)
    earlier = page.locator("#checkpoints details.entry").first
    earlier.locator("summary").click()
    earlier.get_by_role("button").click()
    earlier.locator(".proof.fails").wait_for()


def test_a_new_key_of_the_log_is_learned_from_a_checkpoint_that_the_known_one_signed_too(visit, console):
    console.running.department.get("/v1/log/checkpoint")
    known = console.running.department.get("/v1/log/key").text.strip()
    origin = known.split("+")[0]
    new, stranger = (Signer.of(origin, bytes([number]) * 32) for number in (1, 2))
    one = visit("auditor")
    page = one.open("/log?position=5")
    served: list[str] = [known]
    signing: list[Signer] = []

    def keys(route):
        route.fulfill(body="".join(f"{line}\n" for line in served))

    def proofs(route):
        told = route.fetch().json()
        note = read(told["checkpoint"])
        ours = [mine.line for mine in note.signatures if known in served]
        told["checkpoint"] = write(note.text, [*ours, *(signer.sign(note.text) for signer in signing)])
        route.fulfill(json=told)

    def check(verdict):
        page.locator("#entry-5").get_by_role("button", name="核对证明").click()
        page.locator(f"#entry-5 .proof.{verdict}").wait_for()

    page.route("**/v1/log/key", keys)
    page.route("**/log/proof/*", proofs)
    check("holds")
    served[:], signing[:] = [known, new.verifier.line], [new]
    check("holds")
    served[:] = [new.verifier.line]
    check("holds")
    served[:], signing[:] = [stranger.verifier.line], [stranger]
    check("fails")


@pytest.fixture
def cosigned(console, monkeypatch):
    """Three witnesses' lines under the latest checkpoint: of one that is known, of one that is not; one is silent."""
    running = console.running
    known, stranger, silent = (
        Signer.of(f"{name}-witness", bytes([seed]) * 32, COSIGNATURE)
        for seed, name in enumerate(("west", "stranger", "silent"), start=11)
    )
    running.department.get("/v1/log/checkpoint")
    asked = running.service.settings.witnesses
    for one in (known, silent):
        monkeypatch.setitem(asked, f"https://{one.verifier.name}.example", one.verifier.line)
    text = read(running.department.get("/v1/log/checkpoint").text).text
    origin, size, _ = text.split("\n", 2)
    with psycopg.connect(running.service.settings.database_url, autocommit=True) as connection:
        for one in (known, stranger):
            line = cosign(one, text, 1_760_000_000)
            connection.execute(_COSIGNED, (origin, size, one.verifier.name, line))
        yield known, stranger
        connection.execute("DELETE FROM log_cosignature")


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_the_browser_checks_the_witnesses_whose_keys_are_known_and_says_whose_are_not(window, visit, cosigned, axe):
    known, stranger = cosigned
    one = visit("auditor", window)
    page = one.open("/log")
    page.get_by_role("button", name="核对签名与联署").click()
    said = page.locator("section:has(#newest-note) .proof")
    said.and_(page.locator(".holds")).wait_for()
    steps = said.locator("li").all_inner_texts()
    assert [known.verifier.key_id.hex() in step for step in steps] == [False, False, False, True, False]
    assert "见证 west-witness 的联署正确，签于 2025/10/9" in steps[3]
    assert "silent-witness 没有联署" in steps[2]
    assert "stranger-witness 的密钥未知" in steps[4]
    assert stranger.verifier.key_id.hex() in steps[4]
    assert said.locator("li.open").count() == 2
    assert "核对了 1 个见证" in said.inner_text()
    assert one.violations(axe) == []
    assert not one.is_wider_than_its_window()


def test_a_witness_signature_that_was_altered_is_shown_as_wrong(visit, cosigned, console):
    known, _ = cosigned
    line = read(console.running.department.get("/v1/log/checkpoint").text).by(known.verifier)[0].line
    raw = bytearray(b64decode(line.rpartition(" ")[2]))
    raw[-1] ^= 1
    altered = f"{line.rpartition(' ')[0]} {b64encode(raw).decode()}"
    with psycopg.connect(console.running.service.settings.database_url, autocommit=True) as connection:
        changed = connection.execute("UPDATE log_cosignature SET line = %s WHERE line = %s", (altered, line))
        assert changed.rowcount == 1
    page = visit("auditor").open("/log")
    page.get_by_role("button", name="核对签名与联署").click()
    said = page.locator("section:has(#newest-note) .proof")
    said.and_(page.locator(".fails")).wait_for()
    assert said.locator("li.no").all_inner_texts()[0].startswith("见证 west-witness 的联署不正确")
    assert "有签名不正确" in said.inner_text()
    entry = page.locator("details.entry[id]").first
    entry.locator("summary").click()
    entry.get_by_role("button", name="核对证明").click()
    entry.locator(".proof.fails li.no").wait_for()
    assert entry.locator("li.no").count() == 1


def test_a_witness_with_another_key_than_before_is_pointed_out(visit, cosigned):
    known, _ = cosigned
    page = visit("auditor").open("/log")
    other = Signer.of("west-witness", b"other" * 6 + b"!!", COSIGNATURE)
    page.evaluate("([name, line]) => localStorage.setItem(name, line)",
                  [f"kiteline-witness-key {known.verifier.name}", other.verifier.line])  # fmt: skip
    page.get_by_role("button", name="核对签名与联署").click()
    said = page.locator("section:has(#newest-note) .proof")
    said.and_(page.locator(".fails")).wait_for()
    assert "与本机此前所见的不同" in said.locator("li.no").inner_text()


def test_reads_of_personal_data_are_listed_with_who_whose_when_and_why(visit, console):
    running = console.running
    member = running.department.register(HOME, name="欧阳查阅")
    secretary = running.as_role("branch_secretary", organisation=HOME, subject="secretary-who-reads")
    secretary.ask(f"/v1/members/{member}", fields="name,phone", purpose="月度电话联系")
    one = visit("auditor")
    page = one.open("/reads?reader=secretary-who-reads")
    row = page.locator("tbody tr")
    row.wait_for()
    said = row.inner_text()
    assert "支部书记" in said
    assert "欧" in said
    assert "欧阳查阅" not in said
    assert "月度电话联系" in said
    assert "姓名、联系电话" in said
    page.get_by_label("角色").select_option("member")
    page.get_by_role("button", name="筛选").click()
    page.get_by_text("没有符合条件的查阅").wait_for()
    page.goto("/reads")
    page.get_by_role("link", name="只看此党员的").first.or_(
        page.get_by_role("link", name="只看查阅此党员的").first
    ).click()
    page.get_by_text("只列查阅这一名党员的记录").wait_for()


def test_two_moments_stand_side_by_side_and_the_evidence_comes_as_a_file(visit, console, days):
    department = console.running.department
    member = department.register(HOME, name="欧阳对照")
    left = department.command(member, "depart", days(40), organisation=HOME, destination={"region": "620102"})
    position = left["position"]
    wrong = left["events"][0]["event_id"]
    department.command(
        member, "correct-event", days(0), organisation=HOME, event_id=wrong,
        changes={"occurred_at": days(30)}, reason="日期抄错",
    )  # fmt: skip
    one = visit("auditor")
    page = one.open(f"/members/{member}/compare")
    page.get_by_label("较早所知").or_(page.get_by_label("As known then")).first.fill(str(position))
    page.get_by_role("button", name="对照").click()
    left_row = page.locator("tr.differs").filter(has_text="离开")
    left_row.wait_for()
    assert page.locator("ol.timeline .tag.good").count() == 1
    assert page.locator("ol.timeline del").count() >= 1

    page = one.open(f"/members/{member}/evidence")
    with page.expect_download() as sheet:
        page.get_by_role("button", name="下载证据单").click()
    assert sheet.value.path().read_bytes().startswith(b"%PDF")
    with page.expect_download() as bundle:
        page.get_by_role("button", name="下载证据包").click()
    assert set(json.loads(bundle.value.path().read_bytes())) == {"evidence", "signature"}
    page.get_by_text("在证据单上印出个人信息").click()
    page.get_by_text("姓名", exact=True).click()
    page.get_by_role("button", name="下载证据单").click()
    page.get_by_role("alert").wait_for()
    assert console.running.department.ask(f"/v1/members/{member}/reads")["items"] == []


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_the_operator_mends_what_waits_and_it_is_on_record(window, visit, console, axe):
    running = console.running
    member = running.department.register(HOME, name="欧阳搁置")
    running.department.ask("/v1/rosters", region="620621", limit=1)
    sent = f"no event at all {window.name}".encode()
    assert running.service.inbox.receive(sent, "kiteline.region.510104") is Outcome.PUT_ASIDE
    with psycopg.connect(running.service.settings.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO projection_parked VALUES (%s, %s, 'ValueError')", (member, running.latest))
    one = visit("operator", window)
    page = one.open("/operating")
    waiting = page.locator("#waiting")

    waiting.get_by_role("link", name="放弃").click()
    asked = page.locator("#asked form")
    asked.get_by_role("button", name="取消").click()
    asked.wait_for(state="detached")
    assert waiting.get_by_role("link", name="放弃").count() == 1
    waiting.get_by_role("link", name="放行").click()
    asked.get_by_role("button", name="确定").click()
    asked.get_by_role("alert").wait_for()
    assert one.violations(axe) == []
    asked.get_by_role("button", name="取消").click()
    asked.wait_for(state="detached")
    waiting.get_by_role("link", name="放弃").press("Enter")
    asked.locator("[data-focus]:focus").wait_for()
    asked.get_by_role("button", name="确定").press("Enter")
    page.get_by_text("没有隔离的来件").wait_for()

    waiting.get_by_role("link", name="重试").click()
    asked.get_by_role("button", name="确定").click()
    page.get_by_text("没有搁置的党员").wait_for(timeout=120_000)
    newest = page.locator("#acts li").first
    newest.filter(has_text="重试搁置的党员").filter(has_text="完成").wait_for(timeout=120_000)
    assert "operator:demo" in newest.inner_text()


@pytest.mark.parametrize("window", [DESK, PHONE], ids=lambda one: one.name)
def test_the_operator_sees_everybodys_imports_and_how_far_they_are_but_not_what_they_are_called(
    window, visit, console, axe
):
    secretary = console.running.as_role("branch_secretary", organisation=HOME)

    def upload(name, content):
        headers = {"Idempotency-Key": str(uuid4()), "Prefer": "respond-async"}
        answer = secretary.http.post("/v1/imports", files={"file": (name, content)}, headers=headers)
        return answer.json()["import_id"]

    broken = upload("欧阳某某.csv", b"a,b\n1,2\n")
    one = visit("operator", window)
    with psycopg.connect(console.running.service.settings.database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1802073189, 1768779888)")
        slow = upload("欧阳某某二.csv", register_of(HOME, good=2, bad=0))
        connection.execute(_HALF_WAY, (slow,))
        page = one.open("/operating")
        page.locator("#waiting").get_by_role("link", name="进行中 1").click()
        row = page.locator("#imports tbody tr").filter(has_text=slow[:8])
        expect(row).to_contain_text("正在导入")
        expect(row).to_contain_text("已读 500 行，约 2,000 行")
        assert row.locator("progress").get_attribute("value") == "500"
        assert one.violations(axe) == []
        assert not one.is_wider_than_its_window()
    page.get_by_role("link", name="全部").click()
    expect(row).to_contain_text("已导入", timeout=60_000)

    page.get_by_role("link", name="未能读取").click()
    failed = page.locator("#imports tbody tr").filter(has_text=broken[:8])
    expect(failed).to_contain_text("not_a_register")
    assert "欧阳某某" not in page.content()
    page.get_by_role("link", name="← 运行").click()
    expect(page.locator("#waiting")).to_contain_text("近七天未能读取")
