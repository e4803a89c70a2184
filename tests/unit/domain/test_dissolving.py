"""An organisation ends once, in favour of who stands on that day, and lives on below its successor."""

from __future__ import annotations

from datetime import date

import pytest

from domain.dissolving import must_be_possible
from domain.errors import Refused
from domain.organisation import OrganisationTree
from domain.times import day_start_us
from tests.model.dissolutions import dissolution, dissolved
from tests.unit.member.given import country, member

TREE = country().organisations
MAY = date(2025, 5, 1)
TWICE = TREE.with_dissolved(dissolved("MQ-1", "MQ-2", "2025-05-01")).with_dissolved(
    dissolved("MQ-2", "CG-1", "2025-08-01")
)


@pytest.mark.parametrize(
    ("code", "successors", "on", "refused"),
    [
        ("JJ-1", ["CG-1"], MAY, None),
        ("MQ", ["MQ-2"], date(2025, 6, 1), None),
        ("JJ-1", ["MQ-1"], date(2025, 4, 30), None),
        ("JJ-1", ["MQ-1"], MAY, "successor_dissolved"),
        ("JJ-1", ["CG-1", "MQ-1"], MAY, "successor_dissolved"),
        ("MQ-1", ["JJ-1"], MAY, "already_dissolved"),
        ("JJ-1", ["JJ-1"], MAY, "succeeds_itself"),
        ("CG-1", ["JJ-1"], date(2025, 8, 1), "succeeds_later"),
        ("CG-1", ["JJ-1"], date(2025, 8, 2), None),
        ("CG", ["CG-1"], MAY, "successor_below"),
        ("CG", ["CG-G"], MAY, None),
    ],
)
def test_what_cannot_be_is_refused(code: str, successors: list[str], on: date, refused: str | None) -> None:
    assert refusal(code, successors, on) == refused


def refusal(code: str, successors: list[str], on: date) -> str | None:
    try:
        must_be_possible(TWICE, code, successors, on)
    except Refused as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("on", "standing", "above"),
    [
        ("2025-04-30", "MQ-1", ["MQ", "WW", "GS"]),
        ("2025-05-01", "MQ-2", ["MQ-2", "MQ", "WW", "GS"]),
        ("2025-08-01", "CG-1", ["MQ-2", "CG-1", "CG-G", "CG", "LZ", "GS"]),
    ],
)
def test_it_lives_on_below_whoever_stands_in_its_place(on: str, standing: str, above: list[str]) -> None:
    tree = TWICE.on(date.fromisoformat(on))
    assert (tree.standing("MQ-1"), tree.above("MQ-1")) == (standing, above)
    assert all("MQ-1" in tree.below(code) for code in above)


def test_what_was_below_it_goes_to_the_successor_or_where_a_share_says() -> None:
    shares = [{"successor": "LZ", "organisations": ["MQ-AWAY"]}]
    tree = TREE.with_dissolved(dissolved("MQ", "CG", "2025-05-01", shares))
    assert [tree.parent_of(code) for code in ("MQ-1", "MQ-2", "MQ-AWAY")] == ["CG", "CG", "LZ"]
    assert {"MQ", "MQ-1", "MQ-2"} <= set(tree.below("CG"))
    assert "MQ-AWAY" in tree.below("LZ")
    assert "MQ-1" not in tree.below("WW")
    assert tree.on(date(2025, 4, 30)).parent_of("MQ-AWAY") == "MQ"


def test_one_directly_below_that_succeeds_stands_where_it_stood() -> None:
    tree = TREE.with_dissolved(dissolved("MQ", "MQ-2", "2025-05-01"))
    assert tree.above("MQ-2") == ["WW", "GS"]
    assert tree.above("MQ-1") == ["MQ-2", "WW", "GS"]
    assert "MQ-1" in tree.below("MQ-2")
    assert {"MQ-1", "MQ-2"} <= set(tree.below("WW"))


def test_its_region_is_answered_for_by_who_stands_there_else_by_its_successor() -> None:
    tree = TREE.with_dissolved(dissolved("JJ", "CG", "2025-05-01"))
    assert tree.of_region("510104") == "JJ-1", "the branch there is topmost now"
    both = tree.with_dissolved(dissolved("JJ-1", "CG-1", "2025-05-01"))
    assert both.of_region("510104") == "CG"
    assert both.on(date(2025, 4, 30)).of_region("510104") == "JJ"


def test_of_two_that_were_recorded_at_once_each_naming_the_other_the_first_stands() -> None:
    tree = TREE.with_dissolved(dissolved("MQ-1", "MQ-2", "2025-05-01"))
    assert tree.with_dissolved(dissolved("MQ-2", "MQ-1", "2025-05-01")) is tree
    assert tree.with_dissolved(dissolved("MQ-1", "CG-1", "2025-05-01")) is tree
    assert OrganisationTree().with_dissolved(dissolved("MQ-1", "MQ-2", "2025-05-01")).gone == {}


def test_a_letter_on_its_way_is_the_successors_to_accept_by_the_day_it_was_due() -> None:
    stream = member()
    stream.command("request-transfer", "2025-04-01", "MQ-1", to_organisation="JJ-1")
    stream.command("approve-transfer", "2025-04-02", "MQ")
    stream.command("issue-transfer-letter", "2025-04-03", "MQ-1", letter_number="样例1号", valid_days=60)
    before = stream.state("2025-05-02")
    stream.reference = stream.reference.with_facts([
        dissolution("JJ-1", "JJ", "2025-05-01"), dissolution("MQ-1", "MQ-2", "2025-05-02"),
    ])  # fmt: skip
    state = stream.state("2025-05-02")
    assert before.transfer is not None
    assert state.transfer is not None
    assert (state.transfer.from_organisation, state.transfer.to_organisation) == ("MQ-2", "JJ")
    assert state.transfer.valid_until == before.transfer.valid_until
    duty = state.duties["accept_transfer"]
    assert (duty.organisation, duty.due_on) == ("JJ", before.duties["accept_transfer"].due_on)
    assert duty.from_us == day_start_us(MAY)
    stream.command("accept-transfer", "2025-05-20", "JJ", document="样例2号")
    assert stream.state().affiliation == "JJ"


def test_between_a_branch_and_its_successor_nothing_is_left_to_transfer() -> None:
    stream = member()
    stream.command("request-transfer", "2025-04-01", "MQ-1", to_organisation="MQ-2")
    stream.command("approve-transfer", "2025-04-02", "MQ")
    stream.command("issue-transfer-letter", "2025-04-03", "MQ-1", letter_number="样例1号")
    stream.reference = stream.reference.with_facts([dissolution("MQ-1", "MQ-2", "2025-04-10")])
    state = stream.state("2025-04-10")
    assert state.transfer is not None
    assert (state.affiliation, state.transfer.status) == ("MQ-2", "withdrawn")
    assert "accept_transfer" not in state.duties
