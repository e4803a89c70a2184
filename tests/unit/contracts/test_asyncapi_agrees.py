"""What the AsyncAPI document says of topics, headers and its example is what is done."""

from __future__ import annotations

from jsonschema import Draft7Validator

from consumers.publishing import kafka
from infra.contracts.asyncapi import EVENT_JSON, asyncapi_document
from infra.contracts.asyncapi_example import EXAMPLE
from infra.webhooks import sending
from infra.webhooks.signatures import SigningKeys, signed_headers
from tests.unit.contracts.published import faults_of

DOCUMENT = asyncapi_document("1.2.3")


def test_topics_are_made_as_the_document_says() -> None:
    channel = DOCUMENT["channels"]["region_topic"]
    bound = channel["bindings"]["kafka"]

    assert kafka.topic_of("620621") == channel["address"].format(region="620621")
    assert bound["partitions"] == kafka.PARTITIONS
    said = {**bound["topicConfiguration"], "cleanup.policy": ",".join(bound["topicConfiguration"]["cleanup.policy"])}
    assert {name: str(value) for name, value in said.items()} == kafka._TOPIC_OPTIONS


def test_records_carry_the_header_that_the_document_says() -> None:
    assert dict(kafka.HEADERS) == {"content-type": EVENT_JSON.encode()}


def test_the_example_is_an_event_as_published() -> None:
    assert faults_of(EXAMPLE) == []
    assert DOCUMENT["components"]["messages"]["checked_in"]["examples"][0]["payload"] == EXAMPLE


def test_webhooks_carry_the_headers_that_the_document_says() -> None:
    said = DOCUMENT["components"]["messages"]["delivery"]
    headers = signed_headers([SigningKeys.made(), SigningKeys.made()], EXAMPLE["id"], 1_741_147_200, b"{}")

    assert headers.keys() == said["headers"]["properties"].keys() == set(said["headers"]["required"])
    Draft7Validator(said["headers"]).validate(headers)
    assert headers["webhook-signature"].count(" ") == 3  # either key of each generation signs
    assert said["contentType"] == sending.CONTENT_TYPE
