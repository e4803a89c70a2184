"""Changes that somebody records, on top of the shipped table."""

from __future__ import annotations

from datetime import date

import pytest

from domain.errors import Refused
from domain.regions.loading import load_regions
from domain.regions.region import Change

TABLE = load_regions()
EVE = date(2027, 2, 28)
DAY = date(2027, 3, 1)


def test_a_renaming_in_place_keeps_the_code():
    table = TABLE.reorganise("RENAMED", ["620621"], ["620621"], DAY, names={"620621": "民勤新县"})
    before, after = table.get("620621", EVE), table.get("620621", DAY)
    assert before is not None
    assert after is not None
    assert (before.name, after.name) == ("民勤县", "民勤新县")
    assert before.change is Change.RENAMED
    assert table.resolve("620621", DAY).code == "620621"
    assert [region.code for region in table.find("民勤新县", DAY)] == ["620621"]
    assert [region.code for region in table.parents("620621", DAY)] == ["620600", "620000"]


def test_a_renaming_to_another_code_keeps_the_name_unless_one_is_given():
    table = TABLE.reorganise("RENAMED", ["620621"], ["620681"], DAY)
    moved = table.get("620681", DAY)
    assert moved is not None
    assert (moved.name, moved.parent) == ("民勤县", "620600")
    assert table.get("620621", DAY) is None
    assert table.resolve("620621", DAY).code == "620681"


def test_a_merger_moves_what_was_stored_under_the_old_code():
    table = TABLE.reorganise("MERGED", ["620103"], ["620102"], DAY)
    assert table.resolve("620103", EVE).code == "620103"
    assert table.resolve("620103", DAY).code == "620102"
    assert table.stored_codes("620102", DAY) == (("620102", "620103"), ())
    assert table.stored_codes("620102", EVE) == (("620102",), ())


def test_a_merger_of_several_into_a_new_code_needs_its_name():
    with pytest.raises(Refused) as refused:
        TABLE.reorganise("MERGED", ["620102", "620103"], ["620190"], DAY)
    assert "620190" in refused.value.sentence.zh
    assert "620190" in refused.value.sentence.en
    table = TABLE.reorganise("MERGED", ["620102", "620103"], ["620190"], DAY, names={"620190": "新城区"})
    assert {table.resolve(code, DAY).code for code in ("620102", "620103")} == {"620190"}


def test_a_split_that_leaves_the_code_asks_nothing_of_its_records():
    table = TABLE.reorganise("SPLIT", ["330110"], ["330110", "330190"], DAY, names={"330190": "未来区"})
    assert not table.resolve("330110", DAY).needs_assignment
    new = table.get("330190", DAY)
    assert new is not None
    assert new.valid_from == DAY


def test_a_split_that_ends_the_code_needs_assignment():
    table = TABLE.reorganise("SPLIT", ["330110"], ["330113", "330190"], DAY, names={"330190": "未来区"})
    after = table.resolve("330110", DAY)
    assert after.needs_assignment
    assert after.candidates == ("330113", "330190")
    assert table.lies_in("330110", "330100", DAY)
    # What had been merged into it before needs assignment too.
    assert table.resolve("330125", DAY).needs_assignment


def test_changes_follow_each_other():
    table = TABLE.reorganise("MERGED", ["620103"], ["620102"], DAY)
    table = table.reorganise("RENAMED", ["620102"], ["620182"], date(2028, 1, 1))
    assert table.resolve("620103", date(2027, 6, 1)).code == "620102"
    assert table.resolve("620103", date(2028, 1, 1)).code == "620182"


def test_the_table_it_came_from_is_unchanged():
    TABLE.reorganise("MERGED", ["620103"], ["620102"], DAY)
    assert TABLE.resolve("620103", DAY).code == "620103"


def test_a_change_that_the_table_already_has_changes_nothing():
    assert TABLE.reorganise("MERGED", ["330103"], ["330105"], date(2021, 4, 9)) is TABLE
    assert TABLE.reorganise("SPLIT", ["330104"], ["330102", "330114"], date(2021, 4, 9)) is TABLE
    once = TABLE.reorganise("MERGED", ["620103"], ["620102"], DAY)
    assert once.reorganise("MERGED", ["620103"], ["620102"], DAY) is once


@pytest.mark.parametrize(
    ("kind", "from_", "to"),
    [
        ("MOVED", ["620103"], ["620102"]),
        ("RENAMED", ["620103", "620104"], ["620102"]),
        ("MERGED", ["620103"], ["620102", "620104"]),
        ("MERGED", ["620103"], ["620103"]),
        ("SPLIT", ["620103"], ["620102"]),
        ("MERGED", ["620103", "620103"], ["620102"]),
        ("MERGED", ["620103"], ["620200"]),
        ("MERGED", ["330103"], ["330102"]),
        ("MERGED", ["990101"], ["330102"]),
        ("MERGED", ["330102001"], ["330102"]),
        ("MERGED", ["000000"], ["330000"]),
        ("RENAMED", ["110100"], ["110300"]),
        ("RENAMED", ["330102"], ["990101"]),
    ],
)
def test_what_cannot_be_is_refused(kind, from_, to):
    with pytest.raises(Refused) as refused:
        TABLE.reorganise(kind, from_, to, DAY, names={"990101": "无此地", "110300": "无"})
    assert refused.value.code == "reorganisation_impossible"


def test_a_change_before_one_already_known_is_refused():
    with pytest.raises(Refused):
        TABLE.reorganise("RENAMED", ["540422"], ["540490"], date(2020, 1, 1))
