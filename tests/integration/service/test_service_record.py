"""A member's record of service: every input by its event, sums of nothing else, and nobody to be compared with."""

from collections.abc import Callable

from tests.integration.service.conftest import refusal
from tests.running_service import Answer, Person, Running

Offer = Callable[..., str]


def record(person: Person, member: str, **asked: object) -> Answer:
    """Ask for a record of service."""
    return person.ask(f"/v1/members/{member}/service-record", **asked)


def served(answer: Answer) -> list[tuple[str, float]]:
    """Return when and how many hours were served."""
    return [(one["occurred_at"], one["hours"]) for one in answer["served"]]


def test_every_input_is_shown_by_its_event(secretary: Person, member: str, offer: Offer):
    post = offer()
    claim = secretary.command(member, "claim-post", "2025-03-01", post=post)["events"][-1]
    first = secretary.command(member, "record-service", "2025-03-08", post=post, hours=2.5)["events"][0]
    second = secretary.command(member, "record-service", "2025-04", kind="CARE", hours=4)["events"][0]
    activity = secretary.record("/v1/activities", kind="STUDY", held_at="2025-03-20", hours=2)["stream"]
    there = secretary.record(f"/v1/activities/{activity}/record-attendance", members=[member])["events"][0]
    secretary.command(member, "release-post", "2025-05-01", post=post)

    said = record(secretary, member)
    assert said["totals"] == {"hours_served": 6.5, "hours_attended": 2, "activities_attended": 1}
    assert said["by_month"] == [
        {"month": "2025-03", "hours_served": 2.5, "hours_attended": 2},
        {"month": "2025-04", "hours_served": 4, "hours_attended": 0},
    ]
    assert said["served"] == [
        {"event_id": first["event_id"], "occurred_at": "2025-03-08", "post": post, "kind": None, "hours": 2.5,
         "organisation": "MQ-1", "flags": []},
        {"event_id": second["event_id"], "occurred_at": "2025-04", "post": None, "kind": "CARE", "hours": 4,
         "organisation": "MQ-1", "flags": []},
    ]  # fmt: skip
    assert said["attended"] == [
        {"event_id": there["event_id"], "occurred_at": "2025-03-20", "activity": activity, "kind": "STUDY",
         "hours": 2, "organisation": "MQ-1", "flags": []},
    ]  # fmt: skip
    assert said["posts"] == [
        {"post": post, "event_id": claim["event_id"], "claimed_at": "2025-03-01", "ended_at": "2025-05-01",
         "ended_how": "post_released"},
    ]  # fmt: skip


def test_a_span_of_days_counts_what_happened_in_it(secretary: Person, member: str):
    for day in ("2025-01-31", "2025-02-01", "2025-02-28", "2025-03-01"):
        secretary.command(member, "record-service", day, kind="COMMUNITY", hours=1)
    assert served(record(secretary, member, since="2025-02-01", until="2025-02-28")) == [
        ("2025-02-01", 1), ("2025-02-28", 1),
    ]  # fmt: skip
    assert record(secretary, member, as_of="2025-02-01")["totals"]["hours_served"] == 2
    answer = secretary.get(f"/v1/members/{member}/service-record", since="February")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/since")


def test_hours_recorded_late_or_corrected_count_as_true_and_not_as_known_before(secretary: Person, member: str):
    entered = secretary.command(member, "record-service", "2025-05-01", kind="SAFETY", hours=8)
    known_then = entered["position"]
    secretary.command(
        member, "correct-event", "2025-05-02", event_id=entered["events"][0]["event_id"], changes={"hours": 0.75}
    )
    secretary.command(member, "record-service", "2025-04-01", kind="SAFETY", hours=1)
    assert served(record(secretary, member)) == [("2025-04-01", 1), ("2025-05-01", 0.75)]
    then = record(secretary, member, known_at=known_then)
    assert (served(then), then["known_position"]) == ([("2025-05-01", 8)], known_then)


def test_hours_at_a_post_that_was_not_held_are_taken_and_flagged(secretary: Person, member: str, offer: Offer):
    post = offer()
    secretary.command(member, "record-service", "2025-03-01", post=post, hours=1)
    said = record(secretary, member)
    assert [one["flags"] for one in said["served"]] == [["service_without_claim"]]
    assert secretary.ask(f"/v1/members/{member}")["flags"] == ["service_without_claim"]
    # The claim of that time comes later, and the hours fit.
    secretary.command(member, "claim-post", "2025-02-01", post=post)
    assert [one["flags"] for one in record(secretary, member)["served"]] == [[]]


def test_hours_are_of_a_post_or_of_a_kind(secretary: Person, member: str, offer: Offer):
    path = f"/v1/members/{member}/record-service"
    for body, fault in (
        ({"hours": 1}, ("/post", "missing")),
        ({"hours": 1, "post": offer(), "kind": "CARE"}, ("/kind", "unreadable")),
        ({"hours": 800, "kind": "CARE"}, ("/hours", "unreadable")),
        ({"hours": 1, "kind": "DANCING"}, ("/kind", "not_in_list")),
    ):
        answer = secretary.post(path, {"occurred_at": "2025-03-01", **body})
        assert answer.status_code == 422
        assert fault in {(one["pointer"], one["code"]) for one in answer.json()["errors"]}


def test_a_member_reads_their_own_record_and_nobody_elses(running: Running, secretary: Person, member: str):
    secretary.command(member, "record-service", "2025-03-01", kind="CARE", hours=3)
    own = running.as_role("member", member=member)
    another = running.as_role("member", member=secretary.register("MQ-1"))
    stranger = running.as_role("branch_secretary", organisation="CG-1")
    assert record(own, member)["totals"]["hours_served"] == 3
    assert own.get(f"/v1/members/{member}/service-record").headers["ETag"] == '"2"'
    for nobody in (another, stranger):
        assert nobody.get(f"/v1/members/{member}/service-record").status_code == 404
    assert refusal(another, member, "claim-post", "2025-03-01", post="x") == (404, "not_found")


def test_nothing_anywhere_lists_members_by_what_they_served(running: Running):
    document = running.department.http.get("/openapi.json").json()
    telling = [
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "ServiceRecordAnswer" in str(operation)
    ]
    assert telling == ["/v1/members/{member_id}/service-record"]
    asked = {
        one["name"]: str(one.get("schema"))
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for one in operation.get("parameters", [])
    }
    assert not [name for name, schema in asked.items() if "hours" in name or "hours" in schema]
