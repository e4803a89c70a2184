"""Making the data through the real import and the real desk: few refusals, nothing doubled, every view filled."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.identity import make_identity_number
from domain.member.fold import fold
from domain.organisation import OrganisationRegistered
from domain.times import day_end_us
from infra.demo.crowd import Crowd, play_crowd
from infra.demo.making import Workshop, make, opened_workshop
from infra.demo.marker import Marker, read_marker
from infra.demo.player import Player
from infra.demo.steps import Life, Step
from infra.demo.untidy_registers import WrittenRegister
from infra.recording.drafts import Caller
from infra.recording.import_report import ImportReport
from infra.recording.mapper import fact_from_row
from infra.recording.posts import PostDesk
from infra.recording.procedures import run
from infra.settings import Settings
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault

TODAY = date(2026, 11, 22)
MEMBERS = 240


class Listener:
    """Keeps what it is told; may stop the making after some days."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.reports: list[tuple[WrittenRegister, ImportReport]] = []
        self._stop_after = stop_after
        self._playing = False

    def begins(self, what: str, _total: int) -> None:
        self._playing = what == "year"

    def advances(self, done: int) -> None:
        if self._playing and self._stop_after is not None and done > self._stop_after:
            raise KeyboardInterrupt

    def imported(self, register: WrittenRegister, report: ImportReport) -> None:
        self.reports.append((register, report))


@pytest.fixture
def shop(database_url: str) -> Iterator[Workshop]:
    with opened_workshop(database_url, Vault(MasterKey({1: b"k" * 32}))) as opened:
        yield opened


def test_registers_give_the_errors_planted_in_them_and_the_year_fills_every_view(shop: Workshop, home: Path):
    listener = Listener()

    marker = make(shop, home, Marker(20, TODAY.isoformat(), MEMBERS), listener)

    assert len(listener.reports) == 4
    for register, report in listener.reports:
        assert Counter(issue.code for issue in report.errors) == Counter(register.planted)
        assert report.rows == register.rows
    assert marker.done
    assert marker.events == shop.kiteline.log.max_notification_id()
    assert sum(marker.refused.values()) < marker.events * 0.003
    assert marker.story
    topics = Counter(row.topic for row in shop.kiteline.log.read_log(1, marker.events))
    states = _states(shop)
    assert len(states) == MEMBERS + topics["records_merged"] // 2
    movements = [state.movement for state in states if state.movement is not None]
    views = Counter(movement.view for movement in movements)
    assert min(views["pre_departure"], views["in_transit"], views["return"]) > 0
    stages = Counter(movement.stage for movement in movements)
    assert stages["settled"] > stages["awaiting_check_in"] > 0
    assert stages["closed"] > 0
    for topic in ("activity_held", "attendance_recorded", "post_opened", "post_claimed", "annual_feedback_issued",
                  "agreement_signed", "organisation_dissolved", "records_merged"):  # fmt: skip
        assert topics[topic] > 0, topic
    today_us = day_end_us(TODAY)
    assert any(duty.due_on < TODAY for state in states for duty in state.duties.values() if duty.since_us <= today_us)


def test_a_making_that_was_interrupted_goes_on_and_doubles_nothing(shop: Workshop, home: Path, database_url: str):
    with pytest.raises(KeyboardInterrupt):
        make(shop, home, Marker(20, TODAY.isoformat(), MEMBERS), Listener(stop_after=120))
    begun = read_marker(home)
    assert begun is not None
    assert begun.imported
    assert not begun.done
    # As if the last days had been recorded, and the marker not yet written.
    assert begun.played_until
    begun.played_until = (date.fromisoformat(begun.played_until) - timedelta(days=20)).isoformat()

    with opened_workshop(database_url, Vault(MasterKey({1: b"k" * 32}))) as fresh:
        finished = make(fresh, home, begun, Listener())
        facts = [fact_from_row(row) for row in fresh.kiteline.log.read_log(1, finished.events)]

    said = Counter(
        (fact.stream, fact.body.fact, fact.occurred_at, str(fact.body), fact.organisation, fact.actor)
        for fact in facts
        if fact.via == "SIMULATION"
    )
    assert [one for one, count in said.items() if count > 1] == []
    assert sum(finished.refused.values()) < finished.events * 0.003


def test_a_holder_of_a_post_may_die_in_the_demo(shop: Workshop):
    """The post's own note stands in the answer before the member's fact."""
    office = Caller("office", None, "SIMULATION")
    shop.references.register_many([OrganisationRegistered("620621-9", "样例支部", "BRANCH", "620621")], office)
    shop.clock.go_to(date(2026, 3, 2))
    opened = {"organisation": "620621-9", "title": "样例岗", "places": 1, "occurred_at": "2026-03-01"}
    post = run(PostDesk(shop.desk).opening(opened, office)).stream
    papers = {"document": "样例〔2026〕1号", "meeting": "样例支部大会"}
    steps = tuple(
        Step(day, verb, {"occurred_at": day.isoformat(), "organisation": "620621-9", **fields}, "office", None, name)
        for day, verb, fields, name in (
            (date(2026, 3, 3), "claim-post", {"post": str(post)}, "claimed"),
            (date(2026, 3, 4), "record-death", papers, "died"),
        )
    )
    person = {
        "identity_number": make_identity_number("990000", date(1970, 1, 1), 1),
        "name": "测试甲",
        "organisation": "620621-9",
        "occurred_at": "2026-03-02",
    }
    player = Player(shop.desk, shop.registration, shop.clock, keyed=True)
    list(player.play([(Life("one", steps, person), None)]))
    assert not player.played.refused
    assert player.played.recorded == 3
    assert [state.membership for state in _states(shop)] == ["ended"]


def test_a_crowd_is_played_by_several_processes_and_not_twice(database_url: str, home: Path):
    settings = Settings(home=home)
    crowd = Crowd(60, 3, date(2026, 5, 1), date(2026, 8, 1))

    first = list(play_crowd(crowd, settings, database_url, 2))
    second = list(play_crowd(crowd, settings, database_url, 1))

    assert sum(outcome.members for outcome in first) == 60
    events = sum(outcome.events for outcome in first)
    assert events > 200
    assert sum(sum(outcome.refused.values()) for outcome in first) < events * 0.01
    with opened_workshop(database_url, Vault(MasterKey({1: b"k" * 32}))) as shop:
        rows = shop.kiteline.log.read_log(1, 20_000)
    assert len([row for row in rows if row.topic == "member_registered"]) == 60
    assert len([row for row in rows if not row.topic.startswith("organisation")]) == events
    assert sum(outcome.events for outcome in second) == 60  # asked whether they are known, and they are


def _states(shop: Workshop):
    kiteline = shop.kiteline
    rows = kiteline.log.read_log(1, 100_000)
    members = {row.originator_id for row in rows if row.topic == "member_registered"}
    reference = kiteline.refresh_reference()
    streams = kiteline.log.read_streams(list(members))
    return [fold([fact_from_row(row) for row in rows], reference) for rows in streams.values()]
