"""Whether who holds a published schema can read what is written by a later one, and the later one what was written.

A version of a schema may gain optional fields where more fields may stand anyway, codes of a list that was published as
open, and better descriptions. Everything else is another major version: a field taken away, another type, narrower or
wider values, a field that is newly required, or no longer.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

_SAYS_ONLY: Final = frozenset({"$id", "$schema", "title", "description", "examples"})
_LOOKED_INTO: Final = frozenset({"properties", "required", "items", "additionalProperties", "anyOf"})


def incompatibilities(published: Schema, proposed: Schema, at: str = "data") -> list[str]:
    """Return what a published reader could not read, or could not find, one line each; empty when all is well."""
    found = _keywords(published, proposed, at) + _required(published, proposed, at)
    found += _properties(published, proposed, at) + _alternatives(published, proposed, at)
    for keyword, name in (("items", "[]"), ("additionalProperties", "{}")):
        found += _inside(published.get(keyword), proposed.get(keyword), f"{at}{name}")
    return found


def _keywords(published: Schema, proposed: Schema, at: str) -> list[str]:
    names = (published.keys() | proposed.keys()) - _SAYS_ONLY - _LOOKED_INTO
    return [
        f"{at}: {name} was {published.get(name)!r}, would be {proposed.get(name)!r}"
        for name in sorted(names)
        if not _same(published.get(name), proposed.get(name))
    ]


def _required(published: Schema, proposed: Schema, at: str) -> list[str]:
    before, after = set(published.get("required", ())), set(proposed.get("required", ()))
    newly = [f"{at}.{name}: newly required, events already recorded may lack it" for name in sorted(after - before)]
    return newly + [f"{at}.{name}: no longer always there" for name in sorted(before - after)]


def _properties(published: Schema, proposed: Schema, at: str) -> list[str]:
    before, after = published.get("properties", {}), proposed.get("properties", {})
    found = [f"{at}.{name}: taken away" for name in sorted(before.keys() - after.keys())]
    for name in sorted(before.keys() & after.keys()):
        found += incompatibilities(before[name], after[name], f"{at}.{name}")
    others = published.get("additionalProperties", True)
    if others is False:
        found += [f"{at}.{name}: readers refuse more fields here" for name in sorted(after.keys() - before.keys())]
    elif isinstance(others, dict):
        for name in sorted(after.keys() - before.keys()):
            found += incompatibilities(others, after[name], f"{at}.{name}")
    return found


def _alternatives(published: Schema, proposed: Schema, at: str) -> list[str]:
    before, after = published.get("anyOf"), proposed.get("anyOf")
    if before is None or after is None or len(before) != len(after):
        return [] if before == after else [f"{at}: anyOf was {before!r}, would be {after!r}"]
    if _is_open(before) and _is_open(after):
        gone = [code for code in before[0]["enum"] if code not in after[0]["enum"]]
        return [f"{at}: {code} is no longer told" for code in gone]
    found: list[str] = []
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        found += incompatibilities(one, other, f"{at}(anyOf {index})")
    return found


def _is_open(alternatives: list[Schema]) -> bool:
    """A list of codes whose second alternative takes any other: infra.contracts.values.listed_so_far."""
    return len(alternatives) == 2 and "enum" in alternatives[0] and not alternatives[1].keys() - _SAYS_ONLY


def _inside(published: Any, proposed: Any, at: str) -> list[str]:  # noqa: ANN401 - a schema, true, false or nothing
    if isinstance(published, dict) and isinstance(proposed, dict):
        return incompatibilities(published, proposed, at)
    return [] if _same(published, proposed) else [f"{at}: was {published!r}, would be {proposed!r}"]


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - the value of a keyword
    """Whether two values of a keyword mean the same; in an enum, or a list of types, the order says nothing."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(value in other for value in one)
    return type(one) is type(other) and bool(one == other)
