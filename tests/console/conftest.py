"""A real service over a small year of synthetic lives, and a real browser in front of it: once for all tests."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql

from domain.times import local_day
from infra.database.embedded import EmbeddedPostgres
from infra.demo.making import make, opened_workshop
from infra.demo.marker import Marker
from infra.demo.persons import set_out
from infra.settings import Settings
from infra.vault.configured import configured_vault
from tests.console.browsing import DESK, PHONE, Visit, Window
from tests.console.crowd import Crowd, gathered
from tests.running_service import Running, running_service, service_on_fresh_database, synthetic_identity_number

MEMBERS = 300
_SEED = 20
_TEMPLATE = "kiteline_template"
_PATIENCE_SECONDS = 60


class Unseen:
    """Nobody looks on while the data is made."""

    def begins(self, what: str, total: int) -> None: ...

    def advances(self, done: int) -> None: ...

    def imported(self, register: object, report: object) -> None: ...


@dataclass(frozen=True)
class Console:
    """The service, the demo's member with the richest history, a register that the secretary tried, and a venue."""

    running: Running
    story: str
    register: str
    venue: str
    code: str
    link: str

    @property
    def url(self) -> str:
        return self.running.url


@pytest.fixture(scope="session")
def console(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Serve a year of lives. Tests that record do so about members of their own, or expect what others recorded."""
    home = tmp_path_factory.mktemp("console")
    name = f"console_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(_TEMPLATE)))
    url = postgres.url.replace("@/kiteline?", f"@/{name}?")
    settings = Settings(home=home, database_url=url)
    with running_service(home, url, ready_persons=home / "demo" / "persons.json") as running:
        day = local_day(running.service.now_us)
        with opened_workshop(url, configured_vault(settings)) as shop:
            marker = make(shop, home, Marker(_SEED, day.isoformat(), MEMBERS), Unseen())
        set_out(home, marker)
        running.service.kiteline.refresh_reference()
        running.latest = running.service.kiteline.log.max_notification_id() or 0
        running.department.ask("/v1/rosters", region="000000", limit=1)
        assert marker.story is not None
        yield Console(running, marker.story, tried_register(running), *opened_venue(running))


def tried_register(running: Running) -> str:
    """Let the secretary try a register in which something is wrong; returns its id once that is done."""
    secretary = running.as_role("branch_secretary", organisation="620621-01-01", subject="secretary:demo")
    answer = secretary.http.post(
        "/v1/imports",
        files={"file": ("流出党员台账（2026年第三季度）.csv", register_of("620621-01-01", good=3, bad=2))},
        data={"dry_run": "true"},
        headers={"Idempotency-Key": str(uuid4()), "Prefer": "respond-async"},
    )
    import_id: str = answer.json()["import_id"]
    until = time.monotonic() + _PATIENCE_SECONDS
    while secretary.ask(f"/v1/imports/{import_id}")["state"] != "done":
        assert time.monotonic() < until
        time.sleep(0.05)
    return import_id


def opened_venue(running: Running) -> tuple[str, str, str]:
    """Open a venue of the worker's, with a code: returns its id, the code's, and the link that the code is."""
    worker = running.as_role("community_worker", organisation="620102", subject="worker:demo")
    named = {"name": "兰州市城关区样例街道党群服务中心（流动党员服务站）", "region": "620102", "kind": "STATION"}
    venue = worker.record("/v1/venues", **named)["stream"]
    code = worker.record(f"/v1/venues/{venue}/codes")
    return venue, code["code_id"], code["link"]


def register_of(branch: str, *, good: int, bad: int) -> bytes:
    """Write a register of people who left a branch; of the bad ones the day is none."""
    head = "姓名,公民身份号码,党员类别,流出党支部,流出时间,流出原因,流入地"
    days = ["2026-03-05"] * good + ["2026-13-05"] * bad
    rows = [f"测试辛,{synthetic_identity_number()},正式党员,{branch},{day},务工,兰州城关" for day in days]
    return "\n".join([head, *rows]).encode("utf-8-sig")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium, one a file; one that is not there is a failure.

    While it runs, playwright's event loop does, in the thread of the tests: other files' coroutines need the thread.
    """
    found = shutil.which("chromium")
    assert found is not None, (
        "chromium is missing: apt-get install chromium chromium-l10n fonts-noto-cjk (make chromium)"
    )
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]
    with sync_playwright() as playwright:
        # In the language of whoever looks: days and files are written by the browser itself.
        spoken: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "zh_CN"}
        started = playwright.chromium.launch(executable_path=found, args=options, env=spoken)
        yield started
        started.close()


@pytest.fixture(params=[DESK, PHONE], ids=lambda window: window.name)
def window(request: pytest.FixtureRequest) -> Window:
    """A desk's window and a phone's."""
    chosen: Window = request.param
    return chosen


@pytest.fixture
def visit(browser: Browser, console: Console) -> Iterator[Callable[..., Visit]]:
    """Open browsers of several people; afterwards none of them had an error or asked another machine for anything."""
    with visiting(browser, console.url, Visit.sign_in) as open_one:
        yield open_one


@pytest.fixture(scope="session")
def crowd(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Serve ten thousand members under long names, and offices with nobody."""
    with gathered(postgres, tmp_path_factory.mktemp("crowd")) as made:
        yield made


@pytest.fixture
def guest(browser: Browser, crowd: Crowd) -> Iterator[Callable[..., Visit]]:
    """Open browsers of people of the crowd's offices, by their names there, as `visit` does."""
    with visiting(browser, crowd.url, lambda one, name: one.sign_in_with(crowd.tokens[name])) as open_one:
        yield open_one


@pytest.fixture
def frail(
    request: pytest.FixtureRequest, browser: Browser, postgres: EmbeddedPostgres, tmp_path: Path
) -> Iterator[tuple[Running, Callable[..., Visit]]]:
    """Serve on a database that a test may break, to an operator; settings come as the fixture's parameter."""
    with service_on_fresh_database(postgres, tmp_path, **getattr(request, "param", {})) as running:
        token = running.as_role("operator", region="000000", subject="operator").token
        with visiting(browser, running.url, lambda one, _: one.sign_in_with(token)) as open_one:
            yield running, open_one


@contextmanager
def visiting(browser: Browser, url: str, sign_in: Callable[[Visit, str], None]) -> Iterator[Callable[..., Visit]]:
    """Open browsers until the context ends; troubles of any of them are an AssertionError then."""
    visits: list[Visit] = []

    def open_one(who: str | None = None, window: Window = DESK, language: str = "zh") -> Visit:
        one = Visit(browser, url, window, language)
        visits.append(one)
        if who is not None:
            sign_in(one, who)
        return one

    yield open_one
    for one in visits:
        one.close()
    assert [trouble for one in visits for trouble in one.troubles] == []


@pytest.fixture(scope="session")
def axe() -> str:
    """Read axe-core, which `make node-files` installed."""
    from tests.outside.node_tools import INSTALLED

    return (INSTALLED / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
