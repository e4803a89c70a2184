"""What becomes of each event that a sister sends: recorded, known already, passed over, or put aside with the reason.

Facts of one subject are recorded in their order: behind one that waits the next ones wait, and nobody else's do.
"""

from __future__ import annotations

from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import DataError, PersistenceError

from domain.errors import Invalid, Refused, Sentence
from domain.fact import BODIES
from domain.member.foreign import is_taken
from domain.member.introduction import MemberIntroduced
from infra.event_store.refusals import KeyAlreadyUsed, TrackingConflict
from infra.logs import get_logger
from infra.metrics import FOREIGN_EVENTS
from infra.recording.errors import TooContended
from infra.sisters.foreign_event import UNKNOWN_TYPE, CannotTake, ForeignEvent, read_event
from infra.sisters.introduction import NoIntroduction, read
from infra.sisters.quarantine import Quarantine

if TYPE_CHECKING:
    from eventsourcing.persistence import Tracking

    from infra.event_store.recorder import KitelineRecorder
    from infra.sisters.known import Sister
    from infra.sisters.quarantine import Waiting
    from infra.sisters.recording import SisterRecording

NOT_INTRODUCED: Final = Sentence("尚未引介：等待引介后按顺序记录", "Not introduced yet: taken in order once they are")
BEHIND: Final = Sentence("排在该党员之前的一条之后", "Behind another event of the same member")
UNKNOWN_SOURCE: Final = Sentence("来源不是已配置的兄弟地区", "The source is no sister that is configured here")
UNREADABLE: Final = Sentence("内容不能识别", "What it says cannot be read")
FALSE_INTRODUCTION: Final = Sentence("引介文本无效", "The introduction is not one that we signed for this member")


class Outcome(StrEnum):
    """What became of an event."""

    RECORDED = "recorded"
    KNOWN = "known"
    PASSED_OVER = "passed_over"
    PUT_ASIDE = "put_aside"


class Inbox:
    """Takes events of sisters in; safe for threads. One consumer feeds it, and whoever tries again what waits."""

    def __init__(self, recording: SisterRecording, log: KitelineRecorder) -> None:
        """Share one recording a process."""
        self.recording = recording
        self.quarantine = Quarantine(log)
        self._held = self.quarantine.subjects()
        self._one_at_a_time = Lock()

    def receive(self, raw: bytes, topic: str, tracking: Tracking | None = None) -> Outcome:
        """Take one event as it came from a topic; `tracking` is stored in the transaction of its effect, if any.

        Raises StoreUnavailable, TrackingConflict for what another process has read meanwhile.
        """
        event: ForeignEvent | None = None
        try:
            event = read_event(raw)
            outcome = self._received(event, tracking)
            if outcome is Outcome.RECORDED and BODIES[event.fact] is MemberIntroduced:
                self.take_waiting(event.deployment, event.subject)
        except CannotTake as why:
            if event is not None and self.recording.is_recorded(event):
                return self._counted(Outcome.KNOWN)
            self.quarantine.put(event, raw, topic, why)
            if event is not None:
                self._held.add((event.deployment, event.subject))
                if self.recording.member_of(event.deployment, event.subject) is not None:
                    self.take_waiting(event.deployment, event.subject)  # introduced just now, by another process
            outcome = Outcome.PUT_ASIDE
        return self._counted(outcome)

    def take_waiting(self, deployment: str, subject: str) -> int:
        """Record what waits of somebody, in order, up to the first that still cannot be; returns how many were.

        One that a rule refused is tried again only when a person says so.
        """
        return len(self._took(deployment, subject, None))

    def sweep(self) -> int:
        """Record what waited for an introduction that another process has recorded meanwhile; returns how many were."""
        return sum(self.take_waiting(deployment, subject) for deployment, subject in self.quarantine.introduced())

    def retry(self, one: Waiting) -> bool:
        """Try one again, and record what waits behind it; what waits before it keeps it waiting."""
        if one.deployment is None or one.subject is None:
            return self._tried_again(one)
        return one.quarantine_id in self._took(one.deployment, one.subject, one.quarantine_id)

    def drop(self, one: Waiting) -> bool:
        """Give one up, and go on with what waits behind it."""
        dropped = self.quarantine.drop(one.quarantine_id)
        if dropped and one.deployment is not None and one.subject is not None:
            self.take_waiting(one.deployment, one.subject)
        return dropped

    def _took(self, deployment: str, subject: str, again: int | None) -> list[int]:
        taken: list[int] = []
        with self._one_at_a_time, self.quarantine.alone(deployment, subject):
            for one in self.quarantine.of_subject(deployment, subject):
                if one.code not in (_NOT_INTRODUCED, _BEHIND) and one.quarantine_id != again:
                    return taken
                if not self._tried_again(one):
                    return taken
                taken.append(one.quarantine_id)
        self._held.discard((deployment, subject))
        return taken

    def _received(self, event: ForeignEvent, tracking: Tracking | None) -> Outcome:
        sister = self._sister(event)
        if sister is None:
            return Outcome.PASSED_OVER
        self._must_be_known(event)
        if BODIES[event.fact] is not MemberIntroduced and not is_taken(event.fact, event.data):
            return Outcome.PASSED_OVER
        # By which the others that wait may be taken: it may come after them, by another region's topic.
        introduces = BODIES[event.fact] is MemberIntroduced and "introduction" in event.data
        held = (event.deployment, event.subject) in self._held
        if held and not introduces and self.quarantine.of_subject(event.deployment, event.subject):
            raise CannotTake(_BEHIND, BEHIND)
        return self._taken(event, sister, tracking)

    def _sister(self, event: ForeignEvent) -> Sister | None:
        """Return who sent it; None for what we said ourselves, or told others first."""
        sisters = self.recording.sisters
        if sisters.is_ours(event.source) or sisters.is_ours(event.first_source):
            return None
        sister = sisters.of_source(event.source)
        if sister is None:
            raise CannotTake("unknown_source", UNKNOWN_SOURCE, event.source)
        return sister

    def _taken(self, event: ForeignEvent, sister: Sister, tracking: Tracking | None) -> Outcome:
        """Record an event that is next of its subject; raises CannotTake."""
        try:
            if BODIES[event.fact] is MemberIntroduced:
                return self._introduction(event, sister, tracking)
            self.recording.take(event, sister, self._member(event), tracking)
        except KeyAlreadyUsed:
            return Outcome.KNOWN
        except (Refused, Invalid) as error:
            if self.recording.is_recorded(event):
                return Outcome.KNOWN
            raise _cannot(error) from error
        except (PersistenceError, TooContended, psycopg.Error) as error:
            if not isinstance(error, DataError):
                raise  # the database is not to be had: nothing is wrong with the event
            raise CannotTake("unreadable", UNREADABLE, str(error)) from error
        except CannotTake:
            raise
        except Exception as error:  # what one event says may surprise us; it stops nobody else
            get_logger(__name__).exception("a sister's event could not be taken", fact=event.fact)
            raise CannotTake("unreadable", UNREADABLE, f"{type(error).__name__}: {error}") from error
        return Outcome.RECORDED

    def _member(self, event: ForeignEvent) -> UUID:
        member = self.recording.member_of(event.deployment, event.subject)
        if member is None:
            raise CannotTake(_NOT_INTRODUCED, NOT_INTRODUCED)
        return member

    def _introduction(self, event: ForeignEvent, sister: Sister, tracking: Tracking | None) -> Outcome:
        """Learn by what id a sister knows a member of ours, if it was we who introduced them; others' are not ours."""
        if not self.recording.sisters.is_ours(str(event.data.get("source"))):
            return Outcome.PASSED_OVER
        if self.recording.member_of(sister.deployment, event.subject) is not None:
            return Outcome.KNOWN
        if "introduction" not in event.data:
            raise CannotTake(_NOT_INTRODUCED, NOT_INTRODUCED)  # tells more of one whose introduction is still to come
        try:
            said = read(str(event.data["introduction"]), self.recording.sisters.own_key_of)
        except NoIntroduction as error:
            raise CannotTake("introduction_invalid", FALSE_INTRODUCTION, str(error)) from error
        if said.subject != event.data.get("subject"):
            raise CannotTake("introduction_invalid", FALSE_INTRODUCTION)
        UUID(said.subject)
        self.recording.note_introduction(event, sister, tracking)
        return Outcome.RECORDED

    def _tried_again(self, one: Waiting) -> bool:
        try:
            event = read_event(one.event)
            sister = self._sister(event)
            if sister is not None:
                self._must_be_known(event)
                self._taken(event, sister, None)
        except CannotTake as why:
            self.quarantine.still(one.quarantine_id, why)
            return False
        except TrackingConflict:
            return False
        self.quarantine.taken(one.quarantine_id)
        return True

    @staticmethod
    def _must_be_known(event: ForeignEvent) -> None:
        if event.fact not in BODIES or event.version != str(BODIES[event.fact].class_version):
            raise CannotTake("unknown_type", UNKNOWN_TYPE, f"{event.fact}.v{event.version}")

    @staticmethod
    def _counted(outcome: Outcome) -> Outcome:
        FOREIGN_EVENTS.labels(outcome.value).inc()
        return outcome


_NOT_INTRODUCED: Final = "not_introduced"
_BEHIND: Final = "behind_another"


def _cannot(error: Refused | Invalid) -> CannotTake:
    if isinstance(error, Refused):
        return CannotTake(error.code, error.sentence)
    first = error.faults[0]
    return CannotTake(error.code, first.sentence, f"{first.pointer} {first.expected or ''}".strip())
