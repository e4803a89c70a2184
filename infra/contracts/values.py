"""The values that events hold, as JSON Schema (draft 07, which every tool reads and AsyncAPI takes as its own)."""

from __future__ import annotations

from typing import Any, Final

from domain.member.reading import MOST_HOURS

Schema = dict[str, Any]

_OFFSET: Final = "([.][0-9]{1,9})?[+]08:00"
_DAY: Final = "(0[1-9]|[12][0-9]|3[01])"
_MONTH: Final = "[0-9]{4}-(0[1-9]|1[0-2])"
_CODE: Final = "^[A-Z][A-Z0-9_]{1,39}$"


def said(zh: str, en: str, **schema: Any) -> Schema:  # noqa: ANN401 - keywords of JSON Schema
    """Return a schema with its description in both languages."""
    return {**schema, "description": f"{zh} / {en}"}


def listed(values: tuple[str, ...], zh: str, en: str) -> Schema:
    """Return a code of a list that does not change within a version of the schema."""
    return said(zh, en, type="string", enum=list(values))


def listed_so_far(values: tuple[str, ...], zh: str, en: str, where: str = "GET /v1/code-lists") -> Schema:
    """Return a code of a list that may grow while events of this version are written; `where` tells of the others."""
    later = said(f"后来采用的代码，见 {where}", f"a code adopted since: {where}")
    return said(zh, en, type="string", pattern=_CODE, anyOf=[{"enum": list(values)}, later])


def many(items: Schema, zh: str, en: str, **schema: Any) -> Schema:  # noqa: ANN401 - keywords of JSON Schema
    """Return a list of such values."""
    return said(zh, en, type="array", items=items, **schema)


def an_object(properties: Schema, required: list[str], zh: str, en: str) -> Schema:
    """Return an object that may hold more fields than those named here."""
    return said(zh, en, type="object", properties=properties, required=sorted(required))


def a_map(values: Schema, zh: str, en: str) -> Schema:
    """Return an object whose names are ids or codes, all of whose values are alike."""
    return said(zh, en, type="object", additionalProperties=values)


def or_null(schema: Schema) -> Schema:
    """Return the same value, or null."""
    found = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        found["enum"] = [*schema["enum"], None]
    return found


def region(zh: str, en: str) -> Schema:
    """Return a region code: 6 digits, 9 to the street, 12 to the community."""
    note = "GB/T 2260, 6, 9 or 12 digits, as it was at the time"
    return said(zh, f"{en} ({note})", type="string", pattern="^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")


def organisation(zh: str, en: str) -> Schema:
    """Return an organisation's code, which is opaque text."""
    return said(zh, f"{en} (an organisation's code)", type="string", minLength=1)


def identifier(zh: str, en: str) -> Schema:
    """Return an id: of an event, a member, a post and so on."""
    return said(zh, en, type="string", pattern="^[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,63}$")


def day(zh: str, en: str) -> Schema:
    """Return a day of Asia/Shanghai."""
    return said(zh, en, type="string", format="date", pattern=f"^{_MONTH}-{_DAY}$")


def month(zh: str, en: str) -> Schema:
    """Return a calendar month."""
    return said(zh, en, type="string", pattern=f"^{_MONTH}$")


def moment(zh: str, en: str) -> Schema:
    """Return an instant, told with the offset of Asia/Shanghai."""
    return said(zh, en, type="string", format="date-time", pattern=f"^{_MONTH}-{_DAY}T[0-9:]{{8}}{_OFFSET}$")


def occurred(zh: str, en: str) -> Schema:
    """Return when something happened: a time with the offset of Asia/Shanghai, a day, or a month."""
    note = "a time with offset, a date, or a month"
    return said(zh, f"{en}: {note}", type="string", pattern=f"^{_MONTH}(-{_DAY}(T[0-9:]{{8}}{_OFFSET})?)?$")


def reference(zh: str, en: str) -> Schema:
    """Return the reference of a document, letter or meeting."""
    return said(zh, en, type="string", minLength=1, maxLength=100)


def words(zh: str, en: str) -> Schema:
    """Return a name or title of something that is not a person."""
    return said(zh, en, type="string", minLength=1)


def whole(zh: str, en: str, least: int = 0) -> Schema:
    """Return a whole number."""
    return said(zh, en, type="integer", minimum=least)


def hours(zh: str, en: str) -> Schema:
    """Return hours, whole or in quarters."""
    return said(zh, en, type="number", exclusiveMinimum=0, maximum=MOST_HOURS, multipleOf=0.25)
