"""An event of every type, as feeds send it, read by the CloudEvents SDKs and by the specification's own JSON Schema.

The schema is the one that the SDK of JavaScript carries and validates by, formats included.
"""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings import http, kafka
from cloudevents.core.formats.json import JSONFormat

from domain.fact import BODIES
from infra.recording.feed_events import feed_event
from tests.outside.node_tools import judged_by
from tests.unit.contracts.published import faults_of

Event = dict[str, Any]
GOLDEN = Path(__file__).parent.parent / "unit" / "recording" / "golden_events_v1.jsonl"
SUBJECT = UUID("6f4c3a34-9c0c-4a36-8fb0-0f6f3c1f2a11")
SERVICE = "https://kiteline.example"


def sent(number: int, golden: dict[str, str]) -> bytes:
    """Return a golden event as the entry `number` of a feed."""
    entry = SimpleNamespace(
        feedposition=number,
        position=number + 1000,
        originator_id=SUBJECT,
        topic=golden["fact"],
        state=golden["state"].encode(),
        recorded_at=datetime(2025, 3, 5, 4, 5, 6, 789, tzinfo=UTC),
        source="urn:kiteline:gansu:1",
    )
    return feed_event(entry)


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    lines = GOLDEN.read_bytes().splitlines()
    return [sent(number, orjson.loads(line)) for number, line in enumerate(lines, start=1)]


def test_every_type_is_there_and_as_published(bodies: list[bytes]):
    events = [orjson.loads(body) for body in bodies]

    assert {event["type"] for event in events} == {f"org.kiteline.{fact}.v1" for fact in BODIES}
    assert [line for event in events for line in faults_of(event)] == []


def test_the_sdk_of_python_reads_every_type_from_a_topic_and_from_a_webhook(bodies: list[bytes]):
    for body in bodies:
        said = orjson.loads(body)
        headers = {"content-type": "application/cloudevents+json"}
        record = kafka.KafkaMessage(headers={"content-type": headers["content-type"].encode()}, key=None, value=body)
        for event in (
            kafka.from_structured(record, JSONFormat()),
            http.from_structured(http.HTTPMessage(headers=headers, body=body), JSONFormat()),
        ):
            assert (event.get_id(), event.get_source(), event.get_type()) == (said["id"], said["source"], said["type"])
            assert (event.get_subject(), event.get_data()) == (said["subject"], said["data"])
            assert event.get_time() == datetime(2025, 3, 5, 4, 5, 6, 789, tzinfo=UTC)
            assert event.get_extension("feedposition") == said["feedposition"]
            assert event.get_extension("prevposition") == said["feedposition"] - 1


def test_the_json_schema_of_cloudevents_holds_once_the_path_of_the_schema_has_its_host(bodies: list[bytes]):
    events: list[Event] = [orjson.loads(body) for body in bodies]
    resolved = [{**event, "dataschema": f"{SERVICE}{event['dataschema']}"} for event in events]

    assert judged_by("check_cloudevents.cjs", given=resolved) == [[] for _ in events]


def test_as_sent_nothing_but_the_format_of_that_path_is_at_odds_with_it(bodies: list[bytes]):
    """docs/decisions/0036: a path on purpose, where CloudEvents asks for a URI with its host."""
    events: list[Event] = [orjson.loads(body) for body in bodies]
    path = {"path": "/dataschema", "keyword": "format", "format": "uri"}

    assert judged_by("check_cloudevents.cjs", given=events) == [[path] for _ in events]


def test_what_is_no_cloudevent_is_found(bodies: list[bytes]):
    event = {**orjson.loads(bodies[0]), "dataschema": SERVICE}
    without_id = {name: value for name, value in event.items() if name != "type"}
    wrong_time = {**event, "time": "yesterday"}

    found = judged_by("check_cloudevents.cjs", given=[without_id, wrong_time, event])
    assert [bool(faults) for faults in found] == [True, True, False]
