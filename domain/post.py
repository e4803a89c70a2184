"""Posts of voluntary service 志愿服务岗位: what they ask for, how many places they have, and who holds them when.

A post is a stream of its own, with a random id. What its holders do stands in their own streams; the post notes who
holds a place from when to when, in the same save, so that its version guards its places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final
from uuid import UUID

from domain.errors import Refused, Sentence
from domain.fact import Body, Fact, recorded_as

MOST_PLACES: Final = 10_000
FOREVER_US: Final = 1 << 62
Spans = list[tuple[int, int]]
"""From when to when, in microseconds since 1970 UTC, the end exclusive."""


@recorded_as
@dataclass(frozen=True, slots=True)
class PostOpened(Body):
    """设岗, by the organisation that offers it."""

    fact: ClassVar[str] = "post_opened"
    title: str
    places: int
    skills: list[str]


@recorded_as
@dataclass(frozen=True, slots=True)
class PostHolderChanged(Body):
    """When a member holds a place, as known from here on: in place of what was noted of this member before.

    `holds` are pairs of microseconds since 1970 UTC, the end exclusive; one that has no end yet is alone.
    """

    fact: ClassVar[str] = "post_holder_changed"
    member: str
    holds: list[list[int]]


POST_FACTS: Final = frozenset({PostOpened.fact, PostHolderChanged.fact})

FULL: Final = Sentence(
    "该岗位名额已满，请选择其他岗位，或等有人退出",
    "Every place of this post is taken: choose another, or wait for one.",
)
NOT_OPEN_YET: Final = Sentence("那一天这个岗位还没有设立", "The post was not open yet on that day.")


@dataclass(frozen=True, slots=True)
class Post:
    """A post as known."""

    post_id: UUID
    version: int
    title: str
    places: int
    skills: tuple[str, ...]
    organisation: str | None
    opened_at: str
    opened_us: int
    holders: dict[str, Spans] = field(default_factory=dict)

    def taken(self, at_us: int) -> int:
        """Return how many places are taken at an instant."""
        return sum(any(since <= at_us < until for since, until in spans) for spans in self.holders.values())

    def most_taken(self) -> int:
        """Return the most places that are taken at any one moment."""
        turns = [
            (us, step)
            for spans in self.holders.values()
            for span in spans
            for us, step in zip(span, (1, -1), strict=True)
        ]
        most = taken = 0
        for _, step in sorted(turns):
            taken += step
            most = max(most, taken)
        return most

    def with_holder(self, member: str, spans: Spans, version: int) -> Post:
        """Return the post with when a member holds a place."""
        return replace(self, version=version, holders={**self.holders, member: spans})


def post_of(facts: Iterable[Fact]) -> Post | None:
    """Fold a post's stream; None when it is not a post's."""
    post: Post | None = None
    for fact in facts:
        body = fact.body
        if isinstance(body, PostOpened):
            post = Post(
                fact.stream,
                fact.version,
                body.title,
                body.places,
                tuple(body.skills),
                fact.organisation,
                fact.occurred_at,
                fact.when,
            )
        elif post is not None:
            post = post_with(post, fact)
    return post


def post_with(post: Post, fact: Fact) -> Post:
    """Return the post with one more fact of its stream."""
    body = fact.body
    if not isinstance(body, PostHolderChanged):
        return post
    spans = [(hold[0], hold[1] if len(hold) > 1 else FOREVER_US) for hold in body.holds]
    return post.with_holder(body.member, spans, fact.version)


def holder_changed(post: Post, member: str, spans: Spans) -> PostHolderChanged:
    """Return what the post notes of a member who holds it so.

    Raises Refused: `post_full` when more would hold a place at some moment than there are, `post_not_open_yet`.
    """
    before = post.holders.get(member, [])
    gained = [span for span in spans if span not in before]
    if any(since < post.opened_us for since, _ in gained):
        raise Refused("post_not_open_yet", NOT_OPEN_YET)
    if gained and post.with_holder(member, spans, post.version).most_taken() > post.places:
        raise Refused("post_full", FULL)
    return PostHolderChanged(member, [[since] if until == FOREVER_US else [since, until] for since, until in spans])
