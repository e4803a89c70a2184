"""Scenario 25: erasure asked for on 2026-02-01: name and numbers unreadable, figures and proofs as they were."""

from base64 import b64decode
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.notes import checkpoint, signed_note
from projections.merkle import check_consistency, check_inclusion, leaf_hash
from tests.running_service import Answer, Person, synthetic_identity_number
from tests.scenarios.country import Country

NAME, PHONE = "样例请删", "13900002502"
ASKED, ERASED = "2026-02-01", "2026-02-03"


def erase(person: Person, member: str) -> httpx.Response:
    return person.http.request(
        "DELETE",
        f"/v1/members/{member}/personal-data",
        json={"occurred_at": ERASED},
        headers={"Idempotency-Key": str(uuid4())},
    )


def figures(country: Country) -> dict[str, Any]:
    """Everything that counts members, now and then, here and there."""
    asked: dict[str, Any] = {}
    for region in ("000000", "620621", "620102"):
        for as_of in ("2025-06-30", "2026-02-28"):
            for side in ("outflow", "inflow", "affiliated"):
                asked[f"roster {side} {region} {as_of}"] = country.roster(side, region=region, as_of=as_of)
            for side in ("outflow", "inflow"):
                asked[f"lifecycle {side} {region} {as_of}"] = country.everywhere.ask(
                    "/v1/lifecycle", region=region, side=side, as_of=as_of
                )["items"]
    for month in ("2025-05", "2026-02"):
        asked[f"flows {month}"] = country.everywhere.ask("/v1/flows", level="county", month=month)["items"]
        asked[f"statistics {month}"] = {
            name: value
            for name, value in country.everywhere.ask("/v1/statistics", region="000000", month=month).items()
            if "position" not in name
        }
    return asked


def signed_tree(person: Person) -> checkpoint.Checkpoint:
    keys = [signed_note.read_verifier(line) for line in person.http.get("/v1/log/key").text.splitlines()]
    found, _ = checkpoint.read_signed(person.http.get("/v1/log/checkpoint").text, keys)
    return found


def proof(person: Person, **asked: int) -> list[bytes]:
    answer = person.http.get("/v1/log/proof", params=asked)
    assert answer.status_code == 200, answer.text
    return [b64decode(one) for one in answer.json()["hashes"]]


class Erased:
    """A member away, another who stays as they are, and what was told before and after the erasure."""

    def __init__(self, country: Country) -> None:
        origin, host, self.department = country.of("民勤-1"), country.of("城关-1"), country.of("民勤")
        self.number = synthetic_identity_number()
        self.member = origin.register("民勤-1", name=NAME, identity_number=self.number, phone=PHONE)
        self.other = origin.register("民勤-1", name="样例留下")
        for member in (self.member, self.other):
            origin.command(member, "report-departure", "2025-05-06", destination={"region": "620102"})
            origin.command(member, "hold-pre-departure-talk", "2025-05-06", by=NAME)
            origin.command(member, "depart", "2025-05-08")
            country.of("城关").command(member, "check-in", "2025-05-10", region="620102", channel="CODE")
            country.of("城关").command(member, "accept", "2025-05-12", branch="城关-1")
            host.command(member, "record-contact", "2025-05-20", channel="PHONE")
        self.own = country.running.as_role("member", member=self.member)
        self.request: Answer = self.own.command(
            self.member, "request-personal-data", ASKED, request="ERASURE", text=f"请清除{NAME}的信息"
        )
        self.duties = [one for one in country.worklist("民勤", as_of="2026-02-02") if one["member_id"] == self.member]
        self.before = figures(country)
        self.history = country.history(self.member)
        self.auditor = country.running.as_role("auditor", region="000000")
        self.signed_before = signed_tree(self.auditor)
        self.answer = erase(self.department, self.member)
        country.running.latest = max(country.running.latest, self.answer.json()["position"])


@pytest.fixture(scope="module")
def erased(country: Country) -> Erased:
    return Erased(country)


def test_the_request_was_owed_an_answer_by_the_department(erased: Erased):
    duty = next(one for one in erased.duties if one["kind"] == "personal_data_request")
    # Fifteen workdays, over the Spring Festival of 2026: 15 to 23 February off, the 14th worked instead.
    assert (duty["organisation"], duty["since"], duty["due_on"]) == ("民勤", ASKED, "2026-02-27")


def test_the_request_is_done(country: Country, erased: Erased):
    assert erased.answer.status_code == 201
    kinds = {one["kind"] for one in country.worklist("民勤", as_of="2026-02-04") if one["member_id"] == erased.member}
    assert "personal_data_request" not in kinds


@pytest.mark.parametrize("asks", ["民勤-1", "民勤", "城关-1", "everywhere", "self"])
def test_name_and_numbers_are_unreadable_to_everybody(country: Country, erased: Erased, asks: str):
    person = {"everywhere": country.everywhere, "self": erased.own}.get(asks) or country.of(asks)
    path = f"/v1/members/{erased.member}"
    answer = person.ask(path, fields="name,phone,identity_number,sex,born_on", purpose="核对")
    assert answer["personal"] == {}
    if asks != "self":
        for text in (NAME, PHONE, PHONE[-4:], erased.number):
            assert erased.member not in [one["member_id"] for one in person.ask("/v1/members", search=text)["items"]]


def test_the_other_member_is_as_readable_as_before(country: Country, erased: Erased):
    answer = country.everywhere.ask(f"/v1/members/{erased.other}", fields="name", purpose="核对")
    assert answer["personal"] == {"name": "样例留下"}


def test_every_figure_is_what_it_was(country: Country, erased: Erased):
    assert figures(country) == erased.before


def test_the_history_goes_on_and_names_nobody(country: Country, erased: Erased):
    after = country.history(erased.member)
    assert [one["type"] for one in after] == [*(one["type"] for one in erased.history), "personal_data_erased"]
    told = [{name: one[name] for name in ("event_id", "data", "state", "position")} for one in after]
    assert NAME not in str(told)
    assert [one["data"] for one in after[:-1]] == [one["data"] for one in erased.history]


def test_the_same_person_registered_again_is_a_new_member(country: Country, erased: Erased):
    again = country.of("民勤-1").register("民勤-1", name=NAME, identity_number=erased.number)
    assert again != erased.member


def test_every_proof_still_verifies(erased: Erased):
    older, newer = erased.signed_before, signed_tree(erased.auditor)
    assert newer.size > older.size
    grown = proof(erased.auditor, **{"from": older.size, "to": newer.size})
    check_consistency(older.size, newer.size, older.root, newer.root, grown)
    told = [*(one["position"] for one in erased.history), erased.answer.json()["position"]]
    for position in told:
        entries = erased.auditor.http.get("/v1/log/entries", params={"from": position, "to": position}).json()["items"]
        leaf = b64decode(entries[0]["leaf"])
        for text in (NAME, PHONE, erased.number):
            assert text.encode() not in leaf
        for tree in (older, newer):
            if position <= tree.size:
                path = proof(erased.auditor, position=position, size=tree.size)
                check_inclusion(position - 1, tree.size, leaf_hash(leaf), path, tree.root)
