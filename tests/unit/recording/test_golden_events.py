"""What was stored once is read for ever: one event of every fact, as the first version wrote it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import orjson
import pytest

import domain.activity
import domain.member.events
import domain.organisation
import domain.policy
import domain.post
import domain.reference
import domain.venue  # noqa: F401 - all register their facts
from domain.fact import BODIES, body_data
from infra.recording.mapper import UnknownFact, decode, encode

GOLDEN = [orjson.loads(line) for line in Path(__file__).with_name("golden_events_v1.jsonl").read_bytes().splitlines()]
STREAM = UUID(int=1)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["fact"])
def test_an_event_of_the_first_version_is_read_and_written_again_byte_by_byte(golden: dict[str, str]) -> None:
    fact = decode(STREAM, 1, golden["fact"], golden["state"].encode(), keep_after=True)
    assert encode(fact).decode() == golden["state"]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["fact"])
def test_an_event_of_the_first_version_says_what_it_said(golden: dict[str, str]) -> None:
    fact = decode(STREAM, 1, golden["fact"], golden["state"].encode())
    said = orjson.loads(golden["state"])["data"]
    own = body_data(fact.body)
    assert own == {name: said[name] for name in own}
    assert (fact.occurred_at, fact.organisation, fact.actor) == ("2025-03-05", "620621-001", "local:somebody")


def test_every_fact_that_can_be_recorded_has_a_golden_event() -> None:
    assert {golden["fact"] for golden in GOLDEN} == set(BODIES)


def test_a_stored_object_is_canonical() -> None:
    for golden in GOLDEN:
        state = golden["state"].encode()
        assert orjson.dumps(orjson.loads(state), option=orjson.OPT_SORT_KEYS) == state


def test_a_field_that_a_newer_version_adds_is_passed_over_and_a_fact_that_it_adds_is_told() -> None:
    stored = orjson.loads(GOLDEN[0]["state"])
    stored["data"]["added_later"] = 1
    decode(STREAM, 1, GOLDEN[0]["fact"], orjson.dumps(stored))
    with pytest.raises(UnknownFact):
        decode(STREAM, 1, "flew_to_the_moon", orjson.dumps(stored))
