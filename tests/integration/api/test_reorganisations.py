"""Regions and code lists change from a day on, by whoever has rights for all of them; what stood before stays."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.running_service import Person, Running


@pytest.fixture
def hunan(department: Person) -> Callable[[str], str]:
    """Register an office of a county of 湖南, unless it is there already."""

    def office(region: str) -> str:
        code = f"HN-{region}"
        body = {"code": code, "name": f"样例{code}", "region": region, "kind": "COMMITTEE", "occurred_at": "2024-01-01"}
        assert department.post("/v1/organisations", body).status_code in (201, 409)
        return code

    return office


def test_a_renamed_county_keeps_its_members_under_the_new_code(department: Person, hunan) -> None:
    guest = department.register(hunan("430102"))
    host = hunan("430103")
    department.command(guest, "depart", "2025-01-05", organisation="HN-430102", destination={"region": "430103"})
    department.command(guest, "check-in", "2025-01-06", organisation=host, region="430103", channel="WORKER")
    changed = department.record(
        "/v1/regions/reorganise", kind="RENAMED", effective_on="2025-03-01",
        **{"from": ["430103"], "to": ["430193"], "names": {"430193": "样例新区"}},
    )  # fmt: skip
    (event,) = changed["events"]
    assert (event["type"], event["data"]["to_codes"]) == ("region_reorganised", ["430193"])
    assert roster(department, "430103", "2025-02-28") == {guest}
    assert roster(department, "430193", "2025-03-01") == {guest}
    assert roster(department, "430193", "2025-03-01", known_at=changed["position"] - 1) == set()
    before, after = (department.ask("/v1/regions/430103", on=day) for day in ("2025-02-28", "2025-03-01"))
    assert before["valid_to"] == "2025-03-01"
    assert (after["resolves_to"], after["successors"]) == ("430193", ["430193"])
    assert department.ask("/v1/regions/430193", on="2025-03-01")["name"] == "样例新区"
    as_known = department.ask("/v1/regions/430103", on="2025-03-01", known_at=changed["position"] - 1)
    assert (as_known["valid_to"], as_known["known_position"]) == (None, changed["position"] - 1)
    again = department.command(guest, "check-in", "2025-03-02", organisation=host, region="430193", channel="WORKER")
    assert again["events"][0]["after"]["leg"] == 1, "the same place under another code"
    state = department.ask(f"/v1/members/{guest}", as_of="2025-03-02")
    assert (state["holder"], state["needs_assignment"]) == (host, False)


def test_a_split_that_is_announced_asks_for_assignment_from_its_day_on(department: Person, hunan) -> None:
    guest = department.register(hunan("430102"))
    department.command(guest, "depart", "2025-01-05", organisation="HN-430102", destination={"region": "430111"})
    department.record(
        "/v1/regions/reorganise", kind="SPLIT", effective_on="2025-06-01",
        **{"from": ["430111"], "to": ["430191", "430192"], "names": {"430191": "样例甲区", "430192": "样例乙区"}},
    )  # fmt: skip
    needs = {day: department.ask(f"/v1/members/{guest}", as_of=day) for day in ("2025-05-31", "2025-06-01")}
    assert [one["needs_assignment"] for one in needs.values()] == [False, True]
    (duty,) = [one for one in needs["2025-06-01"]["duties"] if one["kind"] == "assign_region"]
    assert (duty["organisation"], duty["due_on"]) == ("HN-430102", "2025-07-01")
    listed = department.ask("/v1/worklist", organisation="HN-430102", kind="assign_region", as_of="2025-06-01")
    assert [one["member_id"] for one in listed["items"]] == [guest]
    department.command(guest, "assign-region", "2025-06-02", organisation="HN-430102", region="430192")
    assert roster(department, "430192", "2025-06-02") == {guest}


def test_merged_counties_are_one_roster(department: Person, hunan) -> None:
    here, there = department.register(hunan("430104")), department.register(hunan("430105"))
    department.record(
        "/v1/regions/reorganise", kind="MERGED", effective_on="2025-04-01",
        **{"from": ["430104"], "to": ["430105"]},
    )  # fmt: skip
    assert roster(department, "430105", "2025-03-31", side="affiliated") == {there}
    assert roster(department, "430105", "2025-04-01", side="affiliated") == {here, there}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "MOVED"}, 422, "not_in_list"),
        ({"from": ["43011"]}, 422, "unknown_region"),
        ({"from": []}, 422, "unreadable"),
        ({"to": None}, 422, "missing"),
        ({"effective_on": "soon"}, 422, "unreadable"),
        ({"names": {"430999": "别处"}}, 422, "unreadable"),
        ({"to": ["430199"]}, 409, "reorganisation_impossible"),
        ({"kind": "SPLIT"}, 409, "reorganisation_impossible"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_recorded(department: Person, body, status: int, code: str) -> None:
    whole = {"kind": "MERGED", "from": ["430121"], "to": ["430112"], "effective_on": "2025-05-01", **body}
    before = department.ask("/v1/rosters", region="000000")["position"]
    answer = department.post("/v1/regions/reorganise", whole)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert department.ask("/v1/rosters", region="000000")["position"] == before
    chinese = department.http.post(
        "/v1/regions/reorganise", json=whole, headers={"Idempotency-Key": str(uuid4()), "Accept-Language": "zh"}
    )
    assert chinese.json()["detail"] != answer.json()["detail"]


def test_whoever_has_rights_for_all_of_the_regions_may_change_them(running: Running, hunan) -> None:
    change = {"kind": "MERGED", "from": ["430112"], "to": ["430121"], "effective_on": "2025-08-01"}
    hunan("430112")
    for role, region, status in (
        ("branch_secretary", None, 403),
        ("organisation_department", "430112", 404),
        ("organisation_department", "620000", 404),
        ("organisation_department", "430100", 201),
    ):
        organisation = "HN-430112" if region is None else None
        caller = running.as_role(role, region=region, organisation=organisation)
        assert caller.post("/v1/regions/reorganise", change).status_code == status


def test_a_code_list_counts_from_its_day_on_and_is_judged_on_the_day_of_the_fact(department: Person, hunan) -> None:
    shipped = listed(department, "decline", "2025-08-31")
    adopted = department.record(
        "/v1/code-lists", code_list="decline", effective_on="2025-09-01", codes=[*shipped[1:], "NO_BRANCH_HERE"],
        names={"NO_BRANCH_HERE": "本地无党组织"}, source="样例〔2025〕9号",
    )  # fmt: skip
    assert adopted["events"][0]["type"] == "code_list_adopted"
    assert listed(department, "decline", "2025-08-31") == shipped
    assert listed(department, "decline", "2025-09-01") == [*shipped[1:], "NO_BRANCH_HERE"]
    host = hunan("430181")
    for day, reason, status in (
        ("2025-08-20", "NO_BRANCH_HERE", 422),
        ("2025-08-20", shipped[0], 201),
        ("2025-09-20", shipped[0], 422),
        ("2025-09-20", "NO_BRANCH_HERE", 201),
    ):
        member = department.register(hunan("430102"))
        department.command(member, "check-in", "2025-08-10", organisation=host, region="430181", channel="WORKER")
        body = {"occurred_at": day, "organisation": host, "reason": reason}
        answer = department.post(f"/v1/members/{member}/decline", body)
        assert answer.status_code == status, answer.text
        if status == 422:
            (error,) = answer.json()["errors"]
            assert (error["code"], error["expected"]) == ("not_in_list", listed(department, "decline", day))


def test_the_document_shows_every_value_that_a_list_has_or_had(department: Person) -> None:
    shipped = listed(department, "waiver", "2025-01-01")
    department.record("/v1/code-lists", code_list="waiver", effective_on="2030-01-01", codes=["ILLNESS", "CARE_LEAVE"])
    document = department.http.get("/openapi.json").json()
    reason = document["components"]["schemas"]["WaiveContact"]["properties"]["reason"]
    assert reason["enum"] == [*shipped, "CARE_LEAVE"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"code_list": "shoe_sizes"}, "/code_list"),
        ({"codes": []}, "/codes"),
        ({"codes": ["lower"]}, "/codes/0"),
        ({"codes": ["TWICE", "TWICE"]}, "/codes/1"),
        ({"effective_on": "2025"}, "/effective_on"),
        ({"names": {"OTHER": "其他"}}, "/names"),
    ],
)
def test_a_list_that_cannot_be_read_names_what_is_wrong(department: Person, body, pointer: str) -> None:
    whole = {"code_list": "contact", "effective_on": "2025-05-01", "codes": ["PHONE"], **body}
    answer = department.post("/v1/code-lists", whole)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_list_is_the_whole_countrys(running: Running) -> None:
    province = running.as_role("organisation_department", region="430000")
    body = {"code_list": "contact", "effective_on": "2031-01-01", "codes": ["PHONE"]}
    answer = province.post("/v1/code-lists", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "whole_country_only")


def roster(department: Person, region: str, as_of: str, *, side: str = "inflow", **parameters: object) -> set[str]:
    answer = department.ask("/v1/rosters", region=region, side=side, as_of=as_of, limit=1000, **parameters)
    return {item["member_id"] for item in answer["items"]}


def listed(department: Person, name: str, on: str) -> list[str]:
    items = department.ask("/v1/code-lists", on=on)["items"]
    return next(item["codes"] for item in items if item["code_list"] == name)
