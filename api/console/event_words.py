"""What an event says, in a person's words: its name, what stands in it, by which way it came, what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from api.console import code_words
from api.console.command_forms import group_of
from api.console.rendering import day_in_words
from api.language import said_in
from domain.fact import BODIES
from domain.member.commands import COMMAND_OF
from domain.member.form import Kind
from domain.member.rules import ODDITIES, ONCE_OVER, RULES
from infra.fact_words import fact_words

if TYPE_CHECKING:
    from api.console.names import Names
    from api.console.words import Pair
    from api.language import Language
    from domain.member.form import Field

_UNSAID: Final = frozenset(
    {"movement_id", "set_aside", "keep_movement", "whose", "introduction", "changes", "claim_id"}
)
_REGIONS: Final = frozenset({"region", "declared_region"})
_ORGANISATIONS: Final = frozenset({
    "affiliation", "branch", "to_organisation", "in_favour_of", "successor", "keep_affiliation", "organisation", "code",
})  # fmt: skip
_FIELDS: Final[dict[str, Pair]] = {
    "affiliation": ("组织关系", "Affiliation"),
    "affiliated_since": ("隶属起于", "Affiliated since"),
    "category": ("党员类别", "Category"),
    "fields": ("更新的内容", "What was updated"),
    "said_lost": ("名册上记为失联", "The register said lost"),
    "activity": ("活动", "Activity"),
    "successor": ("承接组织", "Successor"),
    "occurred_at": ("日期", "Date"),
    "organisation": ("办理组织", "Acting organisation"),
    "code": ("组织", "Organisation"),
    "valid_until": ("有效期至", "Valid until"),
    "event_id": ("所指记录", "The record"),
    "days": ("天数", "Days"),
    "stays": ("停留", "Stays"),
    "contacts": ("联系次数", "Contacts"),
    "hours_served": ("服务小时", "Hours served"),
    "from": ("自", "From"),
    "absorbed": ("并入的记录", "Absorbed record"),
    "kept": ("保留的记录", "Kept record"),
}
_WAYS: Final[dict[str, Pair]] = {
    "API": ("系统录入", "entered"),
    "BULK": ("批量录入", "in bulk"),
    "IMPORT": ("台账导入", "from a register"),
    "SIMULATION": ("模拟", "simulated"),
    "CODE": ("扫码", "by a code"),
    "SISTER": ("兄弟地区", "from a sister region"),
}
_ENGLISH_OF: Final = {
    "confirmed_as_full": "Confirmed as full member",
    "event_corrected": "Record corrected",
    "event_voided": "Record voided",
    "flag_confirmed": "Odd record confirmed as right",
    "kept_in_contact_list": "Kept in the contact list",
    "personal_data_requested": "Request about personal data",
    "personal_data_request_completed": "Request about personal data: done",
    "personal_data_request_refused": "Request about personal data: refused",
    "placed_in_branch": "Placed in a branch",
    "pre_departure_talk_held": "Talk before departure held",
    "pre_departure_talk_waived": "Talk before departure waived",
}
_YES: Final[Pair] = ("是", "yes")
_NOTHING: Final[Pair] = ("无", "none")
_A_LIAISON: Final[Pair] = ("本组织的联络员", "a liaison of this organisation")
_AND: Final[Pair] = ("、", ", ")
_ODD: Final = {one.code: one.sentence for rules in (*ODDITIES.values(), *RULES.values(), ONCE_OVER) for one in rules}


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that an event says: what about, and what; `was` is what stood there before a correction."""

    label: str
    value: str
    was: str | None = None


class EventWords:
    """Events in the language of a page."""

    def __init__(self, names: Names, language: Language) -> None:
        """Take the names of organisations and regions."""
        self._names = names
        self._language = language

    def title(self, fact: str) -> str:
        """Return what a fact is called."""
        if self._language == "zh":
            return fact_words(fact)
        return _ENGLISH_OF.get(fact) or fact.replace("check_in_", "check-in_").replace("_", " ").capitalize()

    def way(self, channel: str) -> str:
        """Return how it was recorded."""
        return self._of(_WAYS[channel]) if channel in _WAYS else channel

    def flag(self, code: str) -> str:
        """Return what is odd, in a sentence."""
        return said_in(_ODD[code], self._language) if code in _ODD else code

    def said(self, fact: str, data: dict[str, Any], before: dict[str, Any] | None = None) -> list[Said]:
        """Return what an event says, beside what it said `before` where that differs."""
        names = [name for name in {**(before or {}), **data} if name not in _UNSAID]
        return [self._said(fact, name, data, before) for name in names if name != "event_id"]

    def value(self, fact: str, name: str, value: Any) -> str:
        """Return one value in words."""
        if value is None:
            return self._of(_NOTHING)
        if isinstance(value, bool):
            return self._of(_YES) if value else self._of(_NOTHING)
        if isinstance(value, list):
            return self._of(_AND).join(self.value(fact, name, one) for one in value)
        if isinstance(value, dict):
            return self._destination(value)
        if name in _REGIONS:
            return self._names.region(value)
        if name in _ORGANISATIONS:
            return self._names.organisation(value)
        return self._plain(fact, name, value)

    def label(self, name: str) -> str:
        """Return what a field is called."""
        pair = code_words.GROUPS["field"].get(name) or _FIELDS.get(name)
        return self._of(pair) if pair is not None else name.replace("_", " ")

    def _said(self, fact: str, name: str, data: dict[str, Any], before: dict[str, Any] | None) -> Said:
        value = self.value(fact, name, data.get(name))
        was = None if before is None else self.value(fact, name, before.get(name))
        return Said(self.label(name), value, None if was == value else was)

    def _plain(self, fact: str, name: str, value: object) -> str:
        text = str(value)
        if name == "liaison":
            return self._of(_A_LIAISON)  # an opaque id here; who gave them the task stands beside
        if name == "category":
            return code_words.say("category", text, self._language)
        one = _field(fact, name)
        if one is not None and one.kind is Kind.POINTS:
            return code_words.say("point", text, self._language)
        if one is not None and one.kind is Kind.CODE:
            return code_words.say(group_of(COMMAND_OF[BODIES[fact]].name, one), text, self._language)
        dated = name.endswith(("_on", "_at", "_until", "_since")) or name in {"until", "month", "months"}
        return day_in_words(text, self._language) if dated and text[:4].isdigit() else text

    def _destination(self, value: dict[str, Any]) -> str:
        if value.get("region"):
            return self._names.region(value["region"])
        known = next((name for name in ("abroad", "unknown") if value.get(name)), None)
        if known is not None:
            return self._names.region(known)
        return self._of(_AND).join(f"{self.label(name)} {one}" for name, one in value.items() if one is not None)

    def _of(self, pair: Pair) -> str:
        return pair[0 if self._language == "zh" else 1]


def has_a_form(fact: str) -> bool:
    """Whether an event of this kind can be corrected by a form: what a command made, but for corrections themselves."""
    command = COMMAND_OF.get(BODIES[fact]) if fact in BODIES else None
    return command is not None and not any(one.name == "event_id" for one in command.fields)


def _field(fact: str, name: str) -> Field | None:
    command = COMMAND_OF.get(BODIES[fact]) if fact in BODIES else None
    return None if command is None else next((one for one in command.fields if one.name == name), None)
