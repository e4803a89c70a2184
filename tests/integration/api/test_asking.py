"""Asking, as INTERFACE says: two clocks, pages, waiting for what was written, personal data for a purpose."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from projections.flows import MEASURES
from tests.running_service import Person, Running, synthetic_identity_number


@pytest.fixture(scope="module")
def traveller(running: Running) -> str:
    """A member of MQ-1 who left for Chengguan in March 2025 and was accepted there in April."""
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    member = secretary.register("MQ-1", name="测试己", phone="13900000002")
    secretary.command(member, "report-departure", "2025-03-01", destination={"region": "620102"}, reason="WORK")
    secretary.command(member, "depart", "2025-03-02")
    worker = running.as_role("community_worker", organisation="LZ")
    worker.command(member, "check-in", "2025-04-01", region="620102", channel="CODE")
    worker.command(member, "accept", "2025-04-03")
    return member


def test_a_member_has_a_state_at_every_moment(department: Person, traveller: str):
    def stage(as_of: str | None) -> str | None:
        movement = department.ask(f"/v1/members/{traveller}", as_of=as_of)["movement"]
        return None if movement is None else str(movement["stage"])

    assert [stage(day) for day in ("2025-02-28", "2025-03-01", "2025-03-02", "2025-04-01", "2025-04-03", None)] == [
        None,
        "reported",
        "awaiting_check_in",
        "checked_in",
        "settled",
        "settled",
    ]
    assert stage("2025-03") == "awaiting_check_in"
    assert stage("2025-03-01T00:00:00+08:00") is None


def test_a_member_is_known_differently_at_every_position(department: Person, traveller: str):
    now = department.ask(f"/v1/members/{traveller}")
    assert now["known_position"] == now["position"]

    history = department.ask(f"/v1/members/{traveller}/history")["items"]
    departed = next(item["position"] for item in history if item["type"] == "departed")
    then = department.ask(f"/v1/members/{traveller}", known_at=departed)
    assert (then["movement"]["stage"], then["known_position"], then["version"]) == ("awaiting_check_in", departed, 3)
    at_that_time = department.ask(f"/v1/members/{traveller}", known_at=history[-1]["recorded_at"])
    assert at_that_time["movement"]["stage"] == "settled"
    assert department.get(f"/v1/members/{traveller}", known_at="2001-01-01").status_code == 404
    later = department.ask(f"/v1/members/{traveller}", known_at="2999-01-01")
    assert later["known_position"] == later["position"]


def test_a_state_carries_its_version_as_etag(department: Person, traveller: str):
    answer = department.get(f"/v1/members/{traveller}")
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'


def test_what_was_written_can_be_read_at_once(secretary: Person):
    for _ in range(5):
        member = secretary.register("MQ-1")
        answer = secretary.command(member, "depart", "2025-03-01", destination={"region": "620102"})
        page = secretary.ask("/v1/rosters", organisation="MQ-1", limit=1000, min_position=answer["position"])
        assert page["position"] >= answer["position"]
        assert member in {item["member_id"] for item in page["items"]}


@pytest.mark.parametrize("path", ["/v1/rosters", "/v1/organisations", "/v1/members", "/v1/flows"])
def test_a_position_that_does_not_come_is_503_after_two_seconds(department: Person, path: str):
    answer = department.http.get(path, params={"min_position": 10**12, "month": "2025-03"})

    assert (answer.status_code, answer.json()["code"]) == (503, "position_not_reached")
    assert int(answer.headers["Retry-After"]) > 0
    assert 1.9 <= answer.elapsed.total_seconds() <= 4


def test_lists_go_on_by_cursor_and_do_not_see_what_came_later(running: Running):
    worker = running.as_role("branch_secretary", organisation="MQ-2")
    members = {worker.register("MQ-2") for _ in range(5)}
    for member in members:
        worker.command(member, "depart", "2025-03-01", destination={"region": "620102"})
    first = worker.ask("/v1/rosters", organisation="MQ-2", limit=2)
    late = worker.register("MQ-2")
    worker.command(late, "depart", "2025-03-01", destination={"region": "620102"})

    found, page = [item["member_id"] for item in first["items"]], first
    while page["next"]:
        page = worker.ask("/v1/rosters", organisation="MQ-2", limit=2, cursor=page["next"])
        assert page["known_position"] == first["known_position"]
        found += [item["member_id"] for item in page["items"]]
    assert found == sorted(members)


def test_a_cursor_of_another_question_is_told(department: Person):
    page = department.ask("/v1/organisations", limit=1)
    other = department.get("/v1/organisations", limit=1, search="MQ", cursor=page["next"])

    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/query/cursor")


def test_a_cursor_lives_an_hour(running: Running, department: Person, monkeypatch: pytest.MonkeyPatch):
    page = department.ask("/v1/organisations", limit=1)
    clock = running.service.cursors._now_us
    monkeypatch.setattr(running.service.cursors, "_now_us", lambda: clock() + 3_601_000_000)
    answer = department.get("/v1/organisations", limit=1, cursor=page["next"])

    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_expired")


@pytest.mark.parametrize("as_of", ["yesterday", "2025-02-30", "2025-03-01T10:00:00", "9999999"])
def test_a_moment_that_cannot_be_read_is_told(department: Person, traveller: str, as_of: str):
    for path in (f"/v1/members/{traveller}", "/v1/rosters", "/v1/lifecycle", f"/v1/members/{traveller}/history"):
        answer = department.get(path, as_of=as_of)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/as_of"), path


def test_a_roster_is_of_the_callers_own_place_when_none_is_named(running: Running, traveller: str):
    worker = running.as_role("community_worker", organisation="LZ")
    own = worker.ask("/v1/rosters", side="inflow", limit=1000)
    named = worker.ask("/v1/rosters", side="inflow", organisation="LZ", limit=1000)

    assert own["items"] == named["items"]
    assert traveller in {item["member_id"] for item in own["items"]}


def test_places_out_of_reach_are_not_there(running: Running):
    stranger = running.as_role("branch_secretary", organisation="LZ-1")
    for path in ("/v1/rosters?organisation=MQ-1", "/v1/lifecycle?region=620621", "/v1/worklist?organisation=MQ"):
        assert stranger.http.get(path).status_code == 404, path


def test_lists_hold_nobody_out_of_reach(running: Running, secretary: Person, traveller: str):
    stranger = running.as_role("branch_secretary", organisation="LZ-2")
    theirs = stranger.ask("/v1/members", limit=1000)["items"]
    ours = secretary.ask("/v1/members", limit=1000)["items"]

    assert traveller not in {item["member_id"] for item in theirs}
    assert traveller in {item["member_id"] for item in ours}


def test_people_are_found_by_name_pinyin_telephone_and_number(running: Running, secretary: Person):
    number = synthetic_identity_number()
    member = secretary.register("MQ-1", name="样例庚", phone="13900000003", identity_number=number)

    def found(text: str, who: Person = secretary) -> set[str]:
        return {item["member_id"] for item in who.ask("/v1/members", search=text, limit=1000)["items"]}

    for text in ("样例庚", "样例", "yanglig", "ylg", "13900000003", "0003", number, number.lower()):
        assert member in found(text), text
    assert found("样例庚", running.as_role("branch_secretary", organisation="LZ-1")) == set()
    assert found("不存在的人") == set()


def test_personal_data_is_told_for_a_purpose_and_the_read_is_shown(running: Running, secretary: Person, traveller: str):
    path = f"/v1/members/{traveller}"
    without = secretary.get(path, fields="name")
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "/query/purpose")
    assert "personal" not in secretary.ask(path)

    answer = secretary.ask(path, fields="name,phone", purpose="每月联系")
    assert answer["personal"]["name"] == "测试己"
    assert answer["personal"]["phone"].endswith("13900000002")

    subject = running.as_role("member", member=traveller)
    (read, *_) = subject.ask(f"{path}/reads")["items"]
    assert (read["fields"], read["purpose"], read["role"]) == (["name", "phone"], "每月联系", "branch_secretary")
    assert datetime.fromisoformat(read["read_at"]) <= datetime.now(UTC)


def test_a_list_tells_personal_data_beside_its_items(running: Running, secretary: Person, traveller: str):
    before = len(running.department.ask(f"/v1/members/{traveller}/reads", limit=1000)["items"])
    page = secretary.ask("/v1/rosters", organisation="MQ-1", fields="name", purpose="核对名册", limit=1000)
    after = len(running.department.ask(f"/v1/members/{traveller}/reads", limit=1000)["items"])

    item = next(one for one in page["items"] if one["member_id"] == traveller)
    assert item["personal"] == {"name": "测试己"}
    assert after == before + 1


def test_a_role_without_people_reads_no_personal_data(running: Running, traveller: str):
    operator = running.as_role("operator", region="000000")
    assert operator.get(f"/v1/members/{traveller}", fields="name", purpose="none").status_code == 403
    assert operator.get("/v1/rosters", fields="name", purpose="none").status_code == 403


def test_history_goes_on_by_cursor(department: Person, traveller: str):
    whole = department.ask(f"/v1/members/{traveller}/history", limit=1000)["items"]
    items, page = [], department.ask(f"/v1/members/{traveller}/history", limit=2)
    items += page["items"]
    while page["next"]:
        page = department.ask(f"/v1/members/{traveller}/history", limit=2, cursor=page["next"])
        items += page["items"]

    assert items == whole
    assert [item["type"] for item in whole] == [
        "member_registered",
        "departure_reported",
        "departed",
        "checked_in",
        "accepted",
    ]
    assert [item["state"]["movement"] and item["state"]["movement"]["stage"] for item in whole] == [
        None,
        "reported",
        "awaiting_check_in",
        "checked_in",
        "settled",
    ]


@pytest.mark.usefixtures("traveller")
@pytest.mark.parametrize("place", [{"region": "620621"}, {"organisation": "MQ"}, {"region": "000000"}])
@pytest.mark.parametrize("as_of", [None, "2025-05-20"])
def test_an_order_holds_over_pages_now_and_then(department: Person, place: dict[str, str], as_of: str | None):
    for _ in range(3):
        department.register("MQ-1", occurred_at="2025-02-01")
    asked = {**place, "side": "affiliated", **({"as_of": as_of} if as_of else {})}
    items = department.ask("/v1/rosters", limit=1000, **asked)["items"]
    last = {"since": "~", "due_on": "~", "last_contact_at": ""}
    assert len(items) > 2
    for order in ("since", "-since", "last_contact_at", "due_on"):
        page = department.ask("/v1/rosters", limit=2, order=order, **asked)
        found = page["items"]
        while page["next"]:
            page = department.ask("/v1/rosters", limit=2, order=order, cursor=page["next"], **asked)
            found += page["items"]
        keys = [one[order.removeprefix("-")] or last[order.removeprefix("-")] for one in found]
        assert sorted(one["member_id"] for one in found) == sorted(one["member_id"] for one in items)
        known = [key for key in keys if key != "~"]
        assert known == sorted(known, reverse=order == "-since"), order
        assert keys[: len(known)] == known  # whoever has none comes last
    following = department.ask("/v1/rosters", limit=1, **asked)["next"]
    mixed = department.get("/v1/rosters", order="since", cursor=following, **asked)
    assert mixed.status_code == 422


@pytest.mark.usefixtures("traveller")
@pytest.mark.parametrize("place", [{"region": "620621"}, {"organisation": "MQ"}, {"region": "000000"}])
@pytest.mark.parametrize("as_of", [None, "2025-05-20"])
def test_ages_at_a_stage_add_up_and_are_of_the_members_behind_them(
    department: Person, place: dict[str, str], as_of: str | None
):
    asked = {**place, **({"as_of": as_of} if as_of else {})}
    told = department.ask("/v1/lifecycle", ages="true", **asked)["items"]
    plain = department.ask("/v1/lifecycle", **asked)["items"]
    assert plain == [{name: one[name] for name in plain[0]} for one in told]
    assert sum(one["count"] for one in told) > 0
    for one in told:
        assert sum(age["count"] for age in one["ages"]) == one["count"]
        for age in one["ages"] if one["count"] else ():
            days = {name: value for name, value in age.items() if name != "count" and value is not None}
            cell = {"view": one["view"], "stage": one["stage"], "limit": 1000}
            behind = department.ask("/v1/lifecycle/members", **asked, **cell, **days)
            assert len(behind["items"]) == age["count"]


@pytest.mark.usefixtures("traveller")
@pytest.mark.parametrize("place", [{"region": "620621"}, {"organisation": "MQ"}])
def test_changes_since_a_day_are_the_difference_from_that_day(department: Person, place: dict[str, str]):
    before = department.ask("/v1/lifecycle", **place, as_of="2025-03-01")["items"]
    told = department.ask("/v1/lifecycle", **place, as_of="2025-05-20", change_since="2025-03-01")["items"]
    assert [one["change"] for one in told] == [
        one["count"] - other["count"] for one, other in zip(told, before, strict=True)
    ]
    assert any(one["change"] for one in told)
    assert "change" not in before[0]
    refused = department.get("/v1/lifecycle", **place, change_since="yesterday")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/change_since"


@pytest.mark.usefixtures("traveller")
def test_counts_are_of_the_members_behind_them(department: Person):
    counts = department.ask("/v1/lifecycle", organisation="MQ-1")["items"]
    for one in counts:
        behind = department.ask(
            "/v1/lifecycle/members", organisation="MQ-1", view=one["view"], stage=one["stage"], limit=1000
        )
        assert len(behind["items"]) == one["count"]
    assert sum(one["count"] for one in counts) > 0


@pytest.mark.usefixtures("traveller")
def test_flows_add_up_to_their_margins_over_pages(department: Person):
    whole = department.ask("/v1/flows", level="county", month="2025-04")
    items, page = [], department.ask("/v1/flows", level="county", month="2025-04", limit=1)
    items += page["items"]
    while page["next"]:
        page = department.ask("/v1/flows", level="county", month="2025-04", limit=1, cursor=page["next"])
        items += page["items"]

    assert items == whole["items"]
    assert sum(one["arrived"] for one in items) == sum(one["arrived"] for one in whole["totals"]["by_origin"]) >= 1


def test_a_months_figures_are_the_rosters_of_its_end(running: Running, department: Person, traveller: str):
    for region in ("620621", "620102", "620000", "000000"):
        figures = department.ask("/v1/statistics", region=region, month="2025-04")
        for side in ("affiliated", "outflow", "inflow"):
            people = department.ask("/v1/rosters", region=region, side=side, as_of="2025-04-30", limit=1000)["items"]
            assert figures["totals"][side]["count"] == len(people)
            assert sum(item["count"] for item in figures["items"] if item["side"] == side) == len(people)
    before = department.ask("/v1/statistics", region="620621", month="2025-04", known_at=1)
    assert (before["known_position"], before["items"]) == (1, [])
    assert traveller in {item["member_id"] for item in people}

    worker = running.as_role("community_worker", organisation="LZ")
    assert worker.get("/v1/statistics", region="620621", month="2025-04").status_code == 404
    assert worker.ask("/v1/statistics", region="620102", month="2025-04")["totals"]["inflow"]["count"] >= 1
    member = running.as_role("member", member=traveller)
    assert member.get("/v1/statistics", region="620621", month="2025-04").status_code == 403
    assert department.get("/v1/statistics", region="620621", month="2025-13").status_code == 422
    assert department.get("/v1/statistics", region="999999", month="2025-04").status_code == 422


@pytest.mark.usefixtures("traveller")
@pytest.mark.parametrize("level", ["province", "city", "county"])
def test_as_many_are_behind_a_figure_of_the_flows_as_it_says(department: Person, level: str):
    told = department.ask("/v1/flows", level=level, month="2025-04")
    figures = told["items"] + told["totals"]["by_origin"] + told["totals"]["by_destination"]
    assert sum(one["arrived"] for one in told["items"]) > 0
    for one in figures:
        place = {end: one[end] for end in ("origin", "destination") if end in one}
        for measure in MEASURES:
            behind = department.ask(
                "/v1/flows/members", level=level, month="2025-04", measure=measure, limit=1000, **place
            )
            assert len(behind["items"]) == one[measure], (place, measure)


@pytest.mark.usefixtures("traveller")
def test_those_behind_all_flows_come_page_by_page_as_known_at_any_position(department: Person):
    head = department.ask("/v1/flows", month="2025-04")["position"]
    for known in (None, head - 1, head // 2):
        asked = {"month": "2025-04", "measure": "under_way", "known_at": known}
        asked = {name: value for name, value in asked.items() if value is not None}
        count = sum(
            one["under_way"]
            for one in department.ask("/v1/flows", **{n: v for n, v in asked.items() if n != "measure"})["items"]
        )
        page = department.ask("/v1/flows/members", limit=2, **asked)
        items = page["items"]
        while page["next"]:
            page = department.ask("/v1/flows/members", limit=2, cursor=page["next"], **asked)
            items += page["items"]
        assert len(items) == len({(one["member_id"], one["movement_id"], one["leg"]) for one in items}) == count
    other = department.get("/v1/flows/members", month="2025-04", measure="departed", cursor="e30")
    assert (other.status_code, other.json()["code"]) == (422, "unreadable")


@pytest.mark.usefixtures("traveller")
def test_a_series_of_months_says_what_each_month_says(department: Person):
    head = department.ask("/v1/flows", month="2025-04")["position"]
    for more in ({}, {"public": "true"}, {"known_at": head - 1}):
        series = department.ask("/v1/statistics/months", region="620621", until="2025-06", months=5, **more)["items"]
        assert [one["month"] for one in series] == ["2025-02", "2025-03", "2025-04", "2025-05", "2025-06"]
        for one in series:
            alone = department.ask("/v1/statistics", region="620621", month=one["month"], **more)
            assert one == {name: alone[name] for name in one}


@pytest.mark.usefixtures("traveller")
def test_public_flows_withhold_what_is_small(department: Person):
    told = department.ask("/v1/flows", level="county", month="2025-04")["items"]
    public = department.ask("/v1/flows", level="county", month="2025-04", public="true")["items"]
    assert [(one["origin"], one["destination"]) for one in public] == [
        (one["origin"], one["destination"]) for one in told
    ]
    for small, one in zip(told, public, strict=True):
        assert one["arrived"] in (None, small["arrived"])
        assert one["arrived"] is None or not 0 < one["arrived"] < 5
    assert any(one["arrived"] is None for one in public)


def test_public_statistics_withhold_what_is_small(running: Running, department: Person):
    secretary = running.as_role("branch_secretary", organisation="MQ-1")
    secretary.command(secretary.register("MQ-1"), "depart", "2025-04-02", destination={"region": "540102"})
    told = department.ask("/v1/statistics", region="540102", month="2025-04")
    public = department.ask("/v1/statistics", region="540102", month="2025-04", public="true")
    assert (told["public"], public["public"], public["items"]) == (False, True, [])
    assert told["totals"]["inflow"]["count"] == 1
    inflow = public["totals"]["inflow"]
    assert inflow["count"] is None
    for mark in ("scope", "category", "view", "stage"):
        assert set(inflow[f"by_{mark}"].values()) == {None}


def test_unknown_places_are_told(department: Person):
    assert department.get("/v1/rosters", region="999999").status_code == 422
    assert department.get("/v1/rosters", organisation="NOWHERE").status_code == 404
    assert department.get("/v1/rosters", organisation="MQ", region="620621").status_code == 422
    assert department.get(f"/v1/members/{uuid4()}").status_code == 404


def test_a_region_that_has_ended_is_told_as_it_was_with_what_it_became(department: Person):
    on_its_last_day = department.ask("/v1/regions/330103", on="2021-04-08")
    since_then = department.ask("/v1/regions/330103", on="2021-04-09")

    assert (since_then["name"], since_then["valid_to"], since_then["successors"]) == (
        "下城区",
        "2021-04-09",
        ["330105"],
    )
    assert since_then["parents"] == on_its_last_day["parents"]
    assert department.ask("/v1/regions/330104")["needs_assignment"] is True
    assert department.get("/v1/regions/330114", on="2021-04-08").status_code == 404
    assert department.get("/v1/regions/999999").status_code == 404


def test_a_time_with_a_bare_plus_is_the_time_that_was_meant(department: Person):
    """A client that does not escape the + of an offset sends what reads as a space."""
    meant = department.http.get("/v1/rosters?organisation=MQ&as_of=2025-03-05T10:00:00%2B08:00")
    bare = department.http.get("/v1/rosters?organisation=MQ&as_of=2025-03-05T10:00:00+08:00")
    known = department.http.get("/v1/rosters?organisation=MQ&known_at=2025-03-05T10:00:00+08:00")

    assert (bare.status_code, bare.json()) == (meant.status_code, meant.json()) == (200, meant.json())
    assert known.json()["known_position"] == 0
    assert department.http.get("/v1/rosters?organisation=MQ&as_of=2025-03-05+10:00").status_code == 422


def test_a_month_is_the_moment_of_its_end_wherever_a_moment_is_asked(department: Person, traveller: str):
    def at(**moment: str) -> list[Any]:
        state = department.ask(f"/v1/members/{traveller}", **moment)["movement"]
        lists = [
            department.ask("/v1/rosters", region="620621", side="affiliated", stage="awaiting_check_in", **moment),
            department.ask("/v1/lifecycle", region="620621", **moment),
            department.ask("/v1/lifecycle/members", region="620621", stage="settled", **moment),
            department.ask("/v1/worklist", organisation="MQ", **moment),
        ]
        return [state, *(answer["items"] for answer in lists)]

    assert at(month="2025-02")[0] is None
    assert at(month="2025-03") == at(as_of="2025-03-31")
    assert at(month="2025-03") != at(month="2025-04")


@pytest.mark.parametrize(
    "asked", [{"month": "2025-03", "as_of": "2025-03-31"}, {"month": "2025-13"}, {"month": "March"}]
)
def test_a_month_is_a_month_and_stands_alone(department: Person, traveller: str, asked: dict[str, str]):
    answer = department.get(f"/v1/members/{traveller}", **asked)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/month")
