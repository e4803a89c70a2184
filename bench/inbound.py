"""Events/s taken in from sisters, each recorded as its command; beside the same commands sent here.

    python -m bench.inbound [--members 100] [--events 20] [--rounds 5]

Not one of the bars. Without a broker, which hands over some 9,000 events/s and is not what limits. The peer records the
same facts of as many members through the same desk, one after the other, each with an idempotency key.
Not measured: the broker, the records' way over a network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from eventsourcing.persistence import Tracking

from api.service import Service, open_service
from bench.harness import Bar, Measured, in_turn, report
from consumers.receiving.lanes import Lanes
from consumers.receiving.topics import Read
from domain.identity import make_identity_number
from domain.organisation import OrganisationRegistered
from domain.times import parse_occurred
from infra.database.embedded import EmbeddedPostgres
from infra.database.migrations import migrate
from infra.event_store.epochs import keep_source
from infra.recording.drafts import Caller
from infra.recording.keys import Key
from infra.settings import Settings, SisterSettings
from infra.sisters.introducing import Introduced, Introductions
from infra.sisters.introduction import Introducer
from infra.sisters.known import introduction_signer

_BAR: Final = Bar("inbound", "events/s", "the same, one after the other", 1, 3)
_SOURCE: Final = "urn:kiteline:gansu:1"
_PAGE: Final = 500
_CALLER: Final = Caller("bench", "JJ", "API")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, _service(Path(folder)) as (service, introducer):
        size = options.members, options.events
        rounds = in_turn(lambda: _ours(service, introducer, *size), lambda: _peer(service, *size), options.rounds)
    report(Measured(_BAR, rounds, {"members": options.members, "events of each": options.events}))


@contextmanager
def _service(folder: Path) -> Iterator[tuple[Service, Introducer]]:
    sister = introduction_signer(Settings(home=folder / "gansu", deployment="gansu"))
    settings = Settings(
        home=folder,
        deployment="sichuan",
        sisters={"gansu": SisterSettings(regions=["62"], key=sister.verifier.line)},
    )
    with EmbeddedPostgres(folder) as postgres:
        migrate(postgres.url)
        keep_source(postgres.url, "sichuan")
        with open_service(settings, postgres.url, projecting=False) as service:
            bodies = [
                OrganisationRegistered("JJ", "样例锦江区委", "COMMITTEE", "510104"),
                OrganisationRegistered("MQ-1", "样例民勤一支部", "BRANCH", "620621", external=True),
            ]
            service.references.register_many(bodies, _CALLER)
            yield service, Introducer(_SOURCE, sister)


def _payloads(events: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the facts of a life away, as verb, type and own fields: gone, then spoken to again and again."""
    began = date(2025, 1, 1)
    gone = {"destination": {"region": "510104"}, "occurred_at": began.isoformat()}
    found = [("depart", "departed", gone)]
    for number in range(1, events):
        day = (began + timedelta(days=number)).isoformat()
        found.append(("record-contact", "contact_made", {"channel": "PHONE", "occurred_at": day}))
    return found


def _ours(service: Service, introducer: Introducer, members: int, events: int) -> float:
    introductions, inbox = Introductions(service.desk, service.inbox), service.inbox
    subjects = [str(uuid4()) for _ in range(members)]
    for subject in subjects:
        who = Introduced(parse_occurred("2025-01-02"), organisation="MQ-1", region="620621")
        introductions.take(introducer.write(subject, str(uuid4())), who, _CALLER)
    raws = [
        (subject.encode(), _event(subject, fact, own | {"organisation": "MQ-1"}))
        for _, fact, own in _payloads(events)
        for subject in subjects
    ]
    name, topic = f"kafka:bench:{uuid4()}", "kiteline.region.510104"
    reads = [Read(topic, key, raw, Tracking(name, offset)) for offset, (key, raw) in enumerate(raws, 1)]
    lanes = Lanes(inbox, service.kiteline.log)
    began = time.perf_counter()
    for first in range(0, len(reads), _PAGE):
        lanes.take(reads[first : first + _PAGE])
    seconds = time.perf_counter() - began
    lanes.close()
    if waiting := inbox.quarantine.listed():
        raise SystemExit(f"not taken: {waiting[-1].detail}")
    return len(raws) / seconds


def _event(subject: str, fact: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": _SOURCE,
            "subject": subject,
            "time": "2026-01-01T00:00:00.000000Z",
            "type": f"org.kiteline.{fact}.v1",
            "data": {**data, "occurred_precision": "day", "after": {"affiliation": "MQ-1"}},
        }
    )


def _peer(service: Service, members: int, events: int) -> float:
    caller = Caller("bench", "JJ", "API")
    made = [_registered(service) for _ in range(members)]
    payloads = _payloads(events)
    began = time.perf_counter()
    for verb, _, own in payloads:
        for member in made:
            key = Key("bench", str(uuid4()), orjson.dumps(own))
            service.desk.record(member, verb, own, caller, key=key)
    return len(payloads) * len(made) / (time.perf_counter() - began)


_people = iter(range(10_000_000))


def _registered(service: Service) -> UUID:
    day, sequence = divmod(next(_people), 1_000)
    number = make_identity_number("990000", date(1960, 1, 1) + timedelta(days=day), sequence)
    person = {"identity_number": number, "name": "测试甲", "organisation": "JJ"}
    receipt = service.registration.register(person, _CALLER, may_see=lambda _: True)
    if receipt.member_id is None:
        raise SystemExit("nobody was registered")
    return receipt.member_id


if __name__ == "__main__":
    main()
