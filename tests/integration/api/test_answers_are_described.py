"""What is answered is what the document describes: a field that it does not name is a promise that nobody can read."""

from typing import Any

import pytest

from tests.running_service import Person

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def document(running) -> Schema:
    return dict(running.department.http.get("/openapi.json").json())


def undescribed(value: object, schema: Schema, document: Schema, path: str = "") -> set[str]:
    """Return the paths of the fields that a schema does not name."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        found = [undescribed(value, one, document, path) for one in schema["anyOf"]]
        return min(found, key=len)
    if isinstance(value, list):
        return set().union(*(undescribed(one, schema.get("items", {}), document, f"{path}[]") for one in value))
    if not isinstance(value, dict) or "properties" not in schema:
        return set()
    named = schema["properties"]
    return {f"{path}/{name}" for name in value if name not in named}.union(
        *(undescribed(one, named[name], document, f"{path}/{name}") for name, one in value.items() if name in named)
    )


@pytest.fixture(scope="module")
def told(running) -> dict[str, str]:
    """A member with a movement, a corrected fact, a transfer and a post; an agreement; a dissolved branch."""
    department: Person = running.department
    member = department.register("MQ-1")
    department.command(member, "depart", "2026-03-02", organisation="MQ-1", destination={"region": "620102"})
    department.command(member, "check-in", "2026-03-04", organisation="LZ", region="620102", channel="WORKER")
    accepted = department.command(member, "accept", "2026-03-05", organisation="LZ-1")["events"][0]["event_id"]
    department.command(
        member, "correct-event", "2026-03-07", event_id=accepted, changes={"occurred_at": "2026-03-06"}, reason="OTHER"
    )
    department.command(member, "issue-annual-feedback", "2026-03-08", organisation="LZ-1", year=2026)
    department.command(member, "request-transfer", "2026-03-08", to_organisation="LZ-1")
    post = department.record(
        "/v1/posts", organisation="LZ-1", title="样例岗位", skills=[], places=1, occurred_at="2026-01-01"
    )["stream"]
    department.command(member, "claim-post", "2026-03-09", post=post)
    agreement = department.record(
        "/v1/agreements",
        parties=["MQ", "LZ"],
        duties=["CONTACT"],
        visible=["CONTACTS"],
        **{"from": "2026-01-01", "until": "2026-12-31"},
    )["stream"]
    department.organise("MQ-9", "620621", parent="MQ", occurred_at="2020-01-01")
    department.record("/v1/organisations/MQ-9/dissolve", successor="MQ-1", occurred_at="2026-02-01")
    subscription = department.record("/v1/subscriptions", url="https://8.8.8.8/hook", region="620621")
    return {
        "member_id": member,
        "post_id": post,
        "agreement_id": agreement,
        "subscription_id": subscription["subscription_id"],
    }


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/members", {}),
        ("/v1/members/{member_id}", {"fields": "name", "purpose": "样例"}),
        ("/v1/members/{member_id}/history", {}),
        ("/v1/members/{member_id}/reads", {}),
        ("/v1/members/{member_id}/service-record", {}),
        ("/v1/members/{member_id}/feedback", {}),
        ("/v1/rosters", {"region": "000000", "fields": "name", "purpose": "样例"}),
        ("/v1/lifecycle", {"region": "000000"}),
        ("/v1/lifecycle/members", {"region": "000000"}),
        ("/v1/worklist", {"organisation": "MQ"}),
        ("/v1/flows", {"level": "county", "month": "2026-03"}),
        ("/v1/statistics", {"region": "620000", "month": "2026-03"}),
        ("/v1/organisations", {}),
        ("/v1/posts", {}),
        ("/v1/posts/{post_id}", {}),
        ("/v1/agreements", {}),
        ("/v1/agreements/{agreement_id}", {}),
        ("/v1/liaisons", {"organisation": "MQ"}),
        ("/v1/subscriptions", {}),
        ("/v1/subscriptions/{subscription_id}", {}),
        ("/v1/subscriptions/{subscription_id}/deliveries", {}),
    ],
)
def test_every_field_of_an_answer_is_in_the_document(
    path: str, asked: dict[str, str], told: dict[str, str], department: Person, document: Schema
):
    answered = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    found = department.ask(path.format(**told), **asked)
    assert undescribed(found, answered, document) == set()
