"""Organisations are dissolved and regions change among random lives: rows move on that day, known from then on."""

from collections.abc import Callable

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from domain.fact import Fact
from domain.organisation import OrganisationDissolved, organisation_stream, reference_stream
from domain.reference import REFERENCE_FACTS, RegionReorganised
from infra.event_store.recorder import KitelineRecorder
from projections import duties, roster
from projections.asking import Moment
from projections.duties import WorklistQuestion
from projections.log_rows import Log
from projections.rebuild import VIEWS, rebuild
from projections.reference_history import ReferenceHistory
from projections.roster import RosterQuestion
from projections.runner import Runner
from projections.state_hash import state_hash
from tests.integration.projections import straight
from tests.integration.projections.conftest import FORGET, Pool
from tests.integration.projections.lives import Lives, branch, committee
from tests.integration.projections.moments import moments

CHANGES = (
    # A branch into its neighbour; a county's committee, with what is below it, into another's; a chain of two.
    (OrganisationDissolved(branch("620621", 1), branch("620621", 2)), "2025-01-10"),
    (OrganisationDissolved(committee("620602"), committee("620621")), "2024-11-01"),
    (OrganisationDissolved(branch("620102", 1), branch("620102", 2)), "2024-12-01"),
    (OrganisationDissolved(branch("620102", 2), committee("620102")), "2025-03-01"),
    (RegionReorganised("MERGED", ["620103"], ["620102"], "2025-02-01"), "2025-02-01"),
    (
        RegionReorganised("SPLIT", ["510104"], ["510104", "510194"], "2025-04-01", {"510194": "样例区"}),
        "2025-04-01",
    ),
    (
        RegionReorganised(
            "SPLIT", ["350206"], ["350296", "350297"], "2025-05-01", {"350296": "甲区", "350297": "乙区"}
        ),
        "2025-05-01",
    ),
    # Known last, and earliest of all.
    (OrganisationDissolved(branch("510104", 1), branch("510104", 2)), "2024-07-15"),
)


def changing_lives(recorder: KitelineRecorder, seed: int) -> Lives:
    """Lives among which things change, most of them months after the day from which they count."""
    lives = Lives(seed)
    lives.reference()
    lives.play(members=14, steps=200)
    for body, day in CHANGES:
        code = getattr(body, "code", None)
        lives.tell(organisation_stream(code) if code else reference_stream("regions"), body, day)
        lives.play(members=1, steps=25)
    split = [fact for fact in lives.facts if fact.fact == "member_registered"][:4]
    lives.tell(
        organisation_stream(branch("330110", 1)),
        OrganisationDissolved(
            branch("330110", 1),
            branch("330110", 2),
            [{"successor": committee("330110"), "members": [str(fact.stream) for fact in split]}],
        ),
        "2025-06-01",
    )
    lives.play(members=2, steps=40)
    lives.record(recorder)
    return lives


@pytest.mark.parametrize("seed", [31, 32])
def test_pages_of_any_size_and_a_rebuild_give_the_same_rows(
    seed: int,
    recorder: KitelineRecorder,
    pool: Pool,
    log: Log,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    changing_lives(recorder, seed)
    make_runner(page=11, kept=3, ledgers=20).catch_up()
    in_small_pages = state_hash(connection)
    rebuild(pool, log, VIEWS)
    assert state_hash(connection) == in_small_pages
    connection.execute(FORGET)
    make_runner(page=10_000).catch_up()
    assert state_hash(connection) == in_small_pages


@pytest.mark.parametrize("seed", [33, 34])
def test_rosters_and_duties_say_what_a_straight_fold_says_of_any_moment_as_known_at_any_position(
    seed: int,
    recorder: KitelineRecorder,
    connection: Connection[TupleRow],
    make_runner: Callable[..., Runner],
) -> None:
    lives = changing_lives(recorder, seed)
    make_runner(page=37, kept=5).catch_up()
    history = ReferenceHistory()
    told = [fact for fact in lives.facts if fact.fact in REFERENCE_FACTS]
    history.add(sorted(told, key=lambda fact: fact.position))
    moved = 0
    for moment in moments(lives, seed, 12):
        known = moment.known_position or 1 << 62
        reference = history.at(known)
        whole = RosterQuestion(moment, "affiliated", "000000", limit=1_000)
        found = sorted(roster.page(connection, whole, reference, 0).items, key=lambda item: str(item["member_id"]))
        expected = straight.affiliated(lives, reference, moment.as_of_us, known)
        assert [{key: item[key] for key in expected[0]} for item in found] == expected
        owed = [
            item
            for province in ("330000", "350000", "510000", "620000")
            for item in duties.worklist(
                connection, WorklistQuestion(moment, committee(province), limit=1_000), reference, 0
            ).items
        ]
        owed.sort(key=lambda item: (item["due_on"], item["duty_id"], item["member_id"]))
        assert owed == straight.duties(lives, reference, moment.as_of_us, known)
        moved += holders_of_what_is_gone(lives, found, moment, known)
    assert moved == 0, "who was dissolved has nobody"


def holders_of_what_is_gone(lives: Lives, found: list[dict], moment: Moment, known: int) -> int:
    gone = {
        fact.body.code
        for fact in lives.facts
        if isinstance(fact.body, OrganisationDissolved) and counts(fact, moment, known)
    }
    return sum(item["affiliation"] in gone or item["responsible"] in gone for item in found)


def counts(fact: Fact, moment: Moment, known: int) -> bool:
    return fact.position <= known and fact.when <= moment.as_of_us
