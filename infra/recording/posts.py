"""Recording that a post is offered; what becomes of its places is noted with its holders' own facts (`post_places`)."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import Invalid, Sentence
from domain.member.reading import MISSING, UNKNOWN_FIELD, Reader
from domain.post import MOST_PLACES, PostOpened
from infra.event_store.save import Save, Saved
from infra.recording.drafts import Caller, drafted, new_id, stamp
from infra.recording.mapper import FactMapper
from infra.recording.procedures import Append, Procedure
from infra.recording.receipts import Receipt

if TYPE_CHECKING:
    from domain.times import Occurred
    from infra.event_store.save import Idempotency
    from infra.recording.desk import Desk
    from infra.recording.keys import Key

TITLE_LENGTH: Final = 200
SKILL_LENGTH: Final = 40
MOST_SKILLS: Final = 20
_FIELDS: Final = ("title", "skills", "places", "occurred_at", "organisation")
_PERSONAL: Final = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
_NOT_PERSONAL: Final = Sentence(
    "不能含电话号码或身份证号", "This must not hold a telephone or identity number: it stays in the log for ever."
)


class PostDesk:
    """Opens posts; uses the desk's log, keys and clock."""

    def __init__(self, desk: Desk) -> None:
        """Share one desk a process."""
        self._desk = desk
        self._mapper = FactMapper()

    def opening(self, payload: dict[str, Any], caller: Caller, *, key: Key | None = None) -> Procedure[Receipt]:
        """Open a post of an organisation; raises Invalid with every fault."""
        row = self._desk.keys.hashed(key) if key is not None else None
        return self._desk.keys.once(row, partial(self._open, payload, caller, row))

    def _open(self, payload: dict[str, Any], caller: Caller, row: Idempotency | None) -> Procedure[Receipt]:
        desk = self._desk
        reference = yield desk.kiteline.refresh_reference
        body, occurred, organisation = read_post(Reader(reference, desk.now_us()), payload, caller.organisation)
        fact = drafted(UUID(new_id()), 1, body, occurred, organisation, caller)
        saved: Saved = yield Append(desk.kiteline.log, Save([self._mapper.to_stored_event(fact)], row))
        stamp([fact], saved)
        return Receipt(201, fact.stream, None, 1, fact.position, [fact])


def read_post(
    reader: Reader, payload: dict[str, Any], own_organisation: str | None
) -> tuple[PostOpened, Occurred, str | None]:
    """Read a post and whose it is; raises Invalid with every fault."""
    for name in sorted(payload.keys() - set(_FIELDS)):
        reader.fault(f"/{name}", "unknown_field", UNKNOWN_FIELD, sorted(_FIELDS))
    occurred = reader.occurred(payload.get("occurred_at", reader.today.isoformat()))
    organisation = payload.get("organisation", own_organisation)
    if organisation is None:
        reader.fault("/organisation", "missing", MISSING, "a code from GET /v1/organisations")
    else:
        organisation = reader.organisation("/organisation", organisation)
    title = _words(reader, payload.get("title"), "/title", TITLE_LENGTH)
    places = None
    if payload.get("places") is None:
        reader.fault("/places", "missing", MISSING, f"1 … {MOST_PLACES}")
    else:
        places = reader.number("/places", payload["places"], 1, MOST_PLACES)
    skills = payload.get("skills", [])
    if not isinstance(skills, list) or len(skills) > MOST_SKILLS:
        sentence = Sentence("应为技能的列表", "This is a list of skills.")
        reader.fault("/skills", "unreadable", sentence, f"at most {MOST_SKILLS}")
        skills = []
    named = [_words(reader, one, f"/skills/{index}", SKILL_LENGTH) for index, one in enumerate(skills)]
    if reader.faults or occurred is None or places is None:
        raise Invalid(reader.faults)
    return PostOpened(title, places, list(dict.fromkeys(named))), occurred, organisation


def _words(reader: Reader, value: object, pointer: str, length: int) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= length:
        code = "missing" if value in (None, "") else "unreadable"
        reader.fault(pointer, code, MISSING, f"1 to {length} characters")
        return ""
    if _PERSONAL.search(value):
        reader.fault(pointer, "unreadable", _NOT_PERSONAL, "words only")
    return value.strip()
