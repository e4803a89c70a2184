"""The gate of `make test`: what is published stays readable; shown red on every kind of change that would not be."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson
import pytest

from infra.contracts.compatibility import incompatibilities
from infra.contracts.releases import Version, current, digests, gone, latest, proposals, released

Schema = dict[str, Any]
HOW = "run `make schemas` and commit what it publishes, or make it another fact or another major version"
CHECKED_IN = ("checked_in", 1)


def test_no_change_of_an_event_class_is_one_that_a_published_reader_could_not_read() -> None:
    assert [f"{one.version.path} {line}" for one in proposals(released(), current()) for line in one.refused] == []
    assert gone(released(), current()) == []


def test_everything_that_can_be_recorded_is_published_as_it_is() -> None:
    assert [one.version.path for one in proposals(released(), current())] == [], HOW


def test_each_published_version_can_be_read_by_who_holds_the_one_before() -> None:
    by_name: dict[tuple[str, int], list[Version]] = {}
    for version in released():
        by_name.setdefault((version.name, version.major), []).append(version)
    for versions in by_name.values():
        assert [version.minor for version in versions] == list(range(len(versions)))
        for earlier, later in pairwise(versions):
            assert incompatibilities(orjson.loads(released()[earlier]), orjson.loads(released()[later])) == []


def test_nothing_published_was_changed_afterwards() -> None:
    found = {version.file: sha256(content).hexdigest() for version, content in released().items()}
    assert found == digests(), "a published schema is served for ever: put it back, and publish the change beside it"


def changed(change: Callable[[Schema], object]) -> list[str]:
    """Return what the gate says of `checked_in` with a change."""
    now = current()
    now[CHECKED_IN] = orjson.loads(orjson.dumps(now[CHECKED_IN]))  # nothing in it shared with another
    change(now[CHECKED_IN])
    found = proposals(released(), now)
    assert [one.version for one in found] == [Version("checked_in", 1, latest(released())[CHECKED_IN].minor + 1)]
    return found[0].refused


def after(schema: Schema) -> Schema:
    found: Schema = schema["properties"]["after"]["properties"]
    return found


REFUSED: list[tuple[str, Callable[[Schema], object], str]] = [
    ("a field is taken away", lambda it: it["properties"].pop("venue"), "data.venue: taken away"),
    ("a field always there is taken away", lambda it: it["properties"].pop("region"), "data.region: taken away"),
    ("another type", lambda it: it["properties"]["region"].update(type="integer"), "data.region: type was 'string'"),
    ("a type less", lambda it: after(it)["leg"].update(type="integer"), "data.after.leg: type"),
    ("a code less", lambda it: it["properties"]["channel"]["enum"].remove("WORKER"), "data.channel: enum"),
    (
        "a code more in a closed list",
        lambda it: it["properties"]["channel"]["enum"].append("FAX"),
        "data.channel: enum",
    ),
    ("a stage more", lambda it: after(it)["stage"]["enum"].append("lost"), "data.after.stage: enum"),
    ("a code of an open list is no longer told", lambda it: _ways(it).remove("BULK"), "data.via: BULK is no longer"),
    ("an open list is closed", lambda it: it["properties"]["via"]["anyOf"].pop(), "data.via: anyOf"),
    ("newly required", lambda it: it["required"].append("venue"), "data.venue: newly required"),
    ("no longer required", lambda it: it["required"].remove("region"), "data.region: no longer always there"),
    ("narrower", lambda it: it["properties"]["region"].update(pattern="^[0-9]{6}$"), "data.region: pattern"),
    ("wider", lambda it: it["properties"]["region"].pop("pattern"), "data.region: pattern"),
    ("deep inside", lambda it: after(it)["movement"]["properties"].pop("origin"), "data.after.movement.origin: taken"),
    ("closed to fields added later", lambda it: it.update(additionalProperties=False), "data{}: was None"),
    ("a bound more", lambda it: after(it)["leg"].update(maximum=9), "data.after.leg: maximum"),
]


@pytest.mark.parametrize(("change", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_the_gate_is_red_for_a_change_that_a_published_reader_could_not_read(
    change: Callable[[Schema], object], said: str
) -> None:
    refused = changed(change)
    assert len(refused) == 1
    assert refused[0].startswith(said), refused


def _ways(schema: Schema) -> list[str]:
    found: list[str] = schema["properties"]["via"]["anyOf"][0]["enum"]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["properties"].update(seat={"type": "string"}),
        lambda it: after(it)["movement"]["properties"].update(purpose={"type": "string"}),
        lambda it: _ways(it).append("SISTER"),
        lambda it: it["properties"]["region"].update(description="said better"),
        lambda it: it["properties"]["channel"]["enum"].reverse(),
    ],
    ids=["an optional field", "one deep inside", "a code of an open list", "a description", "another order"],
)
def test_what_a_published_reader_passes_over_becomes_a_minor_version(
    change: Callable[[Schema], object],
) -> None:
    assert changed(change) == []


def test_a_new_fact_is_published_as_its_first_version() -> None:
    now = {**current(), ("flew_to_the_moon", 1): current()[CHECKED_IN]}
    found = proposals(released(), now)
    assert [(one.version.path, one.refused) for one in found] == [("/schemas/flew_to_the_moon/v1.json", [])]


def test_a_fact_that_is_no_longer_known_is_told() -> None:
    now = current()
    del now[CHECKED_IN]
    assert gone(released(), now) == ["checked_in"]


def test_a_map_may_name_one_of_its_values_but_not_make_it_another() -> None:
    figures = {"type": "object", "additionalProperties": {"type": "integer"}}
    named = {**figures, "properties": {"days": {"type": "integer"}}}
    assert incompatibilities(figures, named) == []
    assert incompatibilities(figures, {**figures, "properties": {"days": {"type": "string"}}}) != []
    closed = {"type": "object", "additionalProperties": False}
    assert incompatibilities(closed, {**closed, "properties": {"days": {"type": "integer"}}}) != []
