"""A request that was answered leaves nothing behind: what it held goes at once, and not with the garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from api.console.person import Person as Visitor
from api.console.sessions import COOKIE, SignedIn
from api.edge import _Exchange
from infra.tokens.principal import Principal, Role
from tests.running_service import Person, Running


def held(kind: type) -> int:
    """Count the objects of a kind that this process still holds."""
    return sum(isinstance(one, kind) for one in gc.get_objects())


@contextmanager
def nobody_collects() -> Iterator[None]:
    """Let the collector be."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_answered_requests_are_let_go_without_the_collector(secretary: Person):
    member = secretary.register("MQ-1")
    with nobody_collects():
        for day in range(1, 21):
            secretary.command(member, "record-contact", f"2025-03-{day:02}", channel="PHONE")
            assert secretary.get(f"/v1/members/{member}/nothing").status_code == 404
        assert held(_Exchange) <= 2  # an answer is there before its request has ended


def test_pages_and_refusals_as_pages_are_let_go_without_the_collector(running: Running, secretary: Person):
    member = secretary.register("MQ-1")
    who = SignedIn(Principal("secretary", Role.BRANCH_SECRETARY, organisation="MQ-1"), "赵样例")
    words = running.service.sessions.begin(who)
    browser = {"Cookie": f"{COOKIE}={words}", "Accept": "text/html"}
    pages = {"/": 200, "/duties": 200, f"/members/{member}": 200, "/operating": 403, "/no-such-page": 404}
    with nobody_collects():
        for _ in range(8):
            for path, status in pages.items():
                assert secretary.http.get(path, headers=browser).status_code == status, path
        assert held(Visitor) <= 2
        assert held(_Exchange) <= 2
