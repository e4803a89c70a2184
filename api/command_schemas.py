"""JSON Schema of every command's body, made from the domain's own table: what the document shows is what is read."""

from __future__ import annotations

from typing import Any, Final

from domain.code_lists import NAME_OF, CodeBook
from domain.member.form import Command, Field, Kind
from domain.member.reading import MOST_HOURS

Schema = dict[str, Any]


def closed(properties: Schema, required: list[str] | None = None, **more: Any) -> Schema:
    """Return an object with these properties and no others; all are required unless named."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
        **more,
    }


REGION: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{6}([0-9]{3}([0-9]{3})?)?$",
    "description": "GB/T 2260 code: 6 digits, 9 to the street, 12 to the community 行政区划代码",
    "examples": ["620102"],
}
ORGANISATION: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": "an organisation's code 党组织代码",
}
DAY: Final[Schema] = {"type": "string", "format": "date", "examples": ["2025-03-05"]}
MONTH: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2025-03"]}
MOMENT: Final[Schema] = {
    "description": "a time with offset, a date, or a month; never in the future 发生时间",
    "anyOf": [{"type": "string", "format": "date-time"}, DAY, MONTH],
    "examples": ["2025-03-05T10:00:00+08:00", "2025-03-05", "2025-03"],
}
TEXT: Final[Schema] = {"type": "string", "maxLength": 4000, "description": "free text, kept in the vault"}
HOURS: Final[Schema] = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": MOST_HOURS,
    "multipleOf": 0.25,
    "description": "hours, whole or in quarters 小时数",
    "examples": [1.5],
}
_OPAQUE: Final[Schema] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,63}$",
    "description": "an opaque id that tells nothing about a person",
}
_BY_KIND: Final[dict[Kind, Schema]] = {
    Kind.REGION: REGION,
    Kind.ORGANISATION: ORGANISATION,
    Kind.DESTINATION: {
        "description": "a region, abroad 境外, or unknown 去向不明",
        "oneOf": [
            closed({"region": REGION}),
            closed({"abroad": {"const": True}}),
            closed({"unknown": {"const": True}}),
        ],
        "examples": [{"region": "620102"}, {"unknown": True}],
    },
    Kind.DAY: DAY,
    Kind.FUTURE_DAY: DAY,
    Kind.MONTH: MONTH,
    Kind.MONTHS: {
        "type": "array",
        "items": MONTH,
        "minItems": 1,
        "maxItems": 120,
        "examples": [["2025-03", "2025-04"]],
    },
    Kind.OPAQUE: _OPAQUE,
    Kind.EVENT_ID: {**_OPAQUE, "description": "an event's id"},
    Kind.REFERENCE: {
        "type": "string",
        "minLength": 1,
        "maxLength": 100,
        "description": "the reference of a document or meeting 文号",
    },
    Kind.TEXT: TEXT,
    Kind.CHANGES: {
        "type": "object",
        "minProperties": 1,
        "description": "the fields to change, `occurred_at` too, as in the command that recorded the event",
        "examples": [{"occurred_at": "2025-02-01"}],
    },
}
_EXAMPLE_OF: Final[dict[Kind, Any]] = {
    Kind.REGION: "620102",
    Kind.ORGANISATION: "LZ-CG-BR1",
    Kind.DESTINATION: {"region": "620102"},
    Kind.DAY: "2025-03-05",
    Kind.FUTURE_DAY: "2025-03-05",
    Kind.MONTH: "2025-03",
    Kind.MONTHS: ["2025-03", "2025-04"],
    Kind.OPAQUE: "liaison-7",
    Kind.EVENT_ID: "0b6f2c51-7f0e-4c55-9d52-5d7c8a3e1f10",
    Kind.REFERENCE: "〔2025〕3号",
    Kind.TEXT: "文字说明",
    Kind.CHANGES: {"occurred_at": "2025-02-01"},
}


def field_schema(field: Field, book: CodeBook) -> Schema:
    """Return the schema of one field; a coded one is an `enum`."""
    if field.kind is Kind.CODE:
        name = NAME_OF.get(field.codes)
        return {"type": "string", "enum": list(field.codes if name is None else book.ever(name))}
    if field.kind is Kind.NUMBER:
        return {"type": "integer", "minimum": field.least, "maximum": field.most, "examples": [field.least]}
    if field.kind is Kind.HOURS:
        return HOURS
    if field.kind is Kind.POINTS:
        points = {"type": "array", "items": {"type": "string", "enum": list(field.codes)}, "uniqueItems": True}
        said = dict.fromkeys((code.lower() for code in field.codes), TEXT)
        return {
            "description": "the five points 五清: those spoken of, or what was said",
            "anyOf": [points, closed(said, [])],
        }
    return _BY_KIND[field.kind]


def body_schema(command: Command, book: CodeBook) -> Schema:
    """Return the schema of a command's body, with an example that can be read."""
    properties: Schema = {"occurred_at": MOMENT, "organisation": ORGANISATION}
    properties |= {field.name: field_schema(field, book) for field in command.fields}
    properties.setdefault("note", TEXT)
    required = ["occurred_at", *(field.name for field in command.fields if field.required)]
    example = {"occurred_at": "2025-03-05"}
    shown = [field for field in command.fields if field.required or field.name == "".join(command.one_of[-1:])]
    example |= {field.name: _example(field) for field in shown}
    either: Schema = {"oneOf": [{"required": [name]} for name in command.one_of]} if command.one_of else {}
    return closed(properties, required, examples=[example], **either)


def _example(field: Field) -> Any:
    if field.kind is Kind.CODE:
        return field.codes[0]
    if field.kind is Kind.NUMBER:
        return field.least
    if field.kind is Kind.HOURS:
        return 1.5
    return list(field.codes) if field.kind is Kind.POINTS else _EXAMPLE_OF[field.kind]
