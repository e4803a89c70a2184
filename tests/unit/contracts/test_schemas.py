"""The published schemas: of every fact, in both languages, strict about what they name, open to what comes later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import orjson
import pytest
from jsonschema import Draft7Validator

from domain.fact import BODIES, Body, field_names
from infra.contracts.data_schema import data_schema
from infra.contracts.fact_names import FACT_NAMES
from infra.contracts.own_fields import NotDescribed, own_fields
from infra.contracts.releases import Version, released
from infra.vault.fields import PERSONAL_FIELDS
from tests.unit.contracts.published import reader_of

GOLDEN = [
    orjson.loads(line)
    for line in (Path(__file__).parent.parent / "recording" / "golden_events_v1.jsonl").read_bytes().splitlines()
]
STORED = [orjson.loads(golden["state"]) for golden in GOLDEN]
JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


@pytest.mark.parametrize("version", released(), ids=lambda version: version.path)
def test_a_published_schema_is_one(version: Any) -> None:
    schema = orjson.loads(released()[version])
    Draft7Validator.check_schema(schema)
    assert schema["$id"] == version.path


@pytest.mark.parametrize("stored", STORED, ids=[golden["fact"] for golden in GOLDEN])
def test_a_golden_event_is_as_published(stored: dict[str, Any]) -> None:
    reader_of(stored["dataschema"]).validate(stored["data"])


@pytest.mark.parametrize("stored", STORED, ids=[golden["fact"] for golden in GOLDEN])
def test_a_field_of_another_type_is_found_and_one_added_later_is_passed_over(stored: dict[str, Any]) -> None:
    data, reader = stored["data"], reader_of(stored["dataschema"])
    assert reader.is_valid({**data, "added_later": {"by": ["a", "newer"], "version": 1.1}})
    for name in data:
        assert not reader.is_valid({**data, name: _of_another_type(data[name])})
    for name in orjson.loads(released()[Version(stored["dataschema"].split("/")[2], 1, 0)])["required"]:
        assert not reader.is_valid({key: value for key, value in data.items() if key != name})


def _of_another_type(value: object) -> object:
    return 17 if isinstance(value, str | list | dict | bool) or value is None else "17"


def test_after_is_as_strict_as_the_rest() -> None:
    data = next(one["data"] for one, golden in zip(STORED, GOLDEN, strict=True) if golden["fact"] == "checked_in")
    movement = {
        "movement_id": "m-1", "leg": 1, "departed_at": "2025-03", "declared_region": "620102", "region": None,
        "origin": {"organisation": "MQ-1", "region": "620621"}, "accepted_by": None,
    }  # fmt: skip
    reader = reader_of("/schemas/checked_in/v1.json")
    assert reader.is_valid({**data, "after": {**data["after"], "movement": {**movement, "later": 1}}})
    for name, value in (("leg", "1"), ("region", "somewhere"), ("departed_at", "yesterday"), ("origin", None)):
        assert not reader.is_valid({**data, "after": {**data["after"], "movement": {**movement, name: value}}})
    assert not reader.is_valid({**data, "after": {**data["after"], "stage": "lost"}})


def test_every_fact_is_called_something_in_both_languages() -> None:
    assert FACT_NAMES.keys() == BODIES.keys()
    assert all(re.search("[\u4e00-\u9fff]", zh) and re.search("[a-z]{3}", en) for zh, en in FACT_NAMES.values())


def described(schema: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield every named value with its description."""
    for name, one in schema.get("properties", {}).items():
        yield f"{at}.{name}", one.get("description", "")
        yield from described(one, f"{at}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from described(schema["items"], f"{at}[]")


def test_every_field_is_described_in_both_languages() -> None:
    for version, content in released().items():
        for at, said in described(orjson.loads(content)):
            assert re.search("[\u4e00-\u9fff].* / .*[a-z]|CloudEvents|urn:", said), (version.path, at)


@pytest.mark.parametrize("body", BODIES.values(), ids=lambda body: body.fact)
def test_a_field_is_published_with_the_type_that_its_class_gives_it(body: type[Body]) -> None:
    hints = get_type_hints(body)
    schemas, always = own_fields(body)
    for name in field_names(body):
        kinds = [kind for kind in get_args(hints[name]) if kind is not type(None)] or [hints[name]]
        kind = kinds[0] if getattr(hints[name], "__origin__", None) is None else hints[name].__origin__
        kind = getattr(kind, "__origin__", kind)
        assert schemas[name]["type"] == JSON_TYPES[kind], name
        assert (name in always) == (type(None) not in get_args(hints[name])), name


def test_a_fact_or_field_that_nobody_described_is_not_published() -> None:
    class Flown(Body):
        fact = "flown"

    with pytest.raises(NotDescribed, match="flown"):
        data_schema(Flown)


def test_no_field_of_an_event_is_one_of_those_that_the_vault_keeps() -> None:
    codes_of_things = {"name", "card_number"}  # the name of a venue or organisation, an opaque number of a card
    held = {name for body in BODIES.values() for name in field_names(body)}
    assert held & set(PERSONAL_FIELDS) == codes_of_things
    members_facts = [body for body in BODIES.values() if body.__module__.startswith("domain.member")]
    assert not any("name" in field_names(body) for body in members_facts)
