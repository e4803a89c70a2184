"""Finding branches by what registers call them."""

from __future__ import annotations

from domain.organisation import OrganisationRegistered, OrganisationTree
from infra.registers.organisations import NoMatch, OrganisationDirectory, OrganisationMatch
from tests.model.dissolutions import dissolved

COUNTY = OrganisationMatch("C", "中共样例县委", "620621", "COMMITTEE")
TOWN = OrganisationMatch("T1", "样例镇东街村", "620621", "GENERAL_BRANCH")
EAST = OrganisationMatch("B1", "样例镇东街村党支部", "620621")
TWIN = OrganisationMatch("B2", "样例镇西街村党支部", "620621")
OTHER_TWIN = OrganisationMatch("B3", "样例镇西街村支部", "620621")
AWAY = OrganisationMatch("X1", "异地样例党支部", "510104")
DIRECTORY = OrganisationDirectory(COUNTY, [TOWN, EAST, TWIN, OTHER_TWIN], [COUNTY, TOWN, EAST, TWIN, OTHER_TWIN, AWAY])


def test_an_exact_name_goes_before_one_without_its_ending():
    assert DIRECTORY.find("样例镇东街村") == TOWN
    assert DIRECTORY.find("样例镇东街村党支部") == EAST
    assert DIRECTORY.find("样例镇西街村支部") == OTHER_TWIN


def test_a_name_that_two_share_stands_for_neither():
    assert DIRECTORY.find("样例镇西街村") == NoMatch(("B2 样例镇西街村党支部", "B3 样例镇西街村支部"))


def test_a_near_miss_lists_the_nearest_and_never_takes_one():
    found = DIRECTORY.find("样例镇东大街村党支部")
    assert isinstance(found, NoMatch)
    assert found.candidates[0] == "B1 样例镇东街村党支部"
    assert DIRECTORY.find("完全不相干") == NoMatch(())


def test_what_lies_elsewhere_is_found_only_where_elsewhere_is_asked():
    assert isinstance(DIRECTORY.find("异地样例党支部"), NoMatch)
    assert DIRECTORY.find_anywhere("异地样例党支部") == AWAY
    assert DIRECTORY.find_anywhere("没有的支部") == NoMatch(())


def test_a_directory_of_the_tree_holds_what_stands_below_its_organisation():
    bodies = [
        OrganisationRegistered(code=code, name=name, kind=kind, region="620621", parent=parent, stationed_in=stationed)
        for code, name, kind, parent, stationed in (
            ("C", "样例县委", "COMMITTEE", None, None),
            ("B1", "东街村党支部", "BRANCH", "C", None),
            ("B2", "西街村党支部", "BRANCH", "C", None),
            ("B4", "驻成都流动党支部", "BRANCH", "C", "510104"),
            ("D", "邻县委", "COMMITTEE", None, None),
        )
    ]
    tree = (
        OrganisationTree()
        .with_organisations([(body, 1) for body in bodies])
        .with_dissolved(dissolved("B2", "B1", "2025-01-01"))
    )
    directory = OrganisationDirectory.of_tree(tree, "C")
    assert directory.home.code == "C"
    assert directory.find("B4") == OrganisationMatch("B4", "驻成都流动党支部", "510104", "BRANCH")
    assert isinstance(directory.find("西街村党支部"), NoMatch)
    assert isinstance(directory.find("邻县委"), NoMatch)
    assert directory.find_anywhere("邻县委") == OrganisationMatch("D", "邻县委", "620621", "COMMITTEE")
