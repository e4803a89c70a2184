"""Dissolutions as an organisation's stream holds them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.fact import Fact, place_in_time
from domain.organisation import Dissolution, OrganisationDissolved, dissolution_of, organisation_stream
from domain.times import parse_occurred


def dissolution(
    code: str, successor: str, on: str, shares: list[dict[str, Any]] | None = None, *, position: int = 1000
) -> Fact:
    """Return the fact; `on` is a day, a month or a time, recorded shortly after."""
    body = OrganisationDissolved(code, successor, shares)
    occurred = parse_occurred(on)
    event_id = str(UUID(int=position))
    return Fact(
        organisation_stream(code), 2, event_id, f"{position:032x}", body, occurred.text, occurred.precision,
        place_in_time(occurred, type(body)), None, "test", "API", event_id, position=position,
        recorded_us=occurred.start_us,
    )  # fmt: skip


def dissolved(code: str, successor: str, on: str, shares: list[dict[str, Any]] | None = None) -> Dissolution:
    """Return what the tree of organisations keeps of it."""
    return dissolution_of(dissolution(code, successor, on, shares))
