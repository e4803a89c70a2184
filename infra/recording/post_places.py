"""The places of posts, kept in step with their holders: whatever a fact changes of who holds what, the posts note it.

A claim or a release, a death, a void or a correction: the member's fact and the note of each post that it touches are
one save. The post's version lets only one such save through at a time, so that no place is given twice.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.errors import Refused
from domain.post import Post, holder_changed, post_of, post_with
from domain.times import occurred_as_recorded
from infra.recording.drafts import Caller, drafted
from infra.recording.errors import NoSuchPost
from infra.recording.mapper import facts_of
from infra.recording.procedures import Load, Turn
from infra.recording.turns import HeldTurns, Turns

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.member.state import State
    from domain.post import Spans
    from infra.event_store.save import LogRow
    from infra.recording.application import Kiteline
    from infra.recording.procedures import Procedure

Held = dict[str, "Spans"]
_MOST_KEPT: Final = 1_000
Move = tuple["Fact", Held, Held]
"""A fact with what its member held before and after it."""


def held_by(state: State) -> Held:
    """Return by post when a member holds it."""
    return state.service.spans() if state.service.holds else {}


class PostPlaces:
    """Notes on posts' own streams; one a process."""

    def __init__(self, kiteline: Kiteline) -> None:
        """Read posts from the log."""
        self._kiteline = kiteline
        self._turns = Turns()
        self._kept: dict[str, Post] = {}
        self._lock = Lock()

    def turns(self) -> HeldTurns:
        """Return a context in which one recording takes its turns at posts."""
        return HeldTurns(self._turns)

    def noting(self, before: Held, after: Held, cause: Fact, caller: Caller, turns: HeldTurns) -> Procedure[list[Fact]]:
        """Return what each post notes of a member whose `cause` changes what they hold; none when nothing changes.

        Raises NoSuchPost, or Refused: `post_full`, `post_not_open_yet`. The caller's turns last until the notes are
        saved with their cause.
        """
        notes: list[Fact] = []
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) == after.get(name):
                continue
            # Whom the post turns away need not wait for those before them.
            yield from self._noted(name, after.get(name, []), cause, caller)
            yield Turn(turns.take(UUID(name)))
            notes.append((yield from self._noted(name, after.get(name, []), cause, caller)))
        return notes

    def _noted(self, name: str, spans: Spans, cause: Fact, caller: Caller) -> Procedure[Fact]:
        """Decide on the post as kept; what is kept may be behind another process: nobody is refused before looking."""
        kept = self._kept.get(name)
        if kept is not None:
            try:
                return _note(kept, spans, cause, caller)
            except Refused:
                rows: list[LogRow] = yield Load(self._kiteline.loads, kept.post_id)
                if rows[-1].version == kept.version:
                    raise
        post = yield from self.finding(name)
        if post is None:
            raise NoSuchPost
        self._keep(name, post)
        return _note(post, spans, cause, caller)

    def saved(self, notes: list[Fact]) -> None:
        """Take what was saved into the posts that are kept, for whoever has the next turn."""
        for note in notes:
            name = str(note.stream)
            post = self._kept.get(name)
            if post is not None and post.version + 1 == note.version:
                self._keep(name, post_with(post, note))
            else:
                self._drop(name)

    def forget(self, notes: list[Fact]) -> None:
        """Read these posts again: somebody else was first."""
        for note in notes:
            self._drop(str(note.stream))

    def _keep(self, name: str, post: Post) -> None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept.version < post.version:
                self._kept[name] = post
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]

    def _drop(self, name: str) -> None:
        with self._lock:
            self._kept.pop(name, None)

    def moving(self, moves: list[Move], caller: Caller, turns: HeldTurns) -> Procedure[list[Fact]]:
        """Return what each post notes where holds pass from one record of a person to another, in one save.

        `moves` stand in the order in which they are noted: who lets go first, so that a full post never seems fuller.
        """
        notes: list[Fact] = []
        touched = {name for _, before, after in moves for name in before.keys() | after.keys()}
        for name in sorted(touched):
            yield Turn(turns.take(UUID(name)))
            rows: list[LogRow] = yield Load(self._kiteline.loads, UUID(name))
            facts = facts_of(rows)
            for cause, before, after in moves:
                post = post_of(facts)
                if post is None or before.get(name) == after.get(name):
                    continue
                facts.append(_note(post, after.get(name, []), cause, caller))
                notes.append(facts[-1])
        return notes

    def finding(self, name: str) -> Procedure[Post | None]:
        """Read a post by its id, as written; None when there is none."""
        try:
            post_id = UUID(name)
        except ValueError:
            return None
        if str(post_id) != name:
            return None
        rows: list[LogRow] = yield Load(self._kiteline.loads, post_id)
        return post_of(facts_of(rows))


def _note(post: Post, spans: Spans, cause: Fact, caller: Caller) -> Fact:
    body = holder_changed(post, str(cause.stream), spans)
    occurred = occurred_as_recorded(cause.occurred_at, cause.precision)
    return drafted(post.post_id, post.version + 1, body, occurred, cause.organisation, caller)
