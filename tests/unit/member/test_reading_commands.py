"""Reading commands: every kind of field, every fault named at once with its pointer and what would be right."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Invalid
from domain.member.commands import COMMANDS
from domain.member.form import Kind
from domain.member.reading import read_command
from domain.times import day_start_us, parse_occurred
from tests.unit.member.given import country

NOW_US = day_start_us(parse_occurred("2025-06-15").day) + 10 * 3_600_000_000


def read(verb, at="2025-06-01", **payload):
    return read_command(verb, {"occurred_at": at, **payload}, country(), now_us=NOW_US, organisation="MQ")


def faults(verb, at: Any = "2025-06-01", **payload):
    with pytest.raises(Invalid) as caught:
        read(verb, at, **payload)
    assert all(fault.sentence.zh and fault.sentence.en for fault in caught.value.faults)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def expected(verb, **payload):
    with pytest.raises(Invalid) as caught:
        read(verb, **payload)
    return caught.value.faults[0].expected


def test_a_command_is_read_into_the_fact_that_it_becomes():
    asked = read("report-departure", destination={"region": "620102"}, departs_on="2025-07-01", reason="WORK")
    assert asked.body.destination == {"region": "620102"}
    assert (asked.body.departs_on, asked.body.reason) == ("2025-07-01", "WORK")
    assert (asked.occurred.text, asked.occurred.precision) == ("2025-06-01", "day")
    assert asked.organisation == "MQ"
    assert asked.texts == {}


def test_who_acts_is_the_callers_organisation_unless_named():
    assert read("depart", organisation="MQ-1").organisation == "MQ-1"
    assert faults("depart", organisation="NOBODY") == [("/organisation", "unknown_organisation")]


def test_all_faults_are_named_at_once():
    assert faults("check-in", at=None, region="12", channel="PIGEON", colour="red") == [
        ("/occurred_at", "missing"),
        ("/colour", "unknown_field"),
        ("/region", "unknown_region"),
        ("/channel", "not_in_list"),
    ]


@pytest.mark.parametrize(
    "at", ["yesterday", "2025-02-30", "2025-13", "2025-06-01T10:00:00", 20250601, "", "0001-01-01"]
)
def test_a_time_that_cannot_be_read_is_said_so(at):
    assert faults("depart", at=at) == [("/occurred_at", "unreadable")]


@pytest.mark.parametrize("at", ["2025-06-16", "2025-07", "2025-06-15T10:05:01+08:00"])
def test_nothing_is_recorded_ahead_of_its_time(at):
    assert faults("depart", at=at) == [("/occurred_at", "in_the_future")]


@pytest.mark.parametrize("at", ["2025-06-15", "2025-06", "2025-06-15T10:05:00+08:00", "2025-06-15T02:04:00Z"])
def test_today_this_month_and_five_minutes_of_skew_are_not_ahead(at):
    assert read("depart", at=at).occurred.text


@pytest.mark.parametrize("at", ["2025-06-16", "2025-07"])
def test_a_clock_may_be_ahead_of_midnight_by_five_minutes_too(at):
    """A caller whose clock is ahead already writes the date of tomorrow."""
    midnight_us = parse_occurred(at).start_us
    early_us, near_us = midnight_us - 6 * 60_000_000, midnight_us - 4 * 60_000_000
    with pytest.raises(Invalid):
        read_command("depart", {"occurred_at": at}, country(), now_us=early_us, organisation="MQ")
    assert read_command("depart", {"occurred_at": at}, country(), now_us=near_us, organisation="MQ").occurred.text == at


@pytest.mark.parametrize("verb", ["accept", "decline", "place-in-branch", "waive-contact"])
def test_whoever_takes_a_member_in_or_owes_a_month_is_an_organisation(verb):
    fields = {
        "decline": {"reason": "NOT_HERE"},
        "place-in-branch": {"branch": "CG-1", "kind": "FALLBACK"},
        "waive-contact": {"month": "2025-05", "reason": "ILLNESS"},
    }
    own = fields.get(verb, {})
    with pytest.raises(Invalid) as caught:
        read_command(verb, {"occurred_at": "2025-06-01", **own}, country(), now_us=NOW_US, organisation=None)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/organisation", "missing")]


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_required_field_is_missed(verb):
    required = [field.name for field in COMMANDS[verb].fields if field.required] + list(COMMANDS[verb].one_of[:1])
    if required:
        assert faults(verb) == [(f"/{name}", "missing") for name in required]
    else:
        assert read(verb, at="2025-06-15").command.name == verb


@pytest.mark.parametrize(
    ("verb", "name"),
    [(verb, field.name) for verb, command in COMMANDS.items() for field in command.fields if field.kind is Kind.CODE],
)
def test_every_code_outside_its_list_is_refused_with_the_list(verb, name):
    spec = next(field for field in COMMANDS[verb].fields if field.name == name)
    assert (f"/{name}", "not_in_list") in faults(verb, **{name: "NOT_A_CODE"})
    assert (f"/{name}", "not_in_list") in faults(verb, **{name: spec.codes[0].lower()})


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("62010", "unknown_region"),
        ("999999", "unknown_region"),
        (620102, "unknown_region"),
        ("000000", "unknown_region"),
        ("330103", "region_not_valid_then"),
        ("330104", "region_needs_assignment"),
    ],
)
def test_a_region_is_judged_on_the_day(region, code):
    assert faults("check-in", region=region, channel="CODE") == [("/region", code)]


def test_a_region_that_ended_names_what_it_became():
    assert expected("check-in", region="330103", channel="CODE") == "330105"
    assert expected("check-in", region="330104", channel="CODE") == ["330102", "330114"]
    assert read("check-in", "2019-06-01", region="330104", channel="CODE").body.region == "330104"


def test_streets_and_communities_of_a_known_county_are_regions():
    for region in ("620102001", "620102001005"):
        assert read("check-in", region=region, channel="CODE").body.region == region


@pytest.mark.parametrize("destination", [{"region": "620102"}, {"abroad": True}, {"unknown": True}])
def test_a_destination_is_a_region_abroad_or_unknown(destination):
    assert read("change-destination", destination=destination).body.destination == destination


@pytest.mark.parametrize(
    ("destination", "fault"),
    [
        ("620102", ("/destination", "unreadable")),
        ({}, ("/destination", "unreadable")),
        ({"abroad": False}, ("/destination", "unreadable")),
        ({"region": "620102", "abroad": True}, ("/destination", "unreadable")),
        ({"region": "999999"}, ("/destination/region", "unknown_region")),
    ],
)
def test_any_other_destination_is_refused(destination, fault):
    assert faults("change-destination", destination=destination) == [fault]


def test_days_and_months_are_read_as_such():
    assert read("report-return", expected_on="2025-07-01").body.expected_on == "2025-07-01"
    assert faults("report-return", expected_on="2025-07") == [("/expected_on", "unreadable")]
    assert faults("report-return", expected_on="2025-06-31") == [("/expected_on", "unreadable")]
    assert read("waive-contact", month="2025-05", reason="ILLNESS").body.month == "2025-05"
    assert faults("waive-contact", month="2025-05-01", reason="ILLNESS") == [("/month", "unreadable")]


@pytest.mark.parametrize("personal", ["13800138000", "990101199001010015", "wx-13800138000", "99010119900101001X"])
def test_an_opaque_id_tells_nothing_about_a_person(personal):
    assert faults("assign-liaison", liaison=personal) == [("/liaison", "unreadable")]
    assert faults("check-in", region="620102", channel="CODE", venue=personal) == [("/venue", "unreadable")]


@pytest.mark.parametrize("opaque", ["测试甲", "a b", "", "x" * 65, 7, "-a"])
def test_an_opaque_id_is_short_and_plain(opaque):
    assert faults("assign-liaison", liaison=opaque) == [("/liaison", "unreadable")]


@pytest.mark.parametrize("liaison", ["7b1d5f0e-5a3c-4e43-9a5e-0f2c6a7b9d10", "7b1d5f0e-5a3c-4e43-9a5e-13912345678a"])
def test_an_opaque_id_may_be_a_random_uuid_whatever_its_digits(liaison):
    assert read("assign-liaison", liaison=liaison).body.liaison == liaison


def test_a_document_is_named_without_a_person():
    assert read("declare-lost-contact", document=" 支委会〔2025〕3号 ").body.document == "支委会〔2025〕3号"
    assert faults("declare-lost-contact", document="13800138000 的会议") == [("/document", "unreadable")]
    assert faults("declare-lost-contact", document="") == [("/document", "missing")]
    assert faults("declare-lost-contact", document="x" * 101) == [("/document", "unreadable")]


def test_free_text_goes_to_the_vault_and_never_into_the_fact():
    asked = read("hold-pre-departure-talk", by="测试甲", note="谈了半小时")
    assert asked.texts == {"by": "测试甲", "note": "谈了半小时"}
    assert faults("hold-pre-departure-talk", by=5) == [("/by", "unreadable")]
    assert faults("hold-pre-departure-talk", by="长" * 4001) == [("/by", "unreadable")]


def test_the_five_points_are_codes_and_what_was_said_goes_to_the_vault():
    assert read("record-contact", channel="PHONE", points=["where", "BASICS"]).body.points == ["BASICS", "WHERE"]
    asked = read("record-contact", channel="PHONE", points={"WORK": "测试工厂", "BASICS": True})
    assert asked.body.points == ["BASICS", "WORK"]
    assert asked.texts == {"points.WORK": "测试工厂"}
    assert faults("record-contact", channel="PHONE", points=["SIXTH"]) == [("/points", "not_in_list")]
    assert faults("record-contact", channel="PHONE", points="WORK") == [("/points", "not_in_list")]


def test_organisations_are_known_ones():
    assert read("route", to_organisation="CG-1").body.to_organisation == "CG-1"
    assert faults("route", to_organisation="NOBODY") == [("/to_organisation", "unknown_organisation")]
    assert faults("accept", branch=3) == [("/branch", "unknown_organisation")]


def test_corrections_name_an_event_and_something_to_change():
    assert faults("correct-event", event_id="e1", changes={}) == [("/changes", "unreadable")]
    assert faults("correct-event", event_id={"a": 1}, changes={"region": "620102"}) == [("/event_id", "unreadable")]
