"""Scenario 16: the same person twice by two phones is one member; or, recorded apart, merged by two and un-merged."""

from dataclasses import dataclass, field

import pytest

from api import search
from tests.running_service import Answer, Person, synthetic_identity_number
from tests.scenarios.country import Country, one_event, owed

OTHER_PHONE = "19900001234"
HOME, PLACE = "620621", "620102"
NUMBER = synthetic_identity_number()


@dataclass
class Twice:
    """A member of 民勤-1 whom 城关 recorded a second time on arrival, under a mistaken number."""

    country: Country
    kept: str
    absorbed: str
    merge: str = ""
    before: int = 0
    merged: Answer = field(default_factory=dict)
    undone: Answer = field(default_factory=dict)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.proposer, self.first, self.second, self.third = (
            self.country.running.as_role("organisation_department", region="000000") for _ in range(4)
        )

    def path(self, verb: str = "") -> str:
        return f"/v1/merges/{self.merge}{verb}"

    def refuse(self, name: str, person: Person, path: str, **body: object) -> None:
        """Note how a recording was refused."""
        answer = person.post(path, body)
        self.refused[name] = (answer.status_code, answer.json()["code"])


@pytest.fixture(scope="module")
def twice(country: Country) -> Twice:
    home, place = country.of("民勤-1"), country.of("城关-1")
    kept = home.register("民勤-1", name="测试乙")
    home.command(kept, "depart", "2025-03-01", destination={"region": PLACE})
    absorbed = place.register("城关-1", name="测试乙", phone=OTHER_PHONE)
    country.everywhere.command(absorbed, "check-in", "2025-03-05T10:00:00+08:00", region=PLACE, channel="WORKER")
    country.of("城关").command(absorbed, "accept", "2025-03-07", branch="城关-1")
    place.command(absorbed, "record-contact", "2025-04-10", channel="VISIT")
    return _told(Twice(country, kept, absorbed))


def _told(case: Twice) -> Twice:
    """Propose, be refused, confirm twice, go on, be refused again, undo."""
    country, both = case.country, {"kept": case.kept, "absorbed": case.absorbed}
    own = country.state(case.absorbed)["movement"]["movement_id"]
    case.refuse("movement", case.proposer, "/v1/merges", **both, keep_affiliation="民勤-1")
    case.refuse("affiliation", case.proposer, "/v1/merges", **both, keep_movement=own)
    names = {"keep_affiliation": "民勤-1", "keep_movement": own}
    case.refuse("elsewhere", case.proposer, "/v1/merges", **both, keep_affiliation="西宁-1", keep_movement=own)
    case.refuse("itself", case.proposer, "/v1/merges", kept=case.kept, absorbed=case.kept)
    case.merge = case.proposer.record("/v1/merges", occurred_at="2025-05-01", **both, **names)["stream"]
    case.refuse("own", case.proposer, case.path("/confirm"))
    case.first.record(case.path("/confirm"), occurred_at="2025-05-02")
    case.refuse("same again", case.first, case.path("/confirm"))
    case.refuse("not yet", case.first, case.path("/undo"))
    case.before = country.head()
    case.merged = case.second.record(case.path("/confirm"), occurred_at="2025-05-03")
    case.refuse("a third", case.third, case.path("/confirm"))
    case.refuse("command", country.everywhere, f"/v1/members/{case.absorbed}/record-contact", occurred_at="2025-05-04")
    return case


def test_two_phones_record_one_member(country: Country):
    branch = country.of("民勤-1")
    asked = {"identity_number": NUMBER, "name": "测试甲", "organisation": "民勤-1"}
    answers = [branch.post("/v1/members", asked) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json()["member_id"] == answers[1].json()["member_id"]
    assert answers[1].json()["events"] == []


def test_what_cannot_be_is_refused_with_its_code(twice: Twice):
    assert twice.refused == {
        "affiliation": (409, "two_affiliations"),
        "movement": (409, "two_open_movements"),
        "elsewhere": (422, "not_in_list"),
        "itself": (409, "one_record"),
        "own": (409, "own_proposal"),
        "same again": (409, "confirmed_already"),
        "not yet": (409, "not_merged"),
        "a third": (409, "already_merged"),
        "command": (409, "merged_into"),
    }


def test_the_merge_stands_on_three_streams_and_tells_every_region_that_either_concerned(twice: Twice):
    kept, absorbed, confirmed = twice.merged["events"]
    assert (twice.merged["member_id"], twice.merged["stream"], twice.merged["version"]) == (None, twice.merge, 3)
    assert [one["type"] for one in twice.merged["events"]] == ["records_merged", "records_merged", "merge_confirmed"]
    assert kept["data"] == absorbed["data"]
    assert kept["data"].items() >= {"kept": twice.kept, "absorbed": twice.absorbed}.items()
    assert (kept["after"]["affiliation"], kept["after"]["responsible"]) == ("民勤-1", "城关-1")
    assert absorbed["after"]["merged_into"] == twice.kept
    assert confirmed["after"] is None
    with twice.country.running.service.kiteline.log.reading() as connection:
        rows = connection.execute("SELECT concerns FROM log WHERE topic = 'records_merged'").fetchall()
    assert [row[0] for row in rows] == [[PLACE, HOME]] * 2


@pytest.mark.parametrize("many", [search.MANY, -1], ids=["few hold it", "many hold it"])
def test_whoever_looks_for_what_only_the_other_record_holds_finds_the_kept_one(
    twice: Twice, monkeypatch: pytest.MonkeyPatch, many: int
):
    monkeypatch.setattr(search, "MANY", many)
    everywhere = twice.country.everywhere
    asked = {"search": OTHER_PHONE, "min_position": twice.country.head()}
    assert [one["member_id"] for one in everywhere.ask("/v1/members", **asked)["items"]] == [twice.kept]
    # Who may not see the kept record does not learn that it has that telephone.
    assert twice.country.of("西宁-1").ask("/v1/members", **asked)["items"] == []


def test_the_kept_record_reads_the_facts_of_both(twice: Twice):
    state = twice.country.state(twice.kept)
    assert (state["affiliation"], state["responsible"], state["version"]) == ("民勤-1", "城关-1", 3)
    movement = state["movement"]
    assert (movement["stage"], movement["origin"]["organisation"]) == ("settled", "民勤-1")
    assert [(leg["region"], leg["accepted_by"], leg["branch"]) for leg in movement["legs"]] == [
        (PLACE, "城关", "城关-1")
    ]
    assert state["clocks"]["last_contact_at"] == "2025-04-10"
    assert state["flags"] == []
    assert ("monthly_contact", "民勤-1", "2025-03-05", "2025-03-31") in owed(state["duties"])


def test_both_histories_are_intact_in_one_and_say_what_was_set_aside(twice: Twice):
    items = twice.country.history(twice.kept)
    assert [(item["type"], item["stream"] == twice.kept, (item["correction"] or {}).get("kind")) for item in items] == [
        ("member_registered", True, None),
        ("member_registered", False, "set_aside"),
        ("departed", True, "set_aside"),
        ("checked_in", False, None),
        ("accepted", False, None),
        ("contact_made", False, None),
        ("records_merged", True, None),
    ]
    merging = items[-1]["event_id"]
    assert {item["correction"]["by"] for item in items if item["correction"]} == {merging}
    assert {item["state"]["member_id"] for item in items} == {twice.kept}


@pytest.mark.parametrize("path", ["", "/history", "/reads"])
def test_whoever_asks_for_the_absorbed_record_is_sent_to_the_kept_one(twice: Twice, path: str):
    answer = twice.country.everywhere.get(f"/v1/members/{twice.absorbed}{path}", limit=7)
    assert answer.status_code == 308
    assert answer.headers["location"].startswith(f"/v1/members/{twice.kept}{path}?")
    assert "limit=7" in answer.headers["location"]
    assert twice.country.of("西宁").get(f"/v1/members/{twice.absorbed}{path}").status_code == 404


def test_rosters_count_one_on_every_day_and_two_as_known_before(twice: Twice):
    country, both = twice.country, {twice.kept, twice.absorbed}
    for day in ("2025-03-06", "2025-04-30", "2026-01-01"):
        assert both & set(country.on_roster("affiliated", region="620000", as_of=day)) == {twice.kept}
        assert both & set(country.on_roster("inflow", region=PLACE, as_of=day)) == {twice.kept}
    before = {"known_at": twice.before, "as_of": "2025-04-30"}
    assert both <= set(country.on_roster("affiliated", region="620000", **before))
    assert country.on_roster("outflow", region=HOME, **before)[twice.kept] == "awaiting_check_in"


def test_as_known_before_they_are_two(twice: Twice):
    country, known = twice.country, twice.before
    assert country.state(twice.kept, known_at=known)["movement"]["stage"] == "awaiting_check_in"
    assert country.state(twice.absorbed, known_at=known)["affiliation"] == "城关-1"
    assert len(country.history(twice.absorbed, known_at=known)) == 4


def test_a_known_number_of_either_record_is_the_kept_member(country: Country):
    home, place = country.of("民勤-1"), country.of("凉州-1")
    numbers = [synthetic_identity_number() for _ in range(2)]
    kept = home.register("民勤-1", name="测试丙", identity_number=numbers[0])
    absorbed = place.register("凉州-1", name="测试丙", identity_number=numbers[1])
    people = [country.running.as_role("organisation_department", region="000000") for _ in range(3)]
    both = {"kept": kept, "absorbed": absorbed, "keep_affiliation": "民勤-1"}
    merge = people[0].record("/v1/merges", **both)["stream"]
    for person in people[1:]:
        person.record(f"/v1/merges/{merge}/confirm")
    for number in numbers:
        answer = home.post("/v1/members", {"identity_number": number, "name": "测试丙", "organisation": "民勤-1"})
        assert (answer.status_code, answer.json()["member_id"]) == (200, kept)
        found = country.everywhere.ask("/v1/members", search=number)
        assert [item["member_id"] for item in found["items"]] == [kept]


def test_undoing_asks_of_each_later_fact_whose_it_is_and_makes_two_again(twice: Twice):
    country, place = twice.country, twice.country.of("城关-1")
    visit = one_event(place.command(twice.kept, "record-contact", "2025-06-10", channel="VISIT"))["event_id"]
    call = one_event(country.of("民勤-1").command(twice.kept, "record-contact", "2025-06-12", channel="PHONE"))
    changes = {"occurred_at": "2025-06-11"}
    correction = place.command(twice.kept, "correct-event", "2025-06-13", event_id=visit, changes=changes)
    moved = one_event(correction)["event_id"]
    merge = country.everywhere.ask(twice.path())
    assert (merge["status"], merge["confirmed_by"]) == ("MERGED", merge["confirmed_by"][:2])
    assert {one["event_id"] for one in merge["later_facts"]} == {visit, call["event_id"]}
    refused = twice.third.post(twice.path("/undo"), {"whose": {visit: "NOBODY", moved: "KEPT"}})
    assert refused.status_code == 422
    faults = {one["pointer"]: one["code"] for one in refused.json()["errors"]}
    assert faults == {
        f"/whose/{visit}": "not_in_list",
        f"/whose/{call['event_id']}": "missing",
        f"/whose/{moved}": "unknown_event",
    }
    merged = country.head()
    answer = twice.third.record(twice.path("/undo"), whose={visit: "ABSORBED", call["event_id"]: "KEPT"})
    assert [one["type"] for one in answer["events"]] == ["records_unmerged", "records_unmerged", "merge_undone"]
    kept, absorbed = country.state(twice.kept), country.state(twice.absorbed)
    assert (kept["affiliation"], kept["movement"]["stage"]) == ("民勤-1", "awaiting_check_in")
    assert kept["clocks"]["last_contact_at"] == "2025-06-12"
    assert (absorbed["affiliation"], absorbed["movement"]["stage"]) == ("城关-1", "settled")
    assert absorbed["clocks"]["last_contact_at"] == "2025-06-11", "the correction went with what it is about"
    both = {twice.kept, twice.absorbed}
    assert both <= set(country.on_roster("affiliated", region="620000"))
    assert both & set(country.on_roster("affiliated", region="620000", known_at=merged)) == {twice.kept}
    assert country.state(twice.kept, known_at=merged)["movement"]["stage"] == "settled"
    twice.refuse("undone", twice.third, twice.path("/undo"))
    twice.refuse("confirmed late", twice.third, twice.path("/confirm"))
    assert twice.refused["undone"] == twice.refused["confirmed late"] == (409, "merge_undone")
    place.command(twice.absorbed, "record-contact", "2025-07-01", channel="VISIT")
    assert country.state(twice.absorbed)["version"] == absorbed["version"] + 1


def test_a_scan_of_either_number_checks_the_kept_member_in(country: Country):
    numbers = [synthetic_identity_number() for _ in range(2)]
    kept, absorbed = (country.of("民勤-1").register("民勤-1", name="测试丁", identity_number=one) for one in numbers)
    people = [country.running.as_role("organisation_department", region="000000") for _ in range(3)]
    merge = people[0].record("/v1/merges", kept=kept, absorbed=absorbed)["stream"]
    for person in people[1:]:
        person.record(f"/v1/merges/{merge}/confirm")
    host = country.of("城关")
    venue = host.record("/v1/venues", name="样例服务站", region=PLACE, kind="STATION", organisation="城关")["stream"]
    for number, at in zip(numbers, ("2025-04-03T09:00:00+08:00", "2025-04-04T09:00:00+08:00"), strict=True):
        scan = {"venue": venue, "identity_number": number, "name": "测试丁", "occurred_at": at}
        answer = host.record("/v1/check-ins", **scan)
        assert answer["stream"] == kept
    assert country.state(kept)["movement"]["legs"][0]["checked_in_at"].startswith("2025-04-03")
    assert country.state(kept)["clocks"]["last_contact_at"].startswith("2025-04-04")


def test_a_post_of_the_absorbed_record_is_the_kept_members_and_its_place_is_not_counted_twice(country: Country):
    branch = country.of("民勤-1")
    kept, absorbed = (branch.register("民勤-1", name="测试戊") for _ in range(2))
    post = branch.record(
        "/v1/posts", organisation="民勤-1", title="样例岗位", skills=[], places=1, occurred_at="2026-01-01"
    )["stream"]
    branch.command(absorbed, "claim-post", "2026-03-01", post=post)
    people = [country.running.as_role("organisation_department", region="000000") for _ in range(3)]
    merge = people[0].record("/v1/merges", kept=kept, absorbed=absorbed)["stream"]
    people[1].record(f"/v1/merges/{merge}/confirm")
    merged = people[2].record(f"/v1/merges/{merge}/confirm")
    noted = [one["data"]["member"] for one in merged["events"] if one["type"] == "post_holder_changed"]
    assert noted == [absorbed, kept]
    assert branch.post(f"/v1/members/{kept}/claim-post", {"occurred_at": "2026-03-02", "post": post}).status_code == 409
    undone = people[2].record(f"/v1/merges/{merge}/undo")
    assert [one["data"]["member"] for one in undone["events"] if one["type"] == "post_holder_changed"] == [
        kept,
        absorbed,
    ]
    branch.command(absorbed, "release-post", "2026-03-05", post=post)
    branch.command(kept, "claim-post", "2026-03-06", post=post)


def test_erasing_the_kept_member_erases_what_is_kept_under_the_absorbed_record_too(country: Country):
    branch, everywhere = country.of("民勤-1"), country.everywhere
    kept, absorbed = (branch.register("民勤-1", name="测试辛") for _ in range(2))
    people = [country.running.as_role("organisation_department", region="000000") for _ in range(3)]
    merge = people[0].record("/v1/merges", kept=kept, absorbed=absorbed)["stream"]
    for person in people[1:]:
        person.record(f"/v1/merges/{merge}/confirm")
    erased = everywhere.http.request(
        "DELETE", f"/v1/members/{kept}/personal-data", json={}, headers={"Idempotency-Key": f"erase-{kept}"}
    )
    assert erased.status_code in (200, 201), erased.text
    with country.running.service.kiteline.log.reading() as connection:
        query = "SELECT count(*) FROM vault_key WHERE member_id = ANY (%s::uuid[])"
        row = connection.execute(query, ([kept, absorbed],)).fetchone()
    assert row is not None
    assert row[0] == 0


def test_a_letter_that_is_out_stays_out_when_the_record_that_was_kept_is_the_younger_one(country: Country):
    branch = country.of("泾川-1")
    kept = branch.register("泾川-1", name="测试己", affiliated_since="2020-01-01")
    absorbed = branch.register("泾川-1", name="测试己")
    branch.command(kept, "request-transfer", "2026-03-01", to_organisation="崆峒-1")
    branch.command(kept, "approve-transfer", "2026-03-02")
    branch.command(kept, "issue-transfer-letter", "2026-03-03", letter_number="样例-16")
    people = [country.running.as_role("organisation_department", region="000000") for _ in range(3)]
    merge = people[0].record("/v1/merges", kept=kept, absorbed=absorbed)["stream"]
    for person in people[1:]:
        person.record(f"/v1/merges/{merge}/confirm")
    transfer = country.state(kept, as_of="2026-03-15")["transfer"]
    assert (transfer["status"], transfer["letter_number"]) == ("letter_issued", "样例-16")
    country.of("崆峒-1").command(kept, "accept-transfer", "2026-03-20", document="样例文件")
    assert country.state(kept)["affiliation"] == "崆峒-1"
