"""The documents of the streams: open to everybody, the same bytes for ever, and what events point to."""

import httpx
import orjson
import pytest

from domain.fact import BODIES
from tests.running_service import Person, Running


@pytest.fixture
def nobody(running: Running) -> httpx.Client:
    """A client without a token."""
    return httpx.Client(base_url=running.url, trust_env=False)


def test_the_index_names_every_fact_and_each_path_is_served(nobody: httpx.Client):
    items = nobody.get("/schemas/").json()["items"]

    assert {item["name"] for item in items} == {*BODIES, "cloudevent"}
    for item in items:
        for version in item["versions"]:
            answer = nobody.get(version["path"])
            assert answer.status_code == 200
            assert answer.json()["$id"] == version["path"]


def test_a_schema_may_be_kept_for_ever(nobody: httpx.Client):
    answer = nobody.get("/schemas/checked_in/v1.json")

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert answer.content == nobody.get("/schemas/checked_in/v1.json").content


@pytest.mark.parametrize("path", ["/schemas/checked_in/v9.json", "/schemas/nothing/v1.json", "/schemas/a/b.json"])
def test_what_was_never_published_is_not_there(nobody: httpx.Client, path: str):
    answer = nobody.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_schema_of_a_recorded_event_is_where_the_event_says(
    nobody: httpx.Client, department: Person, running: Running
):
    department.register("MQ-1")
    state = running.service.kiteline.log.read_log(running.latest, 1)[0].state
    stored = orjson.loads(state)

    schema = nobody.get(stored["dataschema"]).json()
    assert schema["properties"].keys() >= stored["data"].keys()


def test_the_asyncapi_document_refers_to_schemas_that_are_there(nobody: httpx.Client):
    document = nobody.get("/asyncapi.json").text

    paths = {item["versions"][-1]["path"] for item in nobody.get("/schemas/").json()["items"]}
    assert paths == {path for path in paths if f'"$ref":"{path}"' in document}
