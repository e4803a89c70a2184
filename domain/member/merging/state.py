"""A merge on its own stream: proposed, confirmed by two people neither of whom proposed it, and perhaps undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.fact import Fact
from domain.merge import MergeConfirmed, MergeProposed, MergeUndone

CONFIRMATIONS: Final = 2
OWN_PROPOSAL: Final = Sentence(
    "提出合并的人不能自己确认，请由另外两人确认", "Whoever proposed the merge cannot confirm it: two others do."
)
CONFIRMED_ALREADY: Final = Sentence(
    "您已确认过，须由另一人再作确认", "You have confirmed this already: another person must."
)
ALREADY_MERGED: Final = Sentence("这两份记录已经合并", "These two records are merged already.")
NOT_MERGED: Final = Sentence(
    "这两份记录尚未合并，无可拆回", "These two records are not merged: there is nothing to undo."
)
UNDONE: Final = Sentence("该合并已经拆回，请重新提出", "This merge was undone: propose it anew.")
NAMED_OTHERWISE: Final = Sentence(
    "提出或确认时已指明保留另一个", "The proposal, or the one who confirmed first, named another one to keep."
)
MERGED_INTO: Final = Sentence(
    "这份记录已并入 {kept}，请在那里办理", "This record was merged into {kept}: record it there."
)
ONE_RECORD: Final = Sentence("这是同一份记录", "This is one record, not two.")


class MergedAway(Refused):
    """What is asked of a record that was merged into another is refused, `merged_into`; `kept` is that other."""

    def __init__(self, kept: UUID) -> None:
        super().__init__("merged_into", MERGED_INTO.filled(kept=kept))
        self.kept = kept


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge as known. `status` is PROPOSED, MERGED or UNDONE."""

    merge_id: UUID
    version: int
    kept: UUID
    absorbed: UUID
    proposer: str
    keep_movement: str | None = None
    keep_affiliation: str | None = None
    confirmers: tuple[str, ...] = ()
    status: str = "PROPOSED"


def merge_of(facts: Iterable[Fact]) -> Merge | None:
    """Fold a merge's stream; None when it is not a merge's."""
    merge: Merge | None = None
    for fact in facts:
        body = fact.body
        if isinstance(body, MergeProposed):
            kept, absorbed = UUID(body.kept), UUID(body.absorbed)
            names = (body.keep_movement, body.keep_affiliation)
            merge = Merge(fact.stream, fact.version, kept, absorbed, fact.actor, *names)
        elif merge is not None and isinstance(body, MergeConfirmed):
            confirmers = (*merge.confirmers, fact.actor)
            merge = replace(
                named(merge, body.keep_movement, body.keep_affiliation),
                version=fact.version,
                confirmers=confirmers,
                status="MERGED" if len(confirmers) >= CONFIRMATIONS else merge.status,
            )
        elif merge is not None and isinstance(body, MergeUndone):
            merge = replace(merge, version=fact.version, status="UNDONE")
    return merge


def named(merge: Merge, keep_movement: str | None, keep_affiliation: str | None) -> Merge:
    """Return the merge with what a confirmation names; raises Refused `named_otherwise`."""
    for before, now in ((merge.keep_movement, keep_movement), (merge.keep_affiliation, keep_affiliation)):
        if None not in (before, now) and before != now:
            raise Refused("named_otherwise", NAMED_OTHERWISE)
    return replace(
        merge,
        keep_movement=merge.keep_movement or keep_movement,
        keep_affiliation=merge.keep_affiliation or keep_affiliation,
    )


def must_be_two_records(kept: UUID, absorbed: UUID) -> None:
    """Raise Refused `one_record`."""
    if kept == absorbed:
        raise Refused("one_record", ONE_RECORD)


def must_be_confirmable(merge: Merge, actor: str) -> None:
    """Raise Refused `already_merged`, `merge_undone`, `own_proposal` or `confirmed_already`."""
    if merge.status == "MERGED":
        raise Refused("already_merged", ALREADY_MERGED)
    if merge.status == "UNDONE":
        raise Refused("merge_undone", UNDONE)
    if actor == merge.proposer:
        raise Refused("own_proposal", OWN_PROPOSAL)
    if actor in merge.confirmers:
        raise Refused("confirmed_already", CONFIRMED_ALREADY)


def must_be_undoable(merge: Merge) -> None:
    """Raise Refused `not_merged` or `merge_undone`."""
    if merge.status == "UNDONE":
        raise Refused("merge_undone", UNDONE)
    if merge.status != "MERGED":
        raise Refused("not_merged", NOT_MERGED)
