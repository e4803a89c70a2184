"""登记入册: a person enters the log as a random id, and the vault as themselves, in one transaction.

A person whom the caller's organisation knows already is answered with the same id; nobody is registered twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from domain import codes
from domain.errors import Invalid, Refused, Sentence
from domain.identity import IdentityError, IdentityNumber, parse_identity_number
from domain.member import events as e
from domain.member.form import Field, Kind
from domain.member.reading import MISSING, NOT_IN_LIST, Reader
from domain.member.state import State
from domain.times import parse_occurred
from infra.event_store.refusals import IdentityKnown
from infra.event_store.save import Save, Saved
from infra.recording.desk import Desk, decide_fact
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.mapper import FactMapper
from infra.recording.members import Ledger, new_ledger
from infra.recording.procedures import Append, Procedure, run
from infra.recording.receipts import Receipt
from infra.registers.code_lists import EDUCATION, ETHNICITY
from infra.registers.phones import read_phone

if TYPE_CHECKING:
    from domain.fact import Fact
    from domain.reference import Reference
    from infra.event_store.save import Idempotency
    from infra.recording.keys import Key

SEX: Final = {"1": "MALE", "2": "FEMALE", "MALE": "MALE", "FEMALE": "FEMALE"}
ETHNICITIES: Final = tuple(sorted(set(ETHNICITY.values())))
"""GB/T 3304."""
EDUCATIONS: Final = tuple(sorted(set(EDUCATION.values())))
"""GB/T 4658."""
_NAME_LENGTH: Final = 100
REGISTERED_ELSEWHERE: Final = "registered_elsewhere"
ELSEWHERE: Final = Sentence(
    "此人已由其他组织登记，请通过报到或组织关系转接办理",
    "This person is registered with another organisation: use a check-in or a transfer.",
)
NAME_DISAGREES: Final = Sentence(
    "该身份号码登记的是另一个姓名，请核对", "This identity number is registered under another name: compare them."
)
MaySee = Callable[[State], bool]


@dataclass(frozen=True, slots=True)
class Person:
    """A registration as read: coded facts for the log, personal fields for the vault."""

    number: IdentityNumber
    personal: dict[str, str]
    category: str
    affiliation: str
    affiliated_since: str | None
    occurred_at: str


def read_person(payload: dict[str, Any], reference: Reference, *, now_us: int, organisation: str | None) -> Person:
    """Read a registration; raises Invalid with every fault."""
    reader = Reader(reference, now_us)
    known = {
        "identity_number", "name", "category", "organisation", "sex", "ethnicity", "education", "phone",
        "joined_on", "affiliated_since", "occurred_at",
    }  # fmt: skip
    for name in sorted(payload.keys() - known):
        reader.fault(f"/{name}", "unknown_field", Sentence("没有此项", "There is no such field."), sorted(known))
    number = read_identity(reader, payload.get("identity_number"))
    person_name = payload.get("name")
    if not isinstance(person_name, str) or not person_name.strip() or len(person_name) > _NAME_LENGTH:
        reader.fault(
            "/name",
            "missing" if person_name in (None, "") else "unreadable",
            MISSING,
            f"1 to {_NAME_LENGTH} characters",
        )
    category = payload.get("category", "FULL")
    if category not in codes.CATEGORIES:
        reader.fault("/category", "not_in_list", NOT_IN_LIST, list(codes.CATEGORIES))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    since = payload.get("affiliated_since")
    if since is not None:
        since = reader.read(Field("affiliated_since", Kind.DAY), since, "/affiliated_since", reader.today)
    home = payload.get("organisation", organisation)
    if home is None:
        reader.fault("/organisation", "missing", MISSING, "a code from GET /v1/organisations")
    else:
        since_day = date.fromisoformat(since) if isinstance(since, str) else None
        home = reader.organisation("/organisation", home, since_day)
    personal = {"name": str(person_name or "").strip(), **_coded(reader, payload, number), **_phone(reader, payload)}
    if reader.faults or number is None or occurred is None or home is None:
        raise Invalid(reader.faults)
    personal["born_on"] = number.born.isoformat()
    return Person(number, personal, category, home, since if isinstance(since, str) else None, occurred.text)


def read_identity(reader: Reader, value: object) -> IdentityNumber | None:
    """Read an identity number; None when it is at fault, and the reader knows why."""
    if value in (None, ""):
        reader.fault("/identity_number", "missing", MISSING, "18 characters")
        return None
    try:
        if isinstance(value, str):
            return parse_identity_number(value, reader.today)
        msg = "not text"
        raise TypeError(msg)  # noqa: TRY301 - told in one place
    except IdentityError as error:
        reader.fault("/identity_number", error.code, error.sentence, "18 characters, GB 11643")
    except TypeError:
        sentence = Sentence("身份号码应为文本", "An identity number is text, not a number.")
        reader.fault("/identity_number", "unreadable", sentence, "18 characters, GB 11643")
    return None


def _coded(reader: Reader, payload: dict[str, Any], number: IdentityNumber | None) -> dict[str, str]:
    found: dict[str, str] = {"sex": number.sex.value} if number is not None else {}
    if (sex := payload.get("sex")) is not None:
        if sex not in SEX:
            reader.fault("/sex", "not_in_list", NOT_IN_LIST, sorted(SEX))
        elif number is not None and SEX[sex] != number.sex.value:
            sentence = Sentence("性别与身份号码不符", "Sex and identity number disagree.")
            reader.fault("/sex", "sex_disagrees", sentence, None)
    for name, listed in (("ethnicity", ETHNICITIES), ("education", EDUCATIONS)):
        if (value := payload.get(name)) is not None and (code := reader.code(f"/{name}", value, listed)) is not None:
            found[name] = code
    if payload.get("joined_on") is not None:
        joined = reader.read(Field("joined_on", Kind.DAY), payload["joined_on"], "/joined_on", reader.today)
        if isinstance(joined, str):
            found["joined_on"] = joined
            if date.fromisoformat(joined) > reader.today:
                reader.fault("/joined_on", "in_the_future", Sentence("在将来", "This lies in the future."), None)
    return found


def _phone(reader: Reader, payload: dict[str, Any]) -> dict[str, str]:
    if (phone := payload.get("phone")) in (None, ""):
        return {}
    read = read_phone(phone) if isinstance(phone, str) else None
    if read is None:
        sentence = Sentence("不能识别的电话号码", "This is not a telephone number.")
        reader.fault("/phone", "phone_unreadable", sentence, "11 digits, or +country number")
        return {}
    return {"phone": read}


class Registration:
    """Registers members; uses the desk's keys, clock and vault."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def register(self, payload: dict[str, Any], caller: Caller, *, may_see: MaySee, key: Key | None = None) -> Receipt:
        """Register a person, waiting in this thread: 201, or 200 with the id of one whom the caller may see.

        Raises Invalid, or Refused: `registered_elsewhere`, `name_disagrees`.
        """
        return run(self.registering(payload, caller, may_see=may_see, key=key))

    def registering(
        self, payload: dict[str, Any], caller: Caller, *, may_see: MaySee, key: Key | None = None
    ) -> Procedure[Receipt]:
        """Register a person, as a procedure of the desk."""
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._once, payload, caller, may_see, row, key))

    def _once(
        self, payload: dict[str, Any], caller: Caller, may_see: MaySee, row: Idempotency | None, key: Key | None
    ) -> Procedure[Receipt]:
        desk, kiteline = self._desk, self._desk.kiteline
        try:
            person = read_person(payload, kiteline.reference(), now_us=desk.now_us(), organisation=caller.organisation)
        except Invalid:
            reference = yield kiteline.refresh_reference
            person = read_person(payload, reference, now_us=desk.now_us(), organisation=caller.organisation)
        member_id = UUID(new_id())
        ledger, fact = self.drafted(member_id, person, caller, kiteline.reference())
        vault = desk.vault.seal_person(member_id, person.personal, person.number.number)
        try:
            saved: Saved = yield Append(kiteline.log, Save([self._mapper.to_stored_event(fact)], row, None, vault))
        except IdentityKnown as known:
            if known.member_id is None:
                raise
            return (yield from self._known(known.member_id, person, may_see, key))
        stamp([fact], saved)
        kiteline.members.put(ledger)
        return Receipt(201, member_id, member_id, 1, fact.position, [fact])

    def drafted(self, member_id: UUID, person: Person, caller: Caller, reference: Reference) -> tuple[Ledger, Fact]:
        """Return a new ledger that holds the registration."""
        body = e.MemberRegistered(person.category, person.affiliation, person.affiliated_since)
        occurred = parse_occurred(person.occurred_at)
        fact = drafted(member_id, 1, body, occurred, caller.organisation or person.affiliation, caller)
        ledger = new_ledger(member_id, reference)
        return ledger, decide_fact(ledger, fact, reference, self._desk.now_us())

    def _known(self, member_id: UUID, person: Person, may_see: MaySee, key: Key | None) -> Procedure[Receipt]:
        desk, kiteline = self._desk, self._desk.kiteline
        ledger: Ledger = yield partial(kiteline.members.standing, member_id, kiteline.reference())
        if not may_see(ledger.state):
            raise Refused(REGISTERED_ELSEWHERE, ELSEWHERE)
        name = (yield partial(self._name_of, member_id)) or ""
        if name and name != person.personal["name"]:
            raise Refused("name_disagrees", NAME_DISAGREES)
        position: int = (yield kiteline.log.max_notification_id) or 0
        member_id = ledger.member_id
        if key is not None:
            answer = orjson.dumps({"member_id": str(member_id), "version": ledger.version, "position": position})
            row = desk.keys.hashed(key, status=200, answer=answer)
            yield Append(kiteline.log, Save([], row))
        return Receipt(200, member_id, member_id, ledger.version, position)

    def _name_of(self, member_id: UUID) -> str | None:
        with self._desk.kiteline.log.reading() as connection:
            return self._desk.vault.open_fields(connection, member_id, ["name"]).get("name")
