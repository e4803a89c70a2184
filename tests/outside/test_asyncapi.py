"""The AsyncAPI document, judged by the initiative's own JSON Schema and by its own parser, on a running service."""

from typing import Any

import httpx
import orjson
import pytest
from jsonschema import Draft7Validator

from domain.fact import BODIES
from tests.outside.node_tools import INSTALLED, judged_by
from tests.running_service import Running

Document = dict[str, Any]


@pytest.fixture
def document(running: Running) -> Document:
    answer = httpx.get(f"{running.url}/asyncapi.json", trust_env=False)
    assert answer.status_code == 200
    return dict(answer.json())


def test_it_is_what_the_json_schema_of_asyncapi_says(document: Document):
    schema = orjson.loads((INSTALLED / "@asyncapi" / "specs" / "schemas" / "3.1.0.json").read_bytes())
    reader = Draft7Validator(schema)

    assert [f"{list(one.path)}: {one.message}" for one in reader.iter_errors(document)] == []
    assert not reader.is_valid({**document, "channels": {"x": {"address": 1}}})


def test_its_parser_reads_it_with_everything_that_it_refers_to(running: Running):
    found = judged_by("check_asyncapi.cjs", f"{running.url}/asyncapi.json")

    assert found["faults"] == []
    assert found["asyncapi"] == "3.1.0"
    assert dict(found["channels"]) == {
        "region_topic": "kiteline.region.{region}",
        "region_feed": "/v1/feeds/{region}",
        "region_stream": "/v1/feeds/{region}/stream",
        "webhook": None,
    }
    assert dict(found["operations"])["consume_sisters"] == "receive"
    assert {*BODIES, "page", "frame", "delivery"} <= set(found["messages"])
    # What stands in a message was fetched from /schemas/.
    assert "feedposition" in found["envelope"]
    assert found["channelsOfACheckIn"] == ["CODE", "WORKER", "MEMBER", "SYSTEM"]


def test_every_path_and_parameter_that_it_names_is_one_of_the_service(running: Running, document: Document):
    paths = httpx.get(f"{running.url}/openapi.json", trust_env=False).json()["paths"]
    for name in ("region_feed", "region_stream"):
        assert document["channels"][name]["address"] in paths
    taken = {one["name"]: one["schema"] for one in paths["/v1/feeds/{region}"]["get"]["parameters"]}
    said = document["operations"]["serve_feed"]["bindings"]["http"]["query"]["properties"]
    assert said.keys() <= taken.keys()
    for bound in ("minimum", "maximum", "default"):
        assert said["limit"][bound] == taken["limit"][bound]
