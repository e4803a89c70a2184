"""What is owed: the worklist of an organisation and all below it, on any day, as known at any position; by due day.

Monthly contacts and the review of a silence stand in the members' clocks, everything else in rows of its own; a monthly
duty is told once for each month up to that of the day asked for, a yearly one once for each year. A webhook to be seen
to is nobody's: it stands where the sender of webhooks keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from domain.times import local_day
from projections.asking import Cursor, CursorUnreadable, Moment, Page, answer, read_cursor
from projections.duties_now import NOW
from projections.duties_then import THEN

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

_ZERO: Final = "00000000-0000-0000-0000-000000000000"
"""In the place of a member where a duty is nobody's: a webhook to be seen to."""


@dataclass(frozen=True, slots=True)
class WorklistQuestion:
    """What an organisation, and all below it, owes; of one member only, of some kinds only, overdue (or not) only.

    `liaison`: for the members whom that liaison has today.
    """

    moment: Moment
    organisation: str
    member: str | None = None
    kinds: tuple[str, ...] | None = None
    overdue: bool | None = None
    liaison: str | None = None
    limit: int = 50
    cursor: str | None = None

    @property
    def name(self) -> str:
        """What is asked, less when and how much: a cursor holds for this only."""
        return f"worklist {self.organisation} {self.member} {self.kinds} {self.overdue} {self.liaison}"


def worklist(connection: Connection[TupleRow], question: WorklistQuestion, reference: Reference, now_us: int) -> Page:
    """Return one page of duties, by due day, then duty id. Raises CursorExpired, CursorUnreadable."""
    moment, since_us = question.moment, now_us
    after: list[str | None] = [None, None, None]
    if question.cursor is not None:
        cursor = read_cursor(question.cursor, question.name, now_us, 3)
        moment, since_us, after = cursor.moment, cursor.since_us, [*cursor.after]
    today, kinds = local_day(moment.as_of_us), question.kinds
    month = today.replace(day=1)
    parameters = {
        "organisations": reference.at(moment.as_of_us).organisations.below(question.organisation),
        "member": question.member,
        "kinds": None if kinds is None else list(kinds),
        "monthly": kinds is None or "monthly_contact" in kinds,
        "review": kinds is None or "lost_contact_review" in kinds,
        "overdue": question.overdue,
        "liaison": question.liaison,
        "as_of": moment.as_of_us,
        "today": today,
        "month": month,
        "low": month if question.overdue is False else None,
        "high": _month_after(month, -1) if question.overdue else month,
        "due": after[0],
        "duty": after[1],
        "after": after[2],
        **_turned(after[0]),
        "limit": question.limit + 1,
        "nobody": _ZERO,
    }
    found = answer(connection, moment, parameters, now=NOW, then=THEN)
    items = [_item(row, today) for row in found.rows[: question.limit]]
    following = None
    if len(found.rows) > question.limit:
        last = items[-1]
        pinned = Moment(moment.as_of_us, found.known_position)
        place = [last["due_on"], last["duty_id"], last["member_id"] or _ZERO]
        following = Cursor(pinned, since_us, place).text(question.name)
    return Page(items, following, found.position, found.known_position)


def _turned(due: str | None) -> dict[str, object]:
    """Return the month in which the page before ended, as its contacts are due and named, and the month after it.

    Raises CursorUnreadable for what no page ended with.
    """
    if due is None:
        return dict.fromkeys(("turned", "turned_due", "turned_ending", "turn"))
    try:
        turned = date.fromisoformat(due).replace(day=1)
        turn = _month_after(turned)
    except ValueError:
        raise CursorUnreadable(due) from None
    return {"turned": turned, "turned_due": turn - timedelta(days=1), "turned_ending": f".{turned:%Y-%m}", "turn": turn}


def _month_after(month: date, months: int = 1) -> date:
    """Return the first day of the month so many months later."""
    return date(month.year + (month.month - 1 + months) // 12, (month.month - 1 + months) % 12 + 1, 1)


def _item(row: TupleRow, today: date) -> dict[str, Any]:
    member_id, kind, organisation, region, since_us, due_on, provisional, month, duty_id = row
    since = local_day(since_us)
    return {
        "duty_id": duty_id,
        "kind": kind,
        "member_id": str(member_id) if member_id.int else None,
        "organisation": organisation,
        "region": region,
        "since": max(since, month or since).isoformat(),
        "due_on": due_on.isoformat(),
        "overdue": today > due_on,
        "provisional": provisional,
    }
