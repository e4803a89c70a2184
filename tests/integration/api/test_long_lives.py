"""A member of many events, of whom the service keeps how they stand alone: late facts and voids are recorded too."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from infra.recording.members import MemberStore
from infra.recording.stream_loads import StreamLoads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.event_store.save import LogRow
    from tests.running_service import Person, Running


@pytest.fixture
def loaded(running: Running) -> list[UUID]:
    """Have the service keep members of more than three events shortened; returns whose streams it loads then."""
    kiteline = running.service.kiteline
    found: list[UUID] = []

    def read(streams: Sequence[UUID]) -> dict[UUID, list[LogRow]]:
        found.extend(streams)
        return kiteline.log.read_streams(streams)

    kiteline.loads = StreamLoads(read)
    kiteline.members = MemberStore(kiteline.read_stream, whole=3)
    return found


@pytest.fixture
def member(loaded: list[UUID], secretary: Person) -> str:
    """Register somebody, and make contact eight times."""
    member = secretary.register("MQ-1")
    for day in range(1, 9):
        secretary.command(member, "record-contact", f"2025-03-{day:02}", channel="PHONE")
    loaded.clear()
    return member


def test_what_comes_last_is_recorded_without_reading_the_stream(loaded: list[UUID], secretary: Person, member: str):
    answer = secretary.command(member, "record-contact", "2025-03-20", channel="VISIT")
    assert (answer["version"], loaded) == (10, [])


def test_what_happened_earlier_is_recorded_from_the_whole_stream(loaded: list[UUID], secretary: Person, member: str):
    answer = secretary.command(member, "record-contact", "2025-03-02", channel="VISIT")
    assert (answer["version"], loaded) == (10, [UUID(member)])
    assert last_contact(secretary, member) == "2025-03-08"


def test_an_event_is_voided_from_the_whole_stream(loaded: list[UUID], secretary: Person, member: str):
    last = secretary.command(member, "record-contact", "2025-03-20", channel="VISIT")["events"][0]
    secretary.command(member, "void-event", "2025-03-21", event_id=last["event_id"], reason="ENTERED_IN_ERROR")
    assert loaded == [UUID(member)]
    assert last_contact(secretary, member) == "2025-03-08"


def last_contact(person: Person, member: str) -> str:
    """Ask when contact was made last."""
    return str(person.ask(f"/v1/members/{member}")["clocks"]["last_contact_at"])


def test_a_wrong_version_is_refused_with_the_present_one(secretary: Person, member: str):
    answer = secretary.post(
        f"/v1/members/{member}/record-contact", {"occurred_at": "2025-03-22", "channel": "PHONE"}, if_match='"3"'
    )
    assert answer.status_code == 412
    assert answer.headers["etag"] == '"9"'
