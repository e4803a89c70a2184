"""A venue that a check-in or an activity names by its id is one that there is; other names are an office's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.problems import invalid
from infra.recording.code_issues import NO_VENUE
from infra.recording.procedures import arun

if TYPE_CHECKING:
    from api.service import Service

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


async def must_know_the_venue(service: Service, payload: dict[str, Any]) -> None:
    """Look up a `venue` that has the form of our ids. Raises Problem (422 `unknown_venue`).

    Offices have signs and lists of their own, older than any venue here ("CG-12"): those are kept as written.
    """
    named = payload.get("venue")
    if not isinstance(named, str) or not _ID.match(named):
        return
    if await arun(service.known_venues.finding(UUID(named))) is None:
        raise invalid("/venue", "unknown_venue", NO_VENUE, "the id of a venue, as POST /v1/venues answered")
