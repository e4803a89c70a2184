"""A request about personal data is owed an answer by the organisation department within fifteen workdays."""

from __future__ import annotations

import pytest

from domain.errors import Invalid
from tests.unit.member.given import Owed, member, owed, refused, settled, state

KIND = "personal_data_request"
STANDS = [Owed("MQ", "2025-03-03", "2025-03-24", overdue=False)]


@pytest.mark.parametrize("request_kind", ["ACCESS", "CORRECTION", "ERASURE"])
def test_a_request_is_owed_an_answer_by_the_committee_above_the_branch(request_kind: str):
    stream = member()
    stream.command("request-personal-data", "2025-03-03", request=request_kind)
    assert owed(stream, KIND, "2025-03-02") == []
    assert owed(stream, KIND, "2025-03-24") == STANDS
    assert owed(stream, KIND, "2025-03-25") == [Owed("MQ", "2025-03-03", "2025-03-24", overdue=True)]


def test_what_is_asked_for_must_be_on_the_list():
    with pytest.raises(Invalid) as caught:
        member().command("request-personal-data", "2025-03-03", request="EVERYTHING")
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/request", "not_in_list")]


def test_each_request_is_answered_by_itself():
    stream = member()
    first = stream.command("request-personal-data", "2025-03-03", request="ACCESS")
    second = stream.command("request-personal-data", "2025-03-03", request="CORRECTION")
    assert owed(stream, KIND, "2025-03-04") == [*STANDS, *STANDS]
    stream.command("complete-personal-data-request", "2025-03-05", event_id=first.event_id)
    assert owed(stream, KIND, "2025-03-05") == STANDS
    stream.command("refuse-personal-data-request", "2025-03-06", event_id=second.event_id, reason="测试")
    assert owed(stream, KIND, "2025-03-06") == []
    refused(stream, "no_such_request", "complete-personal-data-request", "2025-03-07", event_id=first.event_id)


def test_a_refusal_says_why():
    stream = member()
    asked = stream.command("request-personal-data", "2025-03-03", request="ERASURE")
    with pytest.raises(Invalid) as caught:
        stream.command("refuse-personal-data-request", "2025-03-05", event_id=asked.event_id)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/reason", "missing")]


def test_an_erasure_ends_every_request_and_nothing_else():
    stream = settled()
    before = state(stream, "2025-03-10")
    stream.command("request-personal-data", "2025-03-03", request="ERASURE")
    stream.command("erase-personal-data", "2025-03-10")
    after = state(stream, "2025-03-10")
    assert after["erased"] is True
    different = {"erased", "version"}
    assert {name: value for name, value in after.items() if name not in different} == {
        name: value for name, value in before.items() if name not in different
    }


def test_who_is_erased_has_nothing_more_to_ask_for():
    stream = member()
    stream.command("erase-personal-data", "2025-03-10")
    refused(stream, "already_erased", "request-personal-data", "2025-03-11", request="ACCESS")
    refused(stream, "already_erased", "erase-personal-data", "2025-03-11")


def test_who_has_left_may_ask_too_and_is_answered():
    stream = member()
    stream.command("record-death", "2025-02-01", document="〔2025〕1号", meeting="支部大会")
    stream.command("request-personal-data", "2025-03-03", request="ERASURE")
    assert owed(stream, KIND, "2025-03-04") == STANDS
    stream.command("erase-personal-data", "2025-03-05")
    assert owed(stream, KIND, "2025-03-05") == []


def test_a_death_leaves_a_request_open():
    stream = member()
    stream.command("request-personal-data", "2025-03-03", request="ACCESS")
    stream.command("record-death", "2025-03-04", document="〔2025〕1号", meeting="支部大会")
    assert owed(stream, KIND, "2025-03-05") == STANDS
