"""Posts: who claims a place, who finds them all taken, and how a place becomes free again."""

from collections.abc import Callable
from uuid import uuid4

from tests.integration.service.conftest import free, refusal
from tests.running_service import Person, Running

Offer = Callable[..., str]
Members = Callable[[int], list[str]]


def test_a_post_says_what_it_takes_and_what_is_free(department: Person):
    skills = ["法律", "调解", "法律"]
    opened = department.record("/v1/posts", title=" 矛盾调解 ", places=3, skills=skills, organisation="CG-1")
    post = department.ask(f"/v1/posts/{opened['stream']}")
    assert (opened["member_id"], opened["events"][0]["type"]) == (None, "post_opened")
    assert {name: post[name] for name in ("title", "skills", "organisation", "places", "taken", "free", "version")} == {
        "title": "矛盾调解", "skills": ["法律", "调解"], "organisation": "CG-1",
        "places": 3, "taken": 0, "free": 3, "version": 1,
    }  # fmt: skip


def test_what_cannot_be_read_of_a_post_is_named_with_its_pointer(department: Person):
    answer = department.post("/v1/posts", {"title": "电话13800000000", "places": 0, "skills": [""], "colour": "red"})
    assert answer.status_code == 422
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/colour", "unknown_field"),
        ("/organisation", "missing"),
        ("/title", "unreadable"),
        ("/places", "unreadable"),
        ("/skills/0", "missing"),
    }


def test_a_claim_takes_a_place_and_a_release_gives_it_back(secretary: Person, member: str, offer: Offer):
    post = offer()
    claimed = secretary.command(member, "claim-post", "2025-03-01", post=post)
    assert [event["type"] for event in claimed["events"]] == ["post_holder_changed", "post_claimed"]
    assert claimed["member_id"] == claimed["stream"] == member
    assert (free(secretary, post), secretary.ask(f"/v1/members/{member}")["posts"]) == (0, [post])

    secretary.command(member, "release-post", "2025-04-01", post=post)
    assert (free(secretary, post), secretary.ask(f"/v1/members/{member}")["posts"]) == (1, [])
    assert free(secretary, post, as_of="2025-03-15") == 0
    assert free(secretary, post, as_of="2025-02-15") == 1


def test_a_member_claims_for_themselves(running: Running, member: str, offer: Offer):
    post = offer()
    own = running.as_role("member", member=member)
    own.command(member, "claim-post", "2025-03-01", post=post)
    assert free(own, post) == 0


def test_the_last_place_is_given_once(secretary: Person, members: Members, offer: Offer):
    post = offer(places=2)
    first, second, third = members(3)
    secretary.command(first, "claim-post", "2025-03-01", post=post)
    secretary.command(second, "claim-post", "2025-03-02", post=post)
    before = secretary.ask(f"/v1/members/{third}")
    assert refusal(secretary, third, "claim-post", "2025-03-03", post=post) == (409, "post_full")
    after = secretary.ask(f"/v1/members/{third}")
    assert (after["version"], after["position"]) == (before["version"], before["position"])

    secretary.command(first, "release-post", "2025-03-04", post=post)
    secretary.command(third, "claim-post", "2025-03-05", post=post)
    assert free(secretary, post) == 0


def test_a_full_post_says_so_in_both_languages(running: Running, members: Members, offer: Offer):
    post = offer()
    first, second = members(2)
    running.department.command(first, "claim-post", "2025-03-01", post=post)
    said = {}
    for language in ("zh", "en"):
        caller = running.as_role("branch_secretary", organisation="MQ-1", language=language)
        said[language] = caller.post(
            f"/v1/members/{second}/claim-post", {"occurred_at": "2025-03-01", "post": post}
        ).json()["detail"]
    assert said["zh"].startswith("该岗位名额已满")
    assert said["en"].startswith("Every place of this post is taken")


def test_what_was_impossible_then_is_refused(secretary: Person, member: str, offer: Offer):
    post = offer()
    assert refusal(secretary, member, "release-post", "2025-03-01", post=post) == (409, "post_not_held")
    assert refusal(secretary, member, "claim-post", "2024-12-31", post=post) == (409, "post_not_open_yet")
    secretary.command(member, "claim-post", "2025-03-01", post=post)
    assert refusal(secretary, member, "claim-post", "2025-03-02", post=post) == (409, "post_already_claimed")


def test_a_post_that_nobody_opened_is_not_there(secretary: Person, member: str):
    for post in (str(uuid4()), member, "somewhere"):
        assert refusal(secretary, member, "claim-post", "2025-03-01", post=post) == (404, "not_found")
        assert secretary.get(f"/v1/posts/{post}").status_code == 404
    assert secretary.ask(f"/v1/members/{member}")["version"] == 1
    served = {"occurred_at": "2025-03-02", "post": str(uuid4()), "hours": 1}
    assert secretary.post(f"/v1/members/{member}/record-service", served).status_code == 404


def test_a_claim_recorded_late_is_judged_by_its_own_days(secretary: Person, members: Members, offer: Offer):
    post = offer()
    first, second = members(2)
    secretary.command(first, "claim-post", "2025-03-01", post=post)
    secretary.command(first, "release-post", "2025-04-01", post=post)
    # It is free today, but was not on the day that is claimed for.
    assert refusal(secretary, second, "claim-post", "2025-03-15", post=post) == (409, "post_full")
    secretary.command(second, "claim-post", "2025-04-01", post=post)
    assert free(secretary, post) == 0


def test_a_voided_claim_frees_its_place_and_a_voided_release_needs_one(
    secretary: Person, members: Members, offer: Offer
):
    post = offer()
    first, second = members(2)
    claim = secretary.command(first, "claim-post", "2025-03-01", post=post)
    secretary.command(first, "void-event", "2025-03-02", event_id=claim["events"][-1]["event_id"])
    assert free(secretary, post) == 1

    secretary.command(first, "claim-post", "2025-03-03", post=post)
    release = secretary.command(first, "release-post", "2025-03-04", post=post)["events"][-1]["event_id"]
    secretary.command(second, "claim-post", "2025-03-05", post=post)
    assert refusal(secretary, first, "void-event", "2025-03-06", event_id=release) == (409, "post_full")
    secretary.command(second, "release-post", "2025-03-06", post=post)
    assert refusal(secretary, first, "void-event", "2025-03-06", event_id=release) == (409, "post_full")


def test_a_corrected_claim_moves_to_another_post(secretary: Person, member: str, offer: Offer):
    meant, named = offer(), offer()
    claim = secretary.command(member, "claim-post", "2025-03-01", post=named)["events"][-1]["event_id"]
    changes = {"post": meant, "occurred_at": "2025-02-01"}
    secretary.command(member, "correct-event", "2025-03-02", event_id=claim, changes=changes)
    assert (free(secretary, named), free(secretary, meant)) == (1, 0)
    assert free(secretary, meant, as_of="2025-02-01") == 0
    assert free(secretary, meant, as_of="2025-01-31") == 1


def test_a_lost_answer_is_given_again_as_it_was(secretary: Person, member: str, offer: Offer):
    path, body = f"/v1/members/{member}/claim-post", {"occurred_at": "2025-03-01", "post": offer()}
    key = f"claim-{member}"
    first, again = (secretary.post(path, body, key=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()


def test_lists_made_offline_claim_and_serve_too(secretary: Person, member: str, offer: Offer):
    post = offer()
    item = {"member_id": member, "post": post}
    items = [
        {**item, "command": "claim-post", "key": f"a-{member}", "occurred_at": "2025-03-01"},
        {**item, "command": "record-service", "key": f"b-{member}", "occurred_at": "2025-03-02", "hours": 1.5},
        {**item, "command": "claim-post", "key": f"c-{member}", "occurred_at": "2025-03-03"},
    ]
    outcomes = secretary.http.post("/v1/commands", json=items).json()["items"]
    assert [one["status"] for one in outcomes] == [201, 201, 409]
    assert outcomes[2]["body"]["code"] == "post_already_claimed"


def test_a_third_region_cannot_claim_for_somebody_elses_member(running: Running, member: str, offer: Offer):
    stranger = running.as_role("branch_secretary", organisation="CG-1")
    assert refusal(stranger, member, "claim-post", "2025-03-01", post=offer()) == (404, "not_found")


def test_a_death_and_an_end_free_every_post_from_their_day_on(secretary: Person, members: Members, offer: Offer):
    decided = {"document": "文件1号", "meeting": "会议1号", "reason": "样例"}
    post, other = offer(places=2), offer()
    dies, leaves = members(2)
    for member in (dies, leaves):
        secretary.command(member, "claim-post", "2025-03-01", post=post)
    secretary.command(dies, "claim-post", "2025-03-01", post=other)
    secretary.command(dies, "record-death", "2025-06-02", **decided)
    secretary.command(leaves, "end-membership", "2025-07-01", **decided)

    assert (free(secretary, post), free(secretary, other)) == (2, 1)
    assert [free(secretary, post, as_of=day) for day in ("2025-06-01", "2025-06-03", "2025-07-02")] == [0, 1, 2]
    assert secretary.ask(f"/v1/members/{dies}")["posts"] == []
    assert refusal(secretary, dies, "claim-post", "2025-06-03", post=post) == (409, "membership_over")


def test_a_death_recorded_by_mistake_takes_the_place_again_if_it_is_still_free(
    secretary: Person, members: Members, offer: Offer
):
    post = offer()
    alive, another = members(2)
    secretary.command(alive, "claim-post", "2025-03-01", post=post)
    decided = {"document": "文件1号", "meeting": "会议1号", "reason": "样例"}
    death = secretary.command(alive, "record-death", "2025-06-02", **decided)["events"][-1]["event_id"]
    secretary.command(another, "claim-post", "2025-06-03", post=post)
    claim = secretary.ask(f"/v1/members/{another}")["version"]
    assert refusal(secretary, alive, "void-event", "2025-06-04", event_id=death) == (409, "post_full")
    secretary.command(another, "void-event", "2025-06-04", event_id=_last_event(secretary, another, claim))
    secretary.command(alive, "void-event", "2025-06-05", event_id=death)
    assert (free(secretary, post), secretary.ask(f"/v1/members/{alive}")["posts"]) == (0, [post])


def _last_event(person: Person, member_id: str, version: int) -> str:
    items = person.ask(f"/v1/members/{member_id}/history")["items"]
    return str(next(item["event_id"] for item in items if item["version"] == version))


def test_whoever_is_suspended_claims_nothing_and_keeps_what_they_hold(secretary: Person, member: str, offer: Offer):
    held, wanted = offer(), offer()
    secretary.command(member, "claim-post", "2025-03-01", post=held)
    secretary.command(member, "suspend-membership", "2025-03-02", document="文件1号", meeting="会议1号", reason="样例")
    assert refusal(secretary, member, "claim-post", "2025-03-03", post=wanted) == (409, "membership_suspended")
    assert (free(secretary, held), free(secretary, wanted)) == (0, 1)


def listed(person: Person, **asked: object) -> list[str]:
    """Return the ids of posts, put together from pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = person.ask("/v1/posts", limit=2, cursor=cursor, **asked)
        found += [item["post_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_posts_are_found_by_organisation_region_and_free_places(running: Running, members: Members, offer: Offer):
    running.department.organise("CG-2", "620102", parent="CG")
    posts = sorted(offer(organisation="CG-2", places=1) for _ in range(5))
    claimant = running.as_role("member", member=members(1)[0])
    before = claimant.ask("/v1/posts", organisation="CG-2")["known_position"]
    member = running.department.register("MQ-1")
    running.department.command(member, "claim-post", "2025-03-01", post=posts[1])

    assert listed(claimant, organisation="CG-2") == posts
    assert listed(claimant, organisation="CG-2", free="true") == [post for post in posts if post != posts[1]]
    assert listed(claimant, organisation="CG-2", free="false") == [posts[1]]
    assert listed(claimant, organisation="CG-2", free="false", as_of="2025-02-28") == []
    assert listed(claimant, organisation="CG-2", free="false", known_at=before) == []
    assert listed(claimant, organisation="CG-2", as_of="2024-12-31") == []
    assert set(posts) <= set(listed(claimant, region="620100"))
    assert not set(posts) & set(listed(claimant, region="620621"))
    assert claimant.get("/v1/posts", organisation="nobody").status_code == 404
