"""What differs between two answers: field by field, by JSON pointer, with what stood before and what stands after."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final

_NAMED_BY: Final = ("duty_id", "claim_id")
"""What an object in a list is known by: its place in the list says nothing."""


def changes(before: Any, after: Any, pointer: str = "") -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Return `{pointer, before, after}` of each value that differs, in the order of the fields; absent is null.

    Pointers are those of RFC 6901, but that duties and claims of a list are named by their id instead of their place.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for name in dict.fromkeys([*before, *after]):
            below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            found += changes(before.get(name), after.get(name), below)
        return found
    if isinstance(before, list) and isinstance(after, list) and _holds_objects(before, after):
        return changes(_by_name(before), _by_name(after), pointer)
    return [] if before == after else [{"pointer": pointer, "before": before, "after": after}]


def differing(
    before: Iterable[dict[str, Any]],
    after: Iterable[dict[str, Any]],
    key: Callable[[dict[str, Any]], Hashable],
    compared: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> list[dict[str, Any]]:
    """Return the items of two lists that differ: `added`, `changed` or `removed`, before and after side by side.

    They come in the order of the list after, what is gone from it last. `compared` is what of an item may differ.
    """
    old = {key(item): item for item in before}
    found: list[dict[str, Any]] = []
    for item in after:
        was = old.pop(key(item), None)
        if was is None:
            found.append({"change": "added", "before": None, "after": item, "changes": []})
        elif fields := changes(compared(was), compared(item)):
            found.append({"change": "changed", "before": was, "after": item, "changes": fields})
    found += [{"change": "removed", "before": was, "after": None, "changes": []} for was in old.values()]
    return found


def _holds_objects(*lists: list[Any]) -> bool:
    return any(lists) and all(isinstance(one, dict) for held in lists for one in held)


def _by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        next((str(item[name]) for name in _NAMED_BY if name in item), str(place)): item
        for place, item in enumerate(items)
    }
