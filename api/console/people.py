"""Members' masked names beside what a page lists."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from api.actions import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from api.console.person import Person

_AT_ONCE: Final = 150
"""As many ids as an address holds well."""


async def names_of(person: Person, *lists: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return masked names by member id, for every item that has one and whose member the person may know by name."""
    if not person.may(Action.READ_MASKED_NAMES):
        return {}
    ids = sorted({item["member_id"] for items in lists for item in items if item.get("member_id")})
    some = (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE))
    answers = await asyncio.gather(*(person.ask("/v1/masked-names", member_id=together) for together in some))
    return {item["member_id"]: item["masked_name"] for answer in answers for item in answer["items"]}
