"""Every role asks every endpoint about its own place, one that an agreement shows, and a foreign one; nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import orjson
import pytest

from api.actions import Action
from api.app import PARTS
from infra.database.embedded import EmbeddedPostgres
from infra.tokens.principal import Role
from tests.integration.authorisation.endpoints import ELSEWHERE, ENDPOINTS, Endpoint
from tests.integration.authorisation.places import Place, caller, made
from tests.running_service import Person, Running, service_on_fresh_database
from tests.unit.authorisation.test_every_action_by_every_role import EXPECTED

PLACES = ("own", "agreed", "foreign")
SHOWN = {Action.READ_MEMBER, Action.READ_HISTORY, Action.READ_PERSONAL_DATA, Action.READ_ROSTER, Action.READ_LIFECYCLE}
"""What an agreement that shows everything opens to a partner."""
REFUSED = {403, 404}
BY_ROLE = [(endpoint, role) for endpoint in ENDPOINTS for role in Role if endpoint.named != "public"]


class World:
    """A running service with the three places, and callers of every role at the first."""

    def __init__(self, running: Running) -> None:
        department = running.department
        self.running = running
        self.places = {
            "own": made(running, Place("own", "OWN", "620621"), "110101"),
            "agreed": made(running, Place("agreed", "AGR", "510104"), "440103"),
            "foreign": made(running, Place("foreign", "FOR", "350206"), "210102"),
        }
        department.record(
            "/v1/agreements",
            parties=["OWN", "AGR"],
            duties=["CONTACT"],
            visible=["CONTACTS", "ACTIVITIES", "PERSONAL_DATA"],
            **{"from": "2025-01-01", "until": "2099-12-31"},
        )
        department.ask("/v1/rosters", region="000000")
        self.callers = {role: caller(running, role, self.places["own"]) for role in Role}
        self.requests = 0

    def send(self, person: Person | None, endpoint: Endpoint, place: str) -> httpx.Response:
        """Send an endpoint's request about a place; without a person, without a token."""
        self.requests += 1
        path, body = self.places[place].filled(endpoint.path), endpoint.body
        client = httpx.Client(base_url=self.running.url, trust_env=False) if person is None else person.http
        headers = {} if body is None else {"Idempotency-Key": f"k{self.requests}", "Content-Type": "application/json"}
        content = None if body is None else self.places[place].filled(body).encode()
        return client.request(endpoint.method, path, content=content, headers=headers)


@pytest.fixture(scope="module")
def world(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("home")
    searching = {"searches_per_minute": 10_000, "searches_per_day": 10_000}
    with service_on_fresh_database(postgres, home, webhook_allowed_targets="127.0.0.1", **searching) as running:
        yield World(running)


def test_every_endpoint_there_is_stands_in_the_table_or_says_where_it_is_tested():
    operations = {route.operation_id for part in PARTS for route in part.router.routes}
    listed = {endpoint.operation for endpoint in ENDPOINTS}
    assert operations - listed == set(ELSEWHERE)
    assert not listed & set(ELSEWHERE)


@pytest.mark.parametrize(("endpoint", "role"), BY_ROLE, ids=lambda one: getattr(one, "operation", one))
def test_a_role_does_what_it_may_where_it_may(endpoint: Endpoint, role: Role, world: World):
    assert endpoint.action is not None
    ever = EXPECTED[endpoint.action, role]
    head = world.running.service.kiteline.log.max_notification_id()
    for place in PLACES:
        answer = world.send(world.callers[role], endpoint, place)
        near = place == "own" or (place == "agreed" and endpoint.action in SHOWN and role is not Role.MEMBER)
        # A member checks in as nobody but themselves, whatever organisation they name.
        near = near or (role is Role.MEMBER and endpoint.action is Action.CHECK_IN_BY_CODE)
        allowed = ever and role in endpoint.only and endpoint.named != "country"
        allowed = allowed and (near or endpoint.named in ("reach", "open"))
        where = f"{place}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, where
        if allowed:
            assert answer.status_code not in {401, *REFUSED}, where
        elif ever and answer.status_code not in REFUSED:
            assert (answer.status_code, answer.json()["code"]) == (422, endpoint.hides), where
            assert world.running.service.kiteline.log.max_notification_id() == head
        else:
            assert answer.status_code in ({403} if not ever else REFUSED), where
            assert world.running.service.kiteline.log.max_notification_id() == head
        if not allowed or (endpoint.named == "reach" and place == "foreign"):
            hidden = world.places[place].ids["member"]
            assert hidden not in answer.text.replace(f"/v1/members/{hidden}", ""), where
        head = world.running.service.kiteline.log.max_notification_id()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.operation)
def test_without_a_token_only_what_is_public_answers(endpoint: Endpoint, world: World):
    answer = world.send(None, endpoint, "own")
    if endpoint.named == "public":
        assert answer.status_code == 200, answer.text
    else:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert orjson.loads(answer.content)["code"] == "unauthenticated"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.named == "country"], ids=lambda one: one.operation
)
def test_what_touches_every_region_takes_a_token_for_the_whole_country(endpoint: Endpoint, role: Role, world: World):
    if role in (Role.MEMBER, Role.LIAISON, Role.BRANCH_SECRETARY, Role.COMMUNITY_WORKER):
        person = world.callers[role]
    else:
        person = world.running.as_role(role, region="000000")
    assert endpoint.action is not None
    refused = world.send(person, endpoint, "own").status_code in REFUSED
    assert refused is not EXPECTED[endpoint.action, role]
