"""When an organisation may be dissolved: each rule a function named as the rule, raising Refused with a stable code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.errors import Refused, Sentence

if TYPE_CHECKING:
    from datetime import date

    from domain.organisation import OrganisationTree

ALREADY: Final = Sentence("该组织已经撤销", "This organisation is dissolved already.")
ITSELF: Final = Sentence("组织不能承接自己", "An organisation does not succeed itself.")
SUCCESSOR_GONE: Final = Sentence(
    "承接组织在那一天已经撤销，请写明它的承接组织",
    "The successor is dissolved by that day: name who succeeded it.",
)
SUCCEEDED_LATER: Final = Sentence(
    "此后另有组织并入本组织，撤销日期应在其后",
    "Another organisation was merged into this one on that day or later: it must still stand then.",
)
BELOW: Final = Sentence(
    "承接组织是隔级下级，请写明直属下级、同级或上级组织",
    "The successor lies further below than directly: name one directly below, beside or above.",
)


def must_be_possible(tree: OrganisationTree, code: str, successors: list[str], on: date) -> None:
    """Refuse a dissolution on a day (Asia/Shanghai) that cannot be; `tree` is all that is known."""
    must_still_stand(tree, code)
    must_not_succeed_itself(code, successors)
    successors_must_stand(tree, successors, on)
    nothing_may_be_merged_into_it_later(tree, code, on)
    successors_must_not_lie_far_below(tree, code, successors)


def must_still_stand(tree: OrganisationTree, code: str) -> None:
    """An organisation ends once."""
    if code in tree.gone:
        raise Refused("already_dissolved", ALREADY)


def must_not_succeed_itself(code: str, successors: list[str]) -> None:
    """Somebody else takes over."""
    if code in successors:
        raise Refused("succeeds_itself", ITSELF)


def successors_must_stand(tree: OrganisationTree, successors: list[str], on: date) -> None:
    """Whoever succeeds stands on the day itself, so that every line of successors ends."""
    if any(tree.on(on).dissolution(successor) is not None for successor in successors):
        raise Refused("successor_dissolved", SUCCESSOR_GONE)


def nothing_may_be_merged_into_it_later(tree: OrganisationTree, code: str, on: date) -> None:
    """Whoever succeeded to another stood on that day, so an end known later does not lie before it."""
    if any(tree.gone[other].on >= on for other in tree.heirs_to.get(code, ())):
        raise Refused("succeeds_later", SUCCEEDED_LATER)


def successors_must_not_lie_far_below(tree: OrganisationTree, code: str, successors: list[str]) -> None:
    """One directly below may take its superior's place; from further below, what lies between would be above itself."""
    for successor in successors:
        above = tree.above(successor)
        if code in above[1:]:
            raise Refused("successor_below", BELOW)
