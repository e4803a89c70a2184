"""The lifecycle counts of days, as they are kept and as they are counted from members."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from domain.reference import Reference
from domain.times import day_end_us
from projections import lifecycle
from projections.asking import Moment
from projections.roster import RosterQuestion, Side
from tests.integration.projections.lives import COUNTIES, FIRST, LAST

PLACES = ("000000", "620000", "620600", "510000", *COUNTIES[:5], COUNTIES[6])
SIDES: tuple[Side, ...] = ("outflow", "inflow")
_REACH = "SELECT set_config('kiteline.regions', %s, false)"


def some_days(seed: int, count: int) -> list[date]:
    """Return random days before, during and after the lives, and with each the end of its month and what follows."""
    chance = random.Random(seed)
    first = FIRST - timedelta(days=100)
    days = [first + timedelta(days=chance.randrange((LAST - first).days + 400)) for _ in range(count)]
    return [*days, *(day.replace(day=1) for day in days), *(day.replace(day=1) - timedelta(days=1) for day in days)]


def counted(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference) -> list[dict[str, Any]]:
    """Count members one by one: as for whoever may not see all of the region."""
    connection.execute(_REACH, ("-",))
    return lifecycle.counts(connection, question, reference).items


def kept(connection: Connection[TupleRow], question: RosterQuestion, reference: Reference) -> list[dict[str, Any]]:
    """Ask for the counts that are kept: as for whoever sees everything."""
    connection.execute(_REACH, ("*",))
    return lifecycle.counts(connection, question, reference).items


def differences(
    connection: Connection[TupleRow], reference: Reference, days: list[date]
) -> tuple[list[tuple[Any, ...]], int, int]:
    """Return where both differ on these days, and how many were counted in all, and how many of them overdue."""
    found, members, overdue = [], 0, 0
    for day in days:
        for place in PLACES:
            for side in SIDES:
                question = RosterQuestion(Moment(day_end_us(day)), side, place)
                ours, theirs = (ask(connection, question, reference) for ask in (kept, counted))
                members += sum(item["count"] for item in theirs)
                overdue += sum(item["overdue"] for item in theirs)
                if ours != theirs:
                    found.append((day, place, side, ours, theirs))
    return found, members, overdue
