"""Registers: a file is dropped or chosen, found again from another browser, sent back marked, recorded once."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from tests.console.conftest import register_of

BRANCH = "620621-01-01"
_PATIENCE_MS = 60_000
_DROP = """
([place, name, text]) => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([text], name, {type: "text/csv"}));
  place.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true}));
}
"""


def settled(page):
    """Wait until what the page shows is a result."""
    expect(page.locator("#result-title")).to_be_visible(timeout=_PATIENCE_MS)
    return page.locator(".figures dd").all_inner_texts()


def departures(console):
    """Count the departures in the log."""
    with console.running.service.kiteline.log.reading() as connection:
        return connection.execute("SELECT count(*) FROM log WHERE topic = 'departed'").fetchone()[0]


def test_a_dropped_register_is_seen_row_by_row_and_its_good_rows_recorded_once_from_another_browser(
    visit, window, console
):
    one = visit("branch_secretary", window)
    page = one.open("/registers")
    content = register_of(BRANCH, good=2, bad=1).decode("utf-8-sig")
    place = page.locator("[data-drop]").element_handle()
    page.evaluate(_DROP, [place, "台账.csv", content])

    page.wait_for_url("**/registers/*-*")
    assert settled(page) == ["3", "2", "0", "1", "0"]
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("流出时间")
    expect(rows.locator("td").last).not_to_be_empty()
    assert "测试辛" not in page.content()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载标注了错误的台账").click()
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(waiting.value.path().read_bytes())).get_sheet_by_index(0)
    assert [bool(row[-1]) for row in sheet.to_python()] == [True, False, False, True]

    before = departures(console)
    other = visit("branch_secretary")
    other.open("/registers").get_by_role("link", name="台账.csv").first.click()
    other.page.wait_for_url(page.url)
    other.page.get_by_role("button", name="导入正确的 2 行").click()
    expect(other.page.locator(".tag", has_text="已导入").first).to_be_visible(timeout=_PATIENCE_MS)
    assert settled(other.page) == ["3", "2", "0", "1", "0"]
    expect(other.page.get_by_role("button", name="导入正确的")).to_have_count(0)
    page.get_by_role("button", name="导入正确的 2 行").click()
    expect(page.locator("main")).to_contain_text("已导入的不能再次导入")
    assert departures(console) == before + 2


def checked_whole(one, name, content):
    """Upload a register that is to be recorded as a whole or not at all, and wait for its dry run."""
    page = one.open("/registers")
    page.get_by_label("全部正确才导入").check()
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="试运行").click()
    page.wait_for_url("**/registers/*-*")
    return page, settled(page)


def test_all_or_none_with_a_wrong_row_records_nothing_until_somebody_takes_the_good_ones_after_all(
    visit, window, console, axe
):
    one, before = visit("branch_secretary", window), departures(console)
    page, figures = checked_whole(one, "整份.csv", register_of(BRANCH, good=2, bad=1))
    assert figures == ["3", "2", "0", "1", "0"]
    expect(page.get_by_role("alert")).to_contain_text("一行也不导入")
    expect(page.get_by_role("button", name="全部导入")).to_have_count(0)
    assert one.violations(axe) == []
    assert not one.is_wider_than_its_window()
    assert departures(console) == before

    page.get_by_role("button", name="改为导入正确的 2 行").click()
    expect(page.locator(".tag", has_text="已导入").first).to_be_visible(timeout=_PATIENCE_MS)
    assert departures(console) == before + 2


def test_all_or_none_goes_on_without_its_page_and_records_every_row(visit, console):
    one, before = visit("branch_secretary"), departures(console)
    page, _ = checked_whole(one, "整份无错.csv", register_of(BRANCH, good=3, bad=0))
    address = page.url
    with page.expect_request_finished(lambda request: request.method == "POST"):
        page.get_by_role("button", name="全部导入（3 行）").click()
    page.goto("/rosters")
    other = visit("branch_secretary").open(address.removeprefix(console.url))
    expect(other.locator(".tag", has_text="已导入").first).to_be_visible(timeout=_PATIENCE_MS)
    assert settled(other) == ["3", "3", "0", "0", "0"]
    assert departures(console) == before + 3


def test_all_or_none_is_refused_whole_where_a_row_has_become_wrong_since_it_was_tried(visit, console):
    one, before = visit("branch_secretary"), departures(console)
    content = register_of(BRANCH, good=2, bad=0)
    page, _ = checked_whole(one, "后来有错.csv", content)
    number = content.decode("utf-8-sig").splitlines()[1].split(",")[1]
    console.running.department.register(BRANCH, name="测试他人", identity_number=number)
    page.get_by_role("button", name="全部导入（2 行）").click()
    expect(page.get_by_role("alert")).to_contain_text("没有导入", timeout=_PATIENCE_MS)
    expect(page.locator("tbody tr")).to_contain_text("另一个姓名")
    assert departures(console) == before
    expect(one.open("/registers").locator("#imports tr", has_text="后来有错.csv")).to_contain_text("未导入，有错 1")


def test_without_scripts_and_by_the_keyboard_alone_a_register_is_checked(visit, browser, console, tmp_path):
    one = visit("branch_secretary")
    file = tmp_path / "季度台账.csv"
    file.write_bytes(register_of(BRANCH, good=1, bad=0))
    plain = browser.new_context(
        base_url=console.url, java_script_enabled=False, storage_state=one.context.storage_state()
    )
    page = plain.new_page()
    page.goto("/registers")
    page.get_by_role("button", name="试运行").press("Enter")
    assert page.url == f"{console.url}/registers"
    page.locator("#file").set_input_files(file)
    page.locator("#file").press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/registers/*-*")
    assert settled(page) == ["1", "1", "0", "0", "0"]
    plain.close()


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b""], ids=["no register", "empty"])
def test_a_file_that_is_none_is_refused_with_a_sentence(content, visit, axe):
    one = visit("community_worker")
    page = one.open("/registers")
    page.locator("#file").set_input_files({"name": "别的.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="试运行").click()
    expect(page.get_by_role("alert")).to_be_visible(timeout=_PATIENCE_MS)
    expect(page.get_by_role("alert")).to_contain_text("文件")
    assert one.violations(axe) == []


def test_twenty_thousand_rows_are_shown_by_pages(visit, window, console):
    one = visit("branch_secretary", window)
    secretary = console.running.as_role("branch_secretary", organisation=BRANCH, subject="secretary:demo")
    answer = secretary.http.post(
        "/v1/imports",
        files={"file": ("大台账.csv", register_of(BRANCH, good=0, bad=20_000))},
        data={"dry_run": "true"},
        headers={"Idempotency-Key": str(uuid4()), "Prefer": "respond-async"},
    )
    page = one.open(f"/registers/{answer.json()['import_id']}")
    assert settled(page) == ["20,000", "0", "0", "20,000", "0"]
    assert page.locator("tbody tr").count() == 100
    assert len(page.content().encode()) < 150_000
    assert not one.is_wider_than_its_window()
    page.get_by_role("link", name="下一页").click()
    expect(page.locator("tbody tr th").first).to_contain_text("102")
