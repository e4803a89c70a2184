"""Signing in at an issuer that is not ours: on its own pages, by its ID token, with no role that it did not give."""

from __future__ import annotations

from collections.abc import Iterator

import oidc_provider_mock
import pytest
from playwright.sync_api import Browser, Page

from infra.settings import Settings
from tests.running_service import Running, running_service

_USERS = (
    oidc_provider_mock.User(
        sub="d-1", claims={"name": "样例部门", "role": "organisation_department", "region": "620621"}
    ),
    oidc_provider_mock.User(sub="nobody", claims={"name": "没有角色"}),
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Run an OpenID provider of others."""
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=_USERS) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def served(issuer: str, console, tmp_path_factory) -> Iterator[Running]:
    """Serve the console's data a second time, for those whom the other issuer vouches for."""
    home = tmp_path_factory.mktemp("outside")
    settings: Settings = console.running.service.settings
    (home / "keys").mkdir()
    for key in (settings.home / "keys").iterdir():
        (home / "keys" / key.name).write_bytes(key.read_bytes())
    chosen = {
        "token_issuer": issuer,
        "token_jwks_url": f"{issuer}/jwks",
        "console_client_secret": "told to the provider",  # this one takes no client without
        "ready_persons": settings.ready_persons,
    }
    assert settings.database_url is not None
    with running_service(home, settings.database_url, **chosen) as running:
        yield running


@pytest.fixture
def page(browser: Browser, served: Running) -> Iterator[Page]:
    """A browser before the console."""
    context = browser.new_context(base_url=served.url, locale="zh-CN")
    yield context.new_page()
    context.close()


def test_who_the_issuer_says_has_a_role_is_let_in_with_it(page: Page, issuer: str, served: Running):
    page.goto("/rosters?side=inflow")
    page.get_by_role("link", name="登录").click()
    assert page.url.startswith(f"{issuer}/oauth2/authorize")
    assert "code_challenge_method=S256" in page.url
    page.get_by_role("button", name="d-1").click()

    page.wait_for_url(f"{served.url}/rosters?side=inflow")
    assert "样例部门" in page.locator(".who-name").inner_text()
    assert "民勤县" in page.locator(".who-name").inner_text()


def test_who_has_no_role_there_is_not_let_in(page: Page):
    page.goto("/sign-in/start")
    page.get_by_role("button", name="nobody").click()
    page.wait_for_url("**/signed-in?**")
    assert "重新登录" in page.locator("main").inner_text()
    assert "__Host-kiteline" not in {cookie["name"] for cookie in page.context.cookies()}


def test_a_code_of_another_sign_in_is_not_taken(page: Page, browser: Browser, served: Running):
    page.goto("/sign-in/start")
    with page.expect_request("**/signed-in?**") as waiting:
        page.get_by_role("button", name="d-1").click()
    stolen = waiting.value.url
    other = browser.new_context(base_url=served.url)
    answer = other.request.get(stolen)
    assert answer.status == 403
    other.close()


def test_our_own_issuer_is_not_there_beside_it(page: Page, served: Running):
    for path in ("/issuer/authorize?response_type=code", "/issuer/token", "/sign-in/token"):
        post = not path.startswith("/issuer/authorize")
        answer = page.request.post(served.url + path) if post else page.request.get(served.url + path)
        assert answer.status == 404, path
