"""A service, a county of each test's own, receivers on loopback, and the sender of webhooks with a clock to turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from consumers.webhooks.worker import Webhooks
from infra.database.embedded import EmbeddedPostgres
from projections.region_feeds import FeedRow, page_after
from tests.receiving import Receiver, receiver
from tests.running_service import Answer, Running, service_on_fresh_database

_PATIENCE = 60.0
_POLL = 0.03
_numbers = count(1)


@pytest.fixture(scope="package")
def running(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a service of Gansu that lets webhooks go to 127.0.0.1."""
    with service_on_fresh_database(
        postgres, tmp_path_factory.mktemp("home"), webhook_allowed_targets="127.0.0.1/32"
    ) as service:
        service.department.organise("甘肃", "620000", kind="COMMITTEE")
        yield service


class County:
    """A region whose feed is this test's own: nobody else records anything there."""

    def __init__(self, running: Running, region: str) -> None:
        self.running = running
        self.region = region
        self.department = running.department
        self.sister = running.as_role("sister_system", region=region)

    def organise(self, times: int = 1) -> list[str]:
        """Record so many events that concern this region; return the codes."""
        return [self.department.organise(f"W{next(_numbers)}", self.region, parent="甘肃") for _ in range(times)]

    def register(self, organisation: str, times: int = 1) -> list[str]:
        """Record so many registrations."""
        return [self.department.register(organisation) for _ in range(times)]

    def feed(self, entries: int) -> list[FeedRow]:
        """Return the feed once it has so many entries."""
        waited = Clock()
        while True:
            with self.running.service.kiteline.log.reading() as connection:
                rows = page_after(connection, self.region, 0, 10_000)
            if len(rows) >= entries:
                return rows
            assert waited.seconds < _PATIENCE, len(rows)
            time.sleep(_POLL)

    def subscribe(self, to: Receiver, *, start: str = "start", **fields: object) -> Answer:
        """Subscribe to this region, from its start unless told otherwise."""
        return self.sister.record("/v1/subscriptions", url=to.url, region=self.region, **{"from": start, **fields})

    def standing(self, subscription: Answer) -> Answer:
        return self.sister.ask(f"/v1/subscriptions/{subscription['subscription_id']}")

    def deliveries(self, subscription: Answer, **asked: object) -> list[Answer]:
        """Return the log of deliveries, the first attempt first."""
        path = f"/v1/subscriptions/{subscription['subscription_id']}/deliveries"
        return list(reversed(self.sister.ask(path, limit=1000, **asked)["items"]))

    def change(self, subscription: Answer, verb: str, **body: object) -> Answer:
        answer = self.sister.post(f"/v1/subscriptions/{subscription['subscription_id']}/{verb}", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def until(self, subscription: Answer, **expected: object) -> Answer:
        """Return the subscription once it stands so."""
        waited = Clock()
        while True:
            found = self.standing(subscription)
            if all(found[name] == value for name, value in expected.items()):
                return found
            assert waited.seconds < _PATIENCE, found
            time.sleep(_POLL)


@pytest.fixture(scope="package")
def counties(running: Running) -> Iterator[str]:
    """Tell one county of Gansu after another."""
    regions, today = running.service.kiteline.reference().regions, datetime.now(UTC).date()
    codes = (f"62{city:02}{number:02}" for city in range(1, 13) for number in range(2, 30))
    return (code for code in codes if regions.known(code) and regions.resolve(code, today).code == code)


@pytest.fixture
def county(running: Running, counties: Iterator[str]) -> County:
    """A county nobody used before."""
    return County(running, next(counties))


class Clock:
    """The time of day, and further when turned."""

    def __init__(self, back: timedelta = timedelta(0)) -> None:
        self._ahead = -back
        self._began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def turn(self, by: timedelta) -> None:
        self._ahead += by

    @property
    def seconds(self) -> float:
        return (datetime.now(UTC) - self._began).total_seconds()


@pytest.fixture
def clock() -> Clock:
    """The sender's clock."""
    return Clock()


@pytest.fixture
def send(running: Running, clock: Clock) -> Iterator[Callable[..., Webhooks]]:
    """Start senders; all stop with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Webhooks:
            service = running.service
            assert service.settings.database_url is not None
            sending = Webhooks(
                service.kiteline, service.settings.database_url, service.settings, **{"clock": clock, **options}
            )
            stack.callback(sending.close)
            return sending

        yield start


@pytest.fixture
def make_receiver() -> Iterator[Callable[..., Receiver]]:
    """Make receivers on loopback."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(receiver(*arguments, **options))


@pytest.fixture
def hook(make_receiver: Callable[..., Receiver]) -> Receiver:
    """One receiver that takes everything."""
    return make_receiver()
