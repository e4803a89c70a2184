"""报到 at a venue: a code or a worker says where, the person is found or registered, and the check-in is recorded.

The check-in itself goes through the desk like any other, so that all its rules are the same. Every attempt is written
down, whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Fault, Invalid, Refused, Sentence
from domain.member.merging.state import MergedAway
from domain.member.reading import read_command
from domain.venue import CheckInCode, Venue, moments_of, must_count
from infra.check_in_codes.signed_text import CodeText
from infra.event_store.refusals import IdentityKnown, VersionConflict
from infra.event_store.save import Save, Saved
from infra.recording.attempts import Attempt, Told, WrongAttempts
from infra.recording.check_in_requests import Asked, read_check_in
from infra.recording.code_answers import code_of
from infra.recording.desk import Desk, decide_fact
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.errors import NoSuchMember, NoSuchVenue
from infra.recording.import_rows import external_home
from infra.recording.mapper import FactMapper
from infra.recording.people import Found, PeopleFinder, same_name
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt
from infra.recording.registration import MaySee, Registration, read_person
from infra.sisters.introducing import FALSE, Introduced

if TYPE_CHECKING:
    from infra.check_in_codes.signed_text import CodeSigner
    from infra.event_store.save import Idempotency
    from infra.recording.keys import Key
    from infra.recording.known_venues import KnownVenues
    from infra.recording.members import Ledger
    from infra.recording.organisations import ReferenceDesk
    from infra.sisters.introducing import Introductions

INVALID_CODE: Final = Sentence(
    "不是有效的报到码，请核对后重新扫描；仍不行的，请现场工作人员代为登记",
    "This is not a check-in code of ours: scan it again, or ask the staff at the venue to check you in.",
)
WRONG_NUMBER: Final = Sentence(
    "动态数字不符，请输入屏幕上当前显示的六位数字",
    "The number does not fit: enter the six digits that the screen shows now.",
)
TIME_NEEDED: Final = Sentence(
    "带动态数字的报到码须写明报到的时刻",
    "With a code that has a number, tell the time of the check-in, not its day only.",
)
NOT_CONFIRMED: Final = Sentence(
    "不能确认此人身份，请核对证件上的姓名和号码；仍不行的，请党支部或社区工作人员办理",
    "This person cannot be confirmed: compare name and number with the card, or ask the branch or the community staff.",
)
NAME_DISAGREES: Final = Sentence(
    "该身份号码登记的是另一个姓名，请核对证件",
    "This identity number is registered under another name: compare them with the card.",
)
_GUESSES: Final = frozenset(
    {"code_invalid", "code_number_wrong", "identity_not_confirmed", "name_disagrees", "introduction_invalid"}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the caller may do here: a member checks in nobody but themselves, an office whom it names."""

    member_id: UUID | None = None
    may_register: bool = False
    may_use: Callable[[Venue], bool] = lambda _: False
    may_see: MaySee = lambda _: False


class CheckInDesk:
    """Checks people in; uses the desk, the registration and the venues that are known."""

    def __init__(
        self,
        desk: Desk,
        registration: Registration,
        references: ReferenceDesk,
        signer: CodeSigner,
        known: KnownVenues,
        introductions: Introductions | None = None,
    ) -> None:
        """Share one desk a process. Without `introductions` this deployment has no sisters."""
        self._desk = desk
        self._introductions = introductions
        self._registration = registration
        self._references = references
        self._signer = signer
        self._known = known
        self._people = PeopleFinder(desk)
        self._attempts = desk.kiteline.attempts
        self._wrong = WrongAttempts()
        self._mapper = FactMapper()

    def checking_in(
        self, payload: dict[str, Any], caller: Caller, standing: Standing, *, key: Key
    ) -> Procedure[Receipt]:
        """Check a person in; the first answer again for the same key, before any rule.

        Raises Invalid (`code_invalid` among its codes), NoSuchVenue, TooManyAttempts or Refused: `code_expired`,
        `code_revoked`, `code_not_yet_valid`, `code_number_wrong`, `identity_not_confirmed`, `name_disagrees`, or a
        rule of the check-in.
        """
        case = _Case(caller)
        try:
            receipt = yield from self._once(payload, case, standing, key)
        except (Refused, Invalid, NoSuchMember, NoSuchVenue) as error:
            earlier: Receipt | None = yield partial(self._replayed, key)
            if earlier is None:
                outcome = error.code if isinstance(error, Refused | Invalid) else "not_found"
                if outcome in _GUESSES:
                    self._wrong.note(caller.actor, case.venue_id, self._desk.now_us())
                yield Told(self._attempts, Attempt(caller.actor, case.venue_id, outcome))
                raise
            receipt = earlier
        if receipt.replayed:
            yield Told(self._attempts, Attempt(caller.actor, case.venue_id, "replayed"))
        else:
            self._attempts.note(Attempt(caller.actor, case.venue_id, "accepted"))
        return receipt

    def _replayed(self, key: Key) -> Receipt | None:
        return self._desk.keys.replay(self._desk.keys.hashed(key))

    def _once(self, payload: dict[str, Any], case: _Case, standing: Standing, key: Key) -> Procedure[Receipt]:
        desk = self._desk
        of_member = standing.member_id is not None
        try:
            asked = read_check_in(payload, desk.kiteline.reference(), desk.now_us(), of_member=of_member)
        except Invalid:
            reference = yield desk.kiteline.refresh_reference
            asked = read_check_in(payload, reference, desk.now_us(), of_member=of_member)
        venue = yield from self._venue(asked, case, standing)
        command = self._command(asked, venue)
        member_id = standing.member_id
        if asked.introduction is not None:
            member_id = yield from self._introduced(asked, asked.introduction, case.caller, standing)
        elif member_id is None:
            member_id = yield from self._person(asked, standing)
        if member_id is None:
            registered: Receipt | None = yield from self._registering(asked, command, case.caller, key)
            if registered is not None:
                return registered
            # Somebody else registered this person in the meantime.
            member_id = yield from self._person(asked, standing)
        if member_id is None:
            raise Refused("identity_not_confirmed", NOT_CONFIRMED)
        while True:
            try:
                return (yield from desk.recording(member_id, [("check-in", command)], case.caller, key=key))
            except MergedAway as away:
                member_id = away.kept

    def _introduced(self, asked: Asked, text: str, caller: Caller, standing: Standing) -> Procedure[UUID]:
        """Find or enter whom another deployment introduces; who may not register learns nothing of anybody new."""
        introductions, member_id = self._introductions, standing.member_id
        if introductions is None:
            raise Invalid([Fault("/introduction", "introduction_invalid", FALSE)])
        who = Introduced(asked.occurred, member_id)
        if member_id is None:
            if asked.identity_number:
                member_id = yield from self._person(asked, standing)
            elif not standing.may_register and (yield partial(introductions.whose, text)) is None:
                raise Refused("identity_not_confirmed", NOT_CONFIRMED)
            who = yield from self._with_introduction(asked, member_id, caller)
        introduced: UUID = yield partial(introductions.take, text, who, caller)
        return introduced

    def _with_introduction(self, asked: Asked, member_id: UUID | None, caller: Caller) -> Procedure[Introduced]:
        category = asked.person.get("category")
        home, region = asked.origin_organisation, asked.origin_region
        if member_id is not None or not asked.identity_number:
            return Introduced(asked.occurred, member_id, category=category, organisation=home, region=region)
        acting = home if home is not None else (yield from self._external(asked, caller))
        reference, now_us = self._desk.kiteline.reference(), self._desk.now_us()
        person = read_person({**asked.person, "organisation": acting}, reference, now_us=now_us, organisation=acting)
        return Introduced(
            asked.occurred, None, person.number.number, person.personal, category, organisation=home, region=region
        )

    def _venue(self, asked: Asked, case: _Case, standing: Standing) -> Procedure[Venue]:
        actor, now_us = case.caller.actor, self._desk.now_us()
        if asked.code is None:
            case.venue_id = asked.venue_id
            venue = (yield from self._known.finding(asked.venue_id)) if asked.venue_id is not None else None
            self._wrong.must_be_few(actor, asked.venue_id, now_us)
            if venue is None or not standing.may_use(venue):
                raise NoSuchVenue
            return venue
        text = self._signer.read(asked.code)
        case.venue_id = text.venue_id if text is not None else None
        self._wrong.must_be_few(actor, case.venue_id, now_us)
        venue = (yield from self._known.finding(text.venue_id)) if text is not None else None
        code = code_of(text, venue) if text is not None and venue is not None else None
        if text is None or venue is None or code is None:
            raise Invalid([Fault("/code", "code_invalid", INVALID_CODE, "the text of a code as issued")])
        self._must_fit(asked, text, code, standing)
        return venue

    def _must_fit(self, asked: Asked, text: CodeText, code: CheckInCode, standing: Standing) -> None:
        """A list that an office kept offline is judged by when each happened; a member's own scan by now as well."""
        must_count(code, asked.occurred)
        now_us = self._desk.now_us()
        at_us, last_us = moments_of(asked.occurred)
        if standing.member_id is not None:
            must_count(code, asked.occurred._replace(precision="time", start_us=now_us))
            at_us = last_us = now_us
        if code.rotates_every is None:
            return
        if at_us != last_us:
            raise Invalid([Fault("/occurred_at", "unreadable", TIME_NEEDED, "2025-06-16T09:12:00+08:00")])
        if asked.number is None:
            raise Refused("code_number_wrong", WRONG_NUMBER)
        if not self._signer.is_right(asked.number, text, code.key_version, code.rotates_every, at_us):
            raise Refused("code_number_wrong", WRONG_NUMBER)

    def _command(self, asked: Asked, venue: Venue) -> dict[str, Any]:
        """Return the check-in as the desk reads it: in the venue's region as it was called on that day."""
        regions, day = self._desk.kiteline.reference().regions, asked.occurred.day
        region = venue.region if regions.get(venue.region, day) is not None else regions.resolve(venue.region, day).code
        command = {
            "occurred_at": asked.occurred.text,
            "region": region,
            "channel": "CODE" if asked.code is not None else "WORKER",
            "venue": str(venue.venue_id),
        }
        return command if asked.organisation is None else {**command, "organisation": asked.organisation}

    def _person(self, asked: Asked, standing: Standing) -> Procedure[UUID | None]:
        """Find the person named; None for one to be registered.

        Who may not register learns nothing: an unknown number and a wrong name are one answer, after the same work.
        """
        found: Found = yield partial(self._people.find, asked.identity_number)
        agrees = same_name(found.name, asked.name)
        if found.member_id is None:
            if not standing.may_register:
                raise Refused("identity_not_confirmed", NOT_CONFIRMED)
            return None
        if agrees:
            return found.member_id
        if standing.may_register:
            kiteline = self._desk.kiteline
            ledger: Ledger = yield partial(kiteline.members.standing, found.member_id, kiteline.reference())
            if standing.may_see(ledger.state):
                raise Refused("name_disagrees", NAME_DISAGREES)
        raise Refused("identity_not_confirmed", NOT_CONFIRMED)

    def _registering(
        self, asked: Asked, command: dict[str, Any], caller: Caller, key: Key
    ) -> Procedure[Receipt | None]:
        """Register an unknown person and check them in, in one save; None when they are known after all."""
        home = asked.origin_organisation
        if home is None:
            home = yield from self._external(asked, caller)
        row = self._desk.keys.hashed(key)
        try:
            return (yield from self._desk.keys.once(row, partial(self._register, asked, home, command, caller, row)))
        except IdentityKnown:
            return None

    def _external(self, asked: Asked, caller: Caller) -> Procedure[str]:
        """Return the placeholder for a home that nobody here knows, entered when it is first needed."""
        body = external_home(asked.origin_region)
        kiteline = self._desk.kiteline
        if kiteline.reference().organisations.get(body.code) is None:
            try:
                yield partial(self._references.register_many, [body], caller)
            except VersionConflict:
                yield kiteline.refresh_reference
        return body.code

    def _register(
        self, asked: Asked, home: str, command: dict[str, Any], caller: Caller, row: Idempotency
    ) -> Procedure[Receipt]:
        desk, reference = self._desk, self._desk.kiteline.reference()
        now_us = desk.now_us()
        person = read_person({**asked.person, "organisation": home}, reference, now_us=now_us, organisation=home)
        member_id = UUID(new_id())
        acting = replace(caller, organisation=asked.organisation or caller.organisation)
        ledger, registered = self._registration.drafted(member_id, person, acting, reference)
        read = read_command("check-in", command, reference, now_us=now_us, organisation=caller.organisation)
        fact = drafted(member_id, 2, read.body, read.occurred, read.organisation, caller)
        facts = [registered, decide_fact(ledger, fact, reference, now_us)]
        vault = desk.vault.seal_person(member_id, person.personal, person.number.number)
        stored = [self._mapper.to_stored_event(one) for one in facts]
        saved: Saved = yield Append(desk.kiteline.log, Save(stored, row, None, vault))
        stamp(facts, saved)
        desk.kiteline.members.put(ledger)
        return Receipt(201, member_id, member_id, 2, facts[-1].position, facts)


@dataclass(slots=True)
class _Case:
    """One attempt on its way: who sent it, and the venue as soon as it is known."""

    caller: Caller
    venue_id: UUID | None = None
