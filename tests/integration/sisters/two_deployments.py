"""Two deployments in one test: Gansu, where members come from, and Sichuan, where they go; each with its own log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.event_store.epochs import keep_source
from infra.recording.mapper import cloud_event
from infra.settings import Settings, SisterSettings
from infra.sisters.known import introduction_signer
from infra.sisters.taking import Outcome
from tests.running_service import Person, Running, running_service

ORIGIN: Final = "620621"
DESTINATION: Final = "510104"
REGIONS: Final = {"gansu": ["62"], "sichuan": ["51"]}


@dataclass
class Deployment:
    """One of the two: its service, and up to which position of its log each feed was handed over."""

    name: str
    running: Running

    def __post_init__(self) -> None:
        self.sent: dict[str, int] = {}

    @property
    def department(self) -> Person:
        return self.running.department

    def events(self, region: str, after: int = 0) -> list[tuple[int, bytes]]:
        """Return what concerns a region, by position, as the feed has it."""
        log = self.running.service.kiteline.log
        source = f"urn:kiteline:{self.name}:1"
        return [
            (row.position, cloud_event(row, source))
            for row in log.read_log(after + 1, 10_000)
            if region in row.concerns
        ]

    def tell(self, other: Deployment, region: str) -> list[Outcome]:
        """Hand over what is new in a feed, as its topic would."""
        fresh = self.events(region, self.sent.get(region, 0))
        if fresh:
            self.sent[region] = fresh[-1][0]
        return [other.receive(raw, region) for _, raw in fresh]

    def receive(self, raw: bytes, region: str) -> Outcome:
        return self.running.service.inbox.receive(raw, f"kiteline.region.{region}")

    def waiting(self) -> list[tuple[str | None, str]]:
        """Return what waits here: the fact and the reason."""
        return [(one.fact, one.code) for one in self.running.service.inbox.quarantine.listed()]

    def state(self, member: str, **moment: object) -> dict[str, Any]:
        return self.department.ask(f"/v1/members/{member}", **moment)

    def history(self, member: str) -> list[str]:
        items = self.department.ask(f"/v1/members/{member}/history")["items"]
        return [one["type"] for one in items]


@contextmanager
def two_deployments(folder: Path, urls: tuple[str, str]) -> Iterator[tuple[Deployment, Deployment]]:
    """Serve both, each with the other as its sister and an organisation of its own."""
    homes = dict(zip(REGIONS, (folder / name for name in REGIONS), strict=True))
    settings = [Settings(home=home, deployment=name) for name, home in homes.items()]
    lines = {one.deployment: introduction_signer(one).verifier.line for one in settings}
    with ExitStack() as stack:
        made = []
        for name, url in zip(REGIONS, urls, strict=True):
            keep_source(url, name)
            sisters = {one: SisterSettings(regions=REGIONS[one], key=lines[one]) for one in REGIONS if one != name}
            running = stack.enter_context(running_service(homes[name], url, deployment=name, sisters=sisters))
            made.append(Deployment(name, running))
        origin, destination = made
        origin.department.organise("MQ", ORIGIN, kind="COMMITTEE", name="民勤县委")
        origin.department.organise("MQ-1", ORIGIN, parent="MQ", name="民勤一支部")
        destination.department.organise("JJ", DESTINATION, kind="COMMITTEE", name="锦江区委")
        destination.department.organise("JJ-1", DESTINATION, parent="JJ", name="锦江一支部")
        yield origin, destination
