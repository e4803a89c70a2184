"""引介 at the receiver: a signed text makes a member of another deployment one here, and what waited is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain import codes
from domain.errors import Fault, Invalid, Refused, Sentence
from domain.member.introduction import MemberIntroduced
from infra.event_store.refusals import IdentityKnown
from infra.recording.import_rows import external_home
from infra.sisters.foreign_event import CannotTake, read_event
from infra.sisters.introduction import Introduction, NoIntroduction, read
from infra.sisters.organisations import UNNAMED, unknown_ones
from infra.sisters.recording import after_of, new_member

if TYPE_CHECKING:
    from domain.times import Occurred
    from infra.event_store.save import VaultWrite
    from infra.recording.desk import Desk
    from infra.recording.drafts import Caller
    from infra.sisters.known import Sister
    from infra.sisters.taking import Inbox

FALSE: Final = Sentence(
    "引介无效或不是来自已知的兄弟地区，请核对；也可由现场工作人员按证件登记",
    "This introduction is not valid, or comes from nobody known here: check it, or be registered by your card.",
)
OF_SOMEBODY_ELSE: Final = Sentence(
    "这份引介属于另一名党员", "This introduction belongs to another member who is known here."
)


@dataclass(frozen=True, slots=True)
class Introduced:
    """Who stands there with an introduction: a member known here, or somebody new with what an office entered.

    `personal` are the vault's fields of somebody new, none where only the introduction is there; `organisation` and
    `region` are the home that the office was told, for want of better.
    """

    occurred: Occurred
    member_id: UUID | None = None
    identity_number: str | None = None
    personal: dict[str, str] = field(default_factory=dict, repr=False)
    category: str | None = None
    organisation: str | None = None
    region: str | None = None


class Introductions:
    """Takes introductions in; blocking, safe for threads."""

    def __init__(self, desk: Desk, inbox: Inbox) -> None:
        """Share one desk and one inbox a process."""
        self._desk = desk
        self._inbox = inbox

    def take(self, text: str, who: Introduced, caller: Caller) -> UUID:
        """Return the member here of an introduction, entered if nobody was, with all that waited of them recorded.

        Raises Invalid `introduction_invalid`, Refused `introduced_already` where the text is another member's.
        """
        introduction, sister = self._read(text)
        member = self._inbox.recording.member_of(sister.deployment, introduction.subject)
        if member is None:
            member = self._entered(text, introduction, sister, who, caller)
        elif who.member_id not in (None, member):
            raise Refused("introduced_already", OF_SOMEBODY_ELSE)
        self._inbox.take_waiting(sister.deployment, introduction.subject)
        return member

    def whose(self, text: str) -> UUID | None:
        """Return the member of an introduction that was taken before. Raises Invalid."""
        introduction, sister = self._read(text)
        return self._inbox.recording.member_of(sister.deployment, introduction.subject)

    def _read(self, text: str) -> tuple[Introduction, Sister]:
        sisters = self._inbox.recording.sisters
        try:
            introduction = read(text, sisters.key_of)
        except NoIntroduction:
            raise Invalid(
                [Fault("/introduction", "introduction_invalid", FALSE, "the text as the origin gave it")]
            ) from None
        return introduction, sisters.by_deployment[introduction.deployment]

    def _entered(self, text: str, introduction: Introduction, sister: Sister, who: Introduced, caller: Caller) -> UUID:
        recording = self._inbox.recording
        if who.member_id is not None:
            body = self._body(text, introduction, sister, who, who.member_id)
            return recording.introduce_known(who.member_id, body, sister, who.occurred, caller)
        body = self._body(text, introduction, sister, who, None)
        try:
            return recording.introduce(body, sister, who.occurred, caller, self._sealed(who))
        except IdentityKnown as known:
            if known.member_id is None:
                raise
            body = self._body(text, introduction, sister, who, known.member_id)
            return recording.introduce_known(known.member_id, body, sister, who.occurred, caller)

    def _sealed(self, who: Introduced) -> VaultWrite:
        """Give the new member a key of their own, also where there is nothing to seal yet."""
        return self._desk.vault.seal_person(new_member(), who.personal, who.identity_number)

    def _body(
        self, text: str, introduction: Introduction, sister: Sister, who: Introduced, member: UUID | None
    ) -> MemberIntroduced:
        """Say whose member it is: as what waits tells, else as the office was told, else unnamed.

        Of a member who is known here with a home that is named, nothing is said: that stands.
        """
        of_known = MemberIntroduced(introduction.source, introduction.subject, introduction.movement_id, text)
        if member is not None:
            kiteline = self._desk.kiteline
            home = kiteline.members.standing(member, kiteline.reference()).state.affiliation
            if home is not None and not home.startswith(UNNAMED):
                return of_known
        told = self._told(sister, introduction.subject)
        category = told.get("category") if told.get("category") in codes.CATEGORIES else who.category
        return MemberIntroduced(
            introduction.source,
            introduction.subject,
            introduction.movement_id,
            text,
            category or "FULL",
            self._home(told, sister, who),
        )

    def _told(self, sister: Sister, subject: str) -> dict[str, Any]:
        """Return what the latest event that waits of somebody says of them."""
        for one in reversed(self._inbox.quarantine.of_subject(sister.deployment, subject)):
            try:
                return after_of(read_event(one.event))
            except CannotTake:
                continue
        return {}

    def _home(self, told: dict[str, Any], sister: Sister, who: Introduced) -> str:
        recording, reference = self._inbox.recording, self._desk.kiteline.refresh_reference()
        code = told.get("affiliation")
        if isinstance(code, str):
            recording.enter(unknown_ones([code], told, sister, reference), sister.deployment)
            return code
        if who.organisation is not None:
            return who.organisation
        unnamed = external_home(who.region or sister.seat)
        if reference.organisations.get(unnamed.code) is None:
            recording.enter([unnamed], sister.deployment)
        return unnamed.code
