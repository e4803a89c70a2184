"""What rows of rosters, clocks and duties add to the counts kept by month: each counts at the months' ends it spans.

A count is kept as what is added and taken away from month to month, so that a row that stands for years is told twice,
when it begins and when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain.times import BEGINNING_US, DAY_US, OFFSET_US, local_day, local_day_number
from projections.segment import CURRENT, FOREVER, PAST, UNSTORED
from projections.values import CLOCK_COLUMNS, CLOCK_HEAD, DUTY_COLUMNS, ROSTER_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from projections.segment import Segment
    from projections.values import Values

Cell = tuple[str, str, str, str, str, str]
"""measure, region, scope, category, view, stage; empty where a measure does not tell them apart."""

Count = tuple[str, int, Cell, int]
"""member, month, cell, what is added there."""

_Span = tuple[Cell, int, int]
"""A cell in which a row counts, at no month's end before the first month, nor from the second on."""

AFFILIATED: Final = "affiliated"
INFLOW: Final = "inflow"
CONTACT_MADE: Final = {"origin": "contact_made.origin", "destination": "contact_made.destination"}
CONTACT_MISSED: Final = {"origin": "contact_missed.origin", "destination": "contact_missed.destination"}

AWAY: Final = frozenset({"awaiting_check_in", "checked_in", "settled"})
_EVER: Final = 0
_NEVER: Final = 1 << 30

_AFFILIATION_REGION, _REGION, _STAGE, _VIEW, _CATEGORY, _SCOPE, _ABROAD, _MEMBERSHIP = map(
    ROSTER_COLUMNS.index, ("affiliation_region", "region", "stage", "view", "category", "scope", "abroad", "membership")
)
_CLOCK = {name: index + CLOCK_HEAD for index, name in enumerate(CLOCK_COLUMNS)}
_ORIGIN: Final = (_CLOCK["origin_owner_region"], _CLOCK["origin_month"], _CLOCK["origin_made"])
_DESTINATION: Final = (_CLOCK["destination_owner_region"], _CLOCK["destination_month"], _CLOCK["destination_made"])
_KIND, _DUTY_REGION, _SINCE, _DUE_ON, _MONTH_FROM, _MONTH_UNTIL = map(
    DUTY_COLUMNS.index, ("kind", "region", "since_us", "due_on", "month_from", "month_until")
)


def month_number(day: date) -> int:
    """Count the months up to a day's, from January of the year 0."""
    return day.year * 12 + day.month - 1


_CONTACTS: Final = (
    (CONTACT_MADE["origin"], CONTACT_MISSED["origin"], *_ORIGIN),
    (CONTACT_MADE["destination"], CONTACT_MISSED["destination"], *_DESTINATION),
)


class _Months(dict[int, int]):
    """Month numbers by local day; days come again and again."""

    def __missing__(self, day: int) -> int:
        if len(self) > _MOST_DAYS:
            self.clear()
        if _FIRST < day < _LAST:
            month = self[day] = month_number(local_day(day * DAY_US))
            return month
        return _EVER if day <= _FIRST else _NEVER


_MOST_DAYS: Final = 100_000
_FIRST: Final = local_day_number(BEGINNING_US)
_LAST: Final = local_day_number(FOREVER)
_MONTHS: Final = _Months()


def month_of_day(day: int) -> int:
    """Return the month of a day, both by number; the day must lie within the calendar."""
    return _MONTHS[day]


def _month_at(us: int) -> int:
    return _MONTHS[(us + OFFSET_US) // DAY_US]


def roster_spans(values: Values) -> list[_Span]:
    """Return where a roster row counts: with those affiliated somewhere, and with those there from elsewhere."""
    if values[_MEMBERSHIP] == "ended":
        return []
    home, region, stage = values[_AFFILIATION_REGION], values[_REGION], values[_STAGE]
    scope = ""
    if stage is not None and stage != "closed":
        scope = values[_SCOPE] or ("ABROAD" if values[_ABROAD] else "UNKNOWN")
    rest = (scope, values[_CATEGORY] or "", values[_VIEW] or "", stage or "")
    spans = [((AFFILIATED, home, *rest), _EVER, _NEVER)] if home is not None else []
    if region is not None and stage in AWAY and (home is None or home[:6] != region[:6]):
        spans.append(((INFLOW, region, *rest), _EVER, _NEVER))
    return spans


def clock_spans(values: Values) -> list[_Span]:
    """Return where a row of clocks counts: contacts made in a month, and months for which one is still owed."""
    spans: list[_Span] = []
    for contact_made, contact_missed, region_at, month_at, made_at in _CONTACTS:
        region = values[region_at]
        if region is None:
            continue
        month, made = values[month_at], values[made_at]
        if month is not None:
            spans.append(((contact_missed, region, "", "", "", ""), month_number(month), _NEVER))
        if made is not None:
            number = month_number(made)
            spans.append(((contact_made, region, "", "", "", ""), number, number + 1))
    return spans


def duty_spans(key: str, values: Values) -> list[_Span]:
    """Return where a duty counts: months cut off by a waiver, and the half years of study abroad, still owed."""
    region = values[_DUTY_REGION]
    if values[_KIND] != "monthly_contact" or region is None:
        return []
    cell = (CONTACT_MISSED[key.split(".")[1]], region, "", "", "", "")
    if values[_MONTH_FROM] is None:
        due = month_number(values[_DUE_ON])
        return [(cell, due, due + 1)]
    until = values[_MONTH_UNTIL]
    return [(cell, month_number(values[_MONTH_FROM]), month_number(until) + 1 if until is not None else _NEVER)]


def tally_spans(row: Segment) -> list[_Span]:
    """Return where a tally counts: in its month alone."""
    measure, region, scope, _ = row.values
    month = _month_at(row.valid_from)
    return [((measure, region, scope or "", "", "", ""), month, month + 1)] if region is not None else []


_TALLY: Final = 4
_SPANS: Final[dict[int, Callable[[Any, Segment], list[_Span]]]] = {
    0: lambda _ident, row: roster_spans(row.values),
    1: lambda _ident, row: clock_spans(row.values),
    2: lambda ident, row: duty_spans(ident, row.values),
    _TALLY: lambda _ident, row: tally_spans(row),
}


def count(found: list[Count], track: int, member: str, ident: Any, row: Segment, stored: int) -> None:  # noqa: ANN401 - None or a key
    """Note what a row adds to the counts beyond what it added as it was last counted.

    `track`: 0 rosters, 1 clocks, 2 duties, 4 tallies. `stored`: not at all, as one that had not ended, or as one that
    had. A row that was taken back adds nothing.
    """
    is_gone = row.known_to != FOREVER
    has_ended = row.ended_from != FOREVER
    begins = _MONTHS[(row.valid_from + OFFSET_US) // DAY_US]
    ends = _MONTHS[(row.valid_to + OFFSET_US) // DAY_US]
    if stored == UNSTORED and (is_gone or (has_ended and ends <= begins)):
        return  # most rows: they span no month's end
    spans = _SPANS[track](ident, row)
    if not spans:
        return
    amount = row.values[-1] if track == _TALLY else 1
    for cell, first, limit in spans:
        start = max(first, begins)
        if start >= limit:
            continue
        last = limit if not has_ended or ends > limit else max(start, ends)
        if stored == UNSTORED:
            _between(found, member, start, last, cell, amount)
        elif is_gone:
            _between(found, member, last if stored == PAST else limit, start, cell, amount)
        elif stored == CURRENT:
            _between(found, member, limit, last, cell, amount)


def stored_by(row: Segment, position: int) -> int:
    """Return how a row was counted by those who knew the log up to a position."""
    if row.known_from > position or row.known_to <= position:
        return UNSTORED
    return PAST if row.ended_from <= position else CURRENT


def _between(found: list[Count], member: str, gained: int, lost: int, cell: Cell, amount: int) -> None:
    """Count more from a month on, and less from another on; neither when they are the same, or never come."""
    if gained != lost:
        if gained != _NEVER:
            found.append((member, gained, cell, amount))
        if lost != _NEVER:
            found.append((member, lost, cell, -amount))
