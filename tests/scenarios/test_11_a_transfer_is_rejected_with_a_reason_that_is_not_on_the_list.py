"""Scenario 11: a transfer rejected with a reason that is not on the list is refused; the origin stays responsible."""

import pytest

from tests.scenarios.country import Country, one_event, owed

REASONS = [
    "LETTER_INVALID",
    "LETTER_EXPIRED",
    "MATERIALS_INCOMPLETE",
    "IDENTITY_MISMATCH",
    "NOT_LIVING_OR_WORKING_HERE",
    "WRONG_ADDRESSEE",
]


@pytest.fixture(scope="module")
def asked(country: Country) -> str:
    """Give a member whose letter from 民勤 to 锦江 lies there for an answer."""
    origin = country.of("民勤-1")
    member = origin.register("民勤-1")
    origin.command(member, "request-transfer", "2025-05-06", to_organisation="锦江-1")
    country.of("民勤").command(member, "approve-transfer", "2025-05-07")
    country.of("民勤").command(member, "issue-transfer-letter", "2025-05-08", letter_number="民组介〔2025〕8号")
    return member


@pytest.mark.parametrize("reason", ["TOO_OLD", "letter_invalid", "不想要", "", None, 7])
def test_a_reason_that_is_not_on_the_list_is_refused_with_the_list(country: Country, asked: str, reason: object):
    before = country.state(asked)
    body = {"occurred_at": "2025-05-20"} | ({} if reason is None else {"reason": reason})
    refused = country.of("锦江-1").post(f"/v1/members/{asked}/reject-transfer", body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/reason", "missing" if reason is None else "not_in_list")
    assert error["expected"] == REASONS
    after = country.state(asked)
    assert (after["version"], after["transfer"]) == (before["version"], before["transfer"])


def test_the_origin_stays_responsible_and_the_answer_stays_owed(country: Country, asked: str):
    state = country.state(asked, as_of="2025-05-20")
    assert (state["affiliation"], state["responsible"], state["transfer"]["status"]) == (
        "民勤-1",
        "民勤-1",
        "letter_issued",
    )
    assert owed(state["duties"]) == {("accept_transfer", "锦江-1", "2025-05-08", "2025-08-06")}


def test_only_the_addressee_rejects_a_letter(country: Country, asked: str):
    refused = country.of("民勤").post(
        f"/v1/members/{asked}/reject-transfer", {"occurred_at": "2025-05-20", "reason": "WRONG_ADDRESSEE"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "not_your_transfer")
    foreign = country.of("湖里").post(
        f"/v1/members/{asked}/reject-transfer", {"occurred_at": "2025-05-20", "reason": "WRONG_ADDRESSEE"}
    )
    assert foreign.status_code == 404


def test_a_lost_answer_is_told_again_though_the_member_is_out_of_reach(country: Country):
    origin, host = country.of("民勤-1"), country.of("锦江-1")
    member = origin.register("民勤-1", name="测试丙")
    origin.command(member, "request-transfer", "2025-05-06", to_organisation="锦江-1")
    path, body = f"/v1/members/{member}/reject-transfer", {"occurred_at": "2025-05-07", "reason": "WRONG_ADDRESSEE"}
    first = host.post(path, body, key="reject-1")
    assert first.status_code == 201
    assert host.get(f"/v1/members/{member}").status_code == 404
    again = host.post(path, body, key="reject-1")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert host.post(path, body, key="reject-2").status_code == 404


def test_a_reason_on_the_list_rejects_it_and_leaves_the_origin_responsible(country: Country):
    origin = country.of("民勤-1")
    for reason in REASONS:
        member = origin.register("民勤-1", name="测试乙")
        origin.command(member, "request-transfer", "2025-05-06", to_organisation="锦江-1")
        country.of("民勤").command(member, "approve-transfer", "2025-05-07")
        country.of("民勤").command(member, "issue-transfer-letter", "2025-05-08", letter_number="民组介〔2025〕9号")
        event = one_event(country.of("锦江-1").command(member, "reject-transfer", "2025-05-20", reason=reason))
        assert (event["after"]["affiliation"], event["after"]["responsible"]) == ("民勤-1", "民勤-1")
        state = country.state(member)
        assert (state["transfer"]["status"], state["transfer"]["rejected_for"]) == ("rejected", reason)
        assert (state["affiliation"], state["responsible"], state["duties"]) == ("民勤-1", "民勤-1", [])
        origin.command(member, "request-transfer", "2025-05-21", to_organisation="锦江")
