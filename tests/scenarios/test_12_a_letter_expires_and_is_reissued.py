"""Scenario 12: a letter of 2025-01-10 for 90 days: accepted on 04-10 works, on 04-11 is refused; reissue voids it."""

import pytest

from tests.scenarios.country import Country, overdue, owed

OLD, NEW = "泾组介〔2025〕1号", "泾组介〔2025〕57号"
DOCUMENT = "锦组补〔2025〕3号"


def with_letter(country: Country, name: str) -> str:
    origin = country.of("泾川-1")
    member = origin.register("泾川-1", name=name)
    origin.command(member, "request-transfer", "2025-01-06", to_organisation="锦江-1")
    country.of("泾川").command(member, "approve-transfer", "2025-01-08")
    country.of("泾川").command(member, "issue-transfer-letter", "2025-01-10", letter_number=OLD, valid_days=90)
    return member


@pytest.fixture(scope="module")
def in_time(country: Country) -> str:
    """Give a member accepted on the last valid day."""
    member = with_letter(country, "测试甲")
    country.of("锦江-1").command(member, "accept-transfer", "2025-04-10", document=DOCUMENT)
    return member


@pytest.fixture(scope="module")
def too_late(country: Country) -> str:
    """Give a member whose letter lay there until it expired."""
    return with_letter(country, "测试乙")


def test_accepted_on_the_last_valid_day_it_works(country: Country, in_time: str):
    assert country.state(in_time, as_of="2025-04-09")["transfer"]["valid_until"] == "2025-04-10"
    state = country.state(in_time, as_of="2025-04-10")
    assert (state["affiliation"], state["transfer"]["status"]) == ("锦江-1", "accepted")
    assert state["transfer"]["receipt_due"] == "2025-05-10"
    assert country.on_roster("affiliated", organisation="锦江-1", as_of="2025-04-10") == {in_time: None}
    assert country.on_roster("affiliated", organisation="锦江-1", as_of="2025-04-09") == {}


@pytest.mark.parametrize(("language", "says"), [("zh", "介绍信已过有效期"), ("en", "last valid day has passed")])
def test_on_the_day_after_it_is_refused_as_expired(country: Country, too_late: str, language: str, says: str):
    before = country.state(too_late)["version"]
    worker = country.running.as_role("community_worker", organisation="锦江-1", language=language)
    refused = worker.post(
        f"/v1/members/{too_late}/accept-transfer", {"occurred_at": "2025-04-11", "document": DOCUMENT}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "letter_expired")
    assert says in refused.json()["detail"]
    state = country.state(too_late)
    assert (state["version"], state["affiliation"], state["responsible"]) == (before, "泾川-1", "泾川-1")


def test_that_it_has_expired_is_told_by_the_day_without_any_event(country: Country, too_late: str):
    for as_of, status, late in (
        ("2025-04-10", "letter_issued", set()),
        ("2025-04-11", "expired", {"accept_transfer"}),
    ):
        state = country.state(too_late, as_of=as_of)
        assert state["transfer"]["status"] == status
        assert owed(state["duties"]) == {("accept_transfer", "锦江-1", "2025-01-10", "2025-04-10")}
        assert overdue(country.worklist("锦江-1", as_of=as_of, member_id=too_late)) == late
    assert [item["type"] for item in country.history(too_late)] == [
        "member_registered", "transfer_requested", "transfer_out_approved", "transfer_letter_issued",
    ]  # fmt: skip


def test_a_reissued_letter_voids_the_old_number(country: Country):
    member = with_letter(country, "测试丙")
    country.of("泾川").command(member, "reissue-transfer-letter", "2025-04-14", letter_number=NEW, valid_days=30)
    shown = country.state(member, as_of="2025-04-14")["transfer"]
    assert (shown["status"], shown["letter_number"], shown["void_letters"]) == ("letter_issued", NEW, [OLD])
    assert shown["valid_until"] == "2025-05-14"
    path = f"/v1/members/{member}"
    accepted = {"occurred_at": "2025-04-18", "document": DOCUMENT}
    by_old = country.of("锦江-1").post(f"{path}/accept-transfer", {**accepted, "letter_number": OLD})
    assert (by_old.status_code, by_old.json()["code"]) == (409, "letter_void")
    again = {"occurred_at": "2025-04-18", "letter_number": OLD}
    reused = country.of("泾川").post(f"{path}/reissue-transfer-letter", again)
    assert (reused.status_code, reused.json()["code"]) == (409, "letter_number_used")
    country.of("锦江-1").record(f"{path}/accept-transfer", **accepted, letter_number=NEW)
    assert country.state(member, as_of="2025-04-18")["affiliation"] == "锦江-1"
    # On the days before, the old letter had run out, and that stays true.
    assert country.state(member, as_of="2025-04-12")["transfer"]["status"] == "expired"
