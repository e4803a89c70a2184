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

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from domain.reference import Reference

_THEN: Final = """
WITH standing AS (
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, d.month_until
    FROM duty AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s
    UNION ALL
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, d.month_until
    FROM duty_past AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s
      AND d.known_to > %(known)s AND (d.valid_to > %(as_of)s OR d.ended_from > %(known)s)
), segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation, m.accepted_by, m.branch
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.accepted_by, r.branch
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s
      AND r.known_to > %(known)s AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), concerned AS (
    SELECT s.member_id FROM segment AS s WHERE s.affiliation = ANY (%(organisations)s::text[])
    UNION
    SELECT s.member_id FROM segment AS s WHERE s.accepted_by = ANY (%(organisations)s::text[])
    UNION
    SELECT s.member_id FROM segment AS s WHERE s.branch = ANY (%(organisations)s::text[])
), clock AS (
    SELECT k.* FROM concerned AS o
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.subject, m.origin_owner, m.origin_owner_region, m.origin_since_us, m.origin_month,
            m.destination_owner, m.destination_owner_region, m.destination_since_us, m.destination_month,
            m.review_owner, m.review_owner_region, m.review_since_us, m.review_due_on, m.review_provisional
        FROM member AS m
        WHERE m.member_id = o.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
        UNION ALL
        (SELECT c.member_id, c.subject, c.origin_owner, c.origin_owner_region, c.origin_since_us, c.origin_month,
            c.destination_owner, c.destination_owner_region, c.destination_since_us, c.destination_month,
            c.review_owner, c.review_owner_region, c.review_since_us, c.review_due_on, c.review_provisional
        FROM clock_past AS c
        WHERE c.member_id = o.member_id AND c.valid_from <= %(as_of)s AND c.known_from <= %(known)s
          AND c.known_to > %(known)s AND (c.valid_to > %(as_of)s OR c.ended_from > %(known)s)
        ORDER BY c.valid_from DESC LIMIT 1)
        LIMIT 1
    ) AS k
), item AS (
    SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, d.due_on, d.provisional, NULL::date AS month,
        CASE WHEN d.subject <> '' AND right(d.key, length(d.subject)) <> d.subject
             THEN d.subject || '.' || d.key ELSE d.key END AS duty_id
    FROM standing AS d
    WHERE d.month_from IS NULL
    UNION ALL
    SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, (s.month + p.length - interval '1 day')::date,
        false, s.month::date,
        CASE WHEN d.subject <> '' THEN d.subject || '.' ELSE '' END
            || regexp_replace(d.key, '\\.[0-9]{4}(-[0-9]{2})?$', '') || to_char(s.month, p.form)
    FROM standing AS d
    JOIN (
        VALUES ('inspect_card', interval '1 year', interval '1 year', '.YYYY'),
            ('issue_feedback', interval '1 month', interval '1 year', '.YYYY'),
            ('monthly_contact', interval '1 month', interval '1 month', '.YYYY-MM')
    ) AS p (kind, length, step, form) ON p.kind = d.kind
    CROSS JOIN LATERAL generate_series(
        d.month_from::timestamp, least(coalesce(d.month_until, %(month)s), %(month)s)::timestamp, p.step
    ) AS s (month)
    WHERE d.month_from IS NOT NULL
    UNION ALL
    SELECT m.member_id, 'monthly_contact', m.origin_owner, m.origin_owner_region, m.origin_since_us,
        (s.month + interval '1 month - 1 day')::date, false, s.month::date,
        CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END
            || 'monthly_contact.origin' || to_char(s.month, '.YYYY-MM')
    FROM clock AS m
    CROSS JOIN LATERAL generate_series(m.origin_month::timestamp, %(month)s::timestamp, interval '1 month') AS s (month)
    WHERE m.origin_owner = ANY (%(organisations)s::text[]) AND m.origin_since_us <= %(as_of)s
    UNION ALL
    SELECT m.member_id, 'monthly_contact', m.destination_owner, m.destination_owner_region, m.destination_since_us,
        (s.month + interval '1 month - 1 day')::date, false, s.month::date,
        CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END
            || 'monthly_contact.destination' || to_char(s.month, '.YYYY-MM')
    FROM clock AS m
    CROSS JOIN LATERAL generate_series(
        m.destination_month::timestamp, %(month)s::timestamp, interval '1 month'
    ) AS s (month)
    WHERE m.destination_owner = ANY (%(organisations)s::text[]) AND m.destination_since_us <= %(as_of)s
    UNION ALL
    SELECT m.member_id, 'lost_contact_review', m.review_owner, m.review_owner_region, m.review_since_us,
        m.review_due_on, m.review_provisional, NULL::date,
        CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'lost_contact_review'
    FROM clock AS m
    WHERE m.review_owner = ANY (%(organisations)s::text[]) AND m.review_since_us <= %(as_of)s
    UNION ALL
    SELECT %(nobody)s::uuid, 'resume_webhook', w.organisation, w.region, w.since_us, w.due_on, w.provisional,
        NULL::date, 'resume_webhook.' || w.subscription_id
    FROM webhook_duty AS w
    WHERE w.organisation = ANY (%(organisations)s::text[]) AND w.since_us <= %(as_of)s AND w.known_from <= %(known)s
      AND (w.until_us IS NULL OR w.until_us > %(as_of)s OR w.known_to > %(known)s)
)
SELECT * FROM item
WHERE (%(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s::text[]))
  AND (%(member)s::uuid IS NULL OR member_id = %(member)s::uuid)
  AND (%(liaison)s::text IS NULL
       OR member_id IN (SELECT m.member_id FROM member AS m WHERE m.liaison = %(liaison)s::text))
  AND (%(overdue)s::boolean IS NULL OR (due_on < %(today)s) = %(overdue)s::boolean)
  AND (%(due)s::date IS NULL OR (due_on, duty_id COLLATE "C", member_id)
       > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid))
ORDER BY due_on, duty_id COLLATE "C", member_id LIMIT %(limit)s
"""
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
    found = answer(connection, moment, parameters, now=NOW, then=_THEN)
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
