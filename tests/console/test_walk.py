"""One member's whole loop by six people in six browsers at once: each acts by clicking, the others' pages follow."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.tokens.principal import Role
from tests.console.test_member import AWAY, HOME

BRANCH = "620102-W1"
NAMED = "欧阳同行"
MASKED = "欧**行"
PATIENCE_MS = 60_000


@pytest.fixture
def six(visit, console):
    """Sign six people in, each in a browser of their own, and give each the page that they keep open."""
    running = console.running
    department = running.department
    department.organise(BRANCH, AWAY, parent="620102", name="城关样例同行支部")
    member = department.register(HOME, name=NAMED)
    department.ask("/v1/rosters", region="620621", limit=1)
    signed_in: dict[str, Page] = {}
    for name, role, place in (
        ("member", Role.MEMBER, {"member": member}),
        ("home", Role.BRANCH_SECRETARY, {"organisation": HOME}),
        ("there", Role.BRANCH_SECRETARY, {"organisation": BRANCH}),
        ("worker", Role.COMMUNITY_WORKER, {"organisation": "620102"}),
        ("department", Role.ORGANISATION_DEPARTMENT, {"region": "620621"}),
        ("auditor", Role.AUDITOR, {"region": "000000"}),
    ):
        one = visit()
        one.context.set_default_timeout(PATIENCE_MS)
        one.sign_in_with(running.as_role(role, subject=f"walk-{name}", **place).token)
        signed_in[name] = one.page
    return member, signed_in


def recorded(place: Locator, command: str) -> None:
    """Open a command's form within a part of a page, and confirm it."""
    place.get_by_role("link", name=command, exact=True).first.click()
    confirmed(place)


def confirmed(place: Locator) -> None:
    place.locator("form.command").get_by_role("button", name="确认记录").click()
    expect(place.locator(".done, .notice.good").first).to_be_visible(timeout=PATIENCE_MS)


def soon(where: Locator, text: str | re.Pattern[str]) -> None:
    """Await what somebody else's doing brings to a page that is not loaded again."""
    expect(where).to_contain_text(text, timeout=PATIENCE_MS)


def figure(page: Page, side: str, view: str) -> Locator:
    return page.locator(f"#figures a[href='/loop?side={side}&view={view}'] strong")


def counts(page: Page) -> dict[str, int]:
    views = ("pre_departure", "in_transit", "return")
    expect(page.locator("#figures:not([aria-busy])")).to_be_visible(timeout=PATIENCE_MS)
    return {view: int(figure(page, "outflow", view).inner_text().replace(",", "")) for view in views}


def test_six_people_close_one_members_loop_and_every_page_agrees(six, console):
    member, people = six
    at = f"/members/{member}"
    kept_open = {"member": "/", "home": at, "there": "/", "worker": "/", "department": "/", "auditor": at}
    for name, address in kept_open.items():
        people[name].goto(address)
    before = counts(people["department"])

    goes(at, people, before)
    arrives(at, people)
    stays(at, people)
    comes_home(at, people, before)

    every_page_agrees(member, people, console)


def goes(at: str, people: dict[str, Page], before: dict[str, int]) -> None:
    """The member reports; the secretary at home sees what to do, talks, and notes that they have left."""
    mine, home, office, auditor = (people[name] for name in ("member", "home", "department", "auditor"))
    state = mine.locator("#own-state")
    soon(state, "没有外出登记")
    mine.get_by_role("link", name="外出报备").click()
    form = mine.locator("form.command")
    form.locator("input[name='destination.region']").fill(f"兰州市城关区 {AWAY}")
    form.locator("input[name='departs_on']").fill(form.locator("input[name='occurred_at']").input_value())
    form.get_by_role("button", name="确认记录").click()
    soon(state, "您已报备外出，去往 兰州市城关区")
    soon(home.locator("#next"), "行前谈话")
    soon(auditor.locator("#state"), "已报备")
    soon(figure(office, "outflow", "pre_departure"), f"{before['pre_departure'] + 1:,}")
    recorded(home.locator("#next"), "行前谈话")
    home.goto(at)
    recorded(home.locator("#commands"), "离开")
    soon(state, "您已外出，去往 兰州市城关区")
    soon(auditor.locator("#state"), "待报到")
    soon(figure(office, "outflow", "in_transit"), f"{before['in_transit'] + 1:,}")


def arrives(at: str, people: dict[str, Page]) -> None:
    """The member checks in; the community sees it and hands the case to the branch, which takes them in."""
    mine, home, there, worker, auditor = (people[name] for name in ("member", "home", "there", "worker", "auditor"))
    mine.goto("/")
    state = mine.locator("#own-state")
    mine.get_by_role("link", name="报到", exact=True).click()
    mine.locator("form.command").get_by_role("button", name="确认记录").click()
    soon(state, "您已在 兰州市城关区 报到")
    soon(home.locator("#state"), "已报到待接收")
    expect(worker.locator(f"#duties a.name[href='{at}']")).to_have_count(1, timeout=PATIENCE_MS)
    worker.goto(at)
    worker.locator("#commands").get_by_role("link", name="分办", exact=True).click()
    worker.locator("#commands form.command input[name='to_organisation']").fill(f"城关样例同行支部 {BRANCH}")
    confirmed(worker.locator("#commands"))
    arrival = there.locator(f"#duties a.name[href='{at}']").first
    expect(arrival).to_have_text(MASKED, timeout=PATIENCE_MS)
    arrival.click()
    recorded(there.locator("#next"), "接收纳管")
    soon(state, "由当地党组织管理服务")
    soon(state, "城关样例同行支部")
    soon(worker.locator("#state"), "已接收")
    soon(auditor.locator("#state"), "已接收")


def stays(at: str, people: dict[str, Page]) -> None:
    """The branch there keeps in touch, and the community records two hours of service."""
    mine, there, worker = (people[name] for name in ("member", "there", "worker"))
    there.goto(at)
    recorded(there.locator("#commands"), "联系")
    worker.goto(at)
    worker.locator("#commands").get_by_role("link", name="志愿服务").click()
    form = worker.locator("#commands form.command")
    form.locator("input[name='hours']").fill("2")
    form.get_by_text("社区服务").click()
    confirmed(worker.locator("#commands"))
    mine.goto("/")
    soon(mine.locator("section[aria-labelledby='service-title']"), "社区服务")


def comes_home(at: str, people: dict[str, Page], before: dict[str, int]) -> None:
    """The member says so; the secretary confirms, and the loop closes with the talk at home."""
    mine, home, worker = (people[name] for name in ("member", "home", "worker"))
    office, auditor = people["department"], people["auditor"]
    state = mine.locator("#own-state")
    recorded(mine.locator("section[aria-labelledby='can-do']"), "报告返回")
    soon(figure(office, "outflow", "return"), f"{before['return'] + 1:,}")
    home.goto(at)
    recorded(home.locator("#commands"), "返回")
    soon(state, "您已返回")
    soon(worker.locator("#state"), "已返回")
    home.goto(at)
    recorded(home.locator("#next"), "回归教育")
    soon(state, "没有外出登记")
    soon(auditor.locator("#state"), "未在外")
    for view, count in before.items():
        soon(figure(office, "outflow", view), f"{count:,}")


def every_page_agrees(member: str, people: dict[str, Page], console) -> None:
    """Hold the last pages of all six to each other, and to the proof."""
    at = f"/members/{member}"
    told = console.running.department.ask(f"/v1/members/{member}/history")["items"]
    events = [one["event_id"] for one in told][::-1]
    assert [one["type"] for one in told][1:4] == ["departure_reported", "pre_departure_talk_held", "departed"]
    for name in ("member", "home", "auditor", "department"):
        page = people[name]
        page.goto(at)
        assert page.locator(".event").evaluate_all("all => all.map(one => one.id.slice(6))") == events, name
        assert "未在外" in page.locator("#state").inner_text()
    office = people["department"]
    for view in ("pre_departure", "in_transit", "return"):
        office.goto(f"/loop?side=outflow&region=620621&view={view}")
        assert office.locator(f"#members a.name[href='{at}']").count() == 0
    for name, address, listed in (
        ("home", f"/rosters?side=affiliated&organisation={HOME}", 1),
        ("home", f"/rosters?side=outflow&organisation={HOME}", 0),
        ("there", "/rosters?side=inflow", 0),
        ("worker", "/rosters?side=inflow", 0),
    ):
        people[name].goto(address)
        assert people[name].locator(f"#roster a.name[href='{at}']").count() == listed, address
    auditor = people["auditor"]
    for event_id in (events[0], events[-1]):
        event = auditor.locator(f"#event-{event_id}")
        event.get_by_text("当时情况与证明").click()
        event.get_by_role("button", name="核对证明").click()
        expect(event.locator(".proof.holds")).to_be_visible(timeout=PATIENCE_MS)
