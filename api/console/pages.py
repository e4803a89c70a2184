"""The pages that there are: one module each, in the order of the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.console import (
    all_reads_page,
    check_ins,
    comparing,
    correcting,
    doing,
    files,
    flows,
    local_issuer,
    log_page,
    loop,
    member,
    member_records,
    news,
    operating,
    operating_imports,
    picking,
    registers,
    rosters,
    scanned,
    screens,
    signing_in,
    today,
    venues,
    worklist,
)

if TYPE_CHECKING:
    from types import ModuleType

    from api.console.page import Page
    from api.console.person import Person

PAGES: Final[tuple[ModuleType, ...]] = (
    today,
    worklist,
    rosters,
    loop,
    flows,
    registers,
    check_ins,
    venues,
    log_page,
    all_reads_page,
    operating,
)
"""Each has `PAGE`, `router` and `WORDS`."""
BESIDE: Final[tuple[ModuleType, ...]] = (
    files,
    signing_in,
    local_issuer,
    news,
    picking,
    doing,
    member,
    member_records,
    correcting,
    comparing,
    scanned,
    screens,
    operating_imports,
)
"""What pages need beside them; each has a `router`."""


def pages_of(person: Person) -> list[Page]:
    """Return the pages that a role has."""
    return [module.PAGE for module in PAGES if module.PAGE.is_for(person.principal.role)]
