"""The statement of what is owed now, which writes out only those duties that can stand on the page asked for.

A committee of ten thousand members owes some twenty thousand duties, nearly all of them monthly contacts. Of each
member only the first month owed behind the page before is looked at, and only of those who are first by it all months
are written out: whoever is not on the page with their first month is not with a later one either. What else is owed
again and again is counted by due day, and what is due behind the page's last day is not written out.
"""

from __future__ import annotations

from typing import Final

# `due`, `duty` and `after` are the last duty of the page before, all three NULL for the first page; `turned` is the
# month of `due`, with the day that its contacts are due and what their ids end in, and `turn` the month after it.
# Contacts are owed for months from `low` (NULL: whichever) to `high`. Those of one month are told apart by what their
# ids begin with: a subject is an id, and no id goes on where another ends. The two sides of a contact are asked apart,
# each by the index of its own columns.
NOW: Final = """
WITH contact AS MATERIALIZED (
    (SELECT m.member_id, m.origin_owner AS organisation, m.origin_owner_region AS region, m.origin_since_us AS since_us,
        greatest(m.origin_month, %(low)s::date, CASE WHEN %(due)s::date IS NULL THEN NULL
            WHEN (%(turned_due)s::date, CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END
                  || 'monthly_contact.origin' || %(turned_ending)s::text COLLATE "C", m.member_id)
               > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid) THEN %(turned)s::date
            ELSE %(turn)s::date END) AS month,
        (CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'monthly_contact.origin') COLLATE "C" AS begun
    FROM member AS m
    WHERE %(monthly)s AND m.origin_owner = ANY (%(organisations)s::text[]) AND m.origin_since_us <= %(as_of)s
      AND m.origin_month <= %(high)s
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL OR m.liaison = %(liaison)s::text)
    ORDER BY month, begun, m.member_id LIMIT %(limit)s)
    UNION ALL
    (SELECT m.member_id, m.destination_owner, m.destination_owner_region, m.destination_since_us,
        greatest(m.destination_month, %(low)s::date, CASE WHEN %(due)s::date IS NULL THEN NULL
            WHEN (%(turned_due)s::date, CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END
                  || 'monthly_contact.destination' || %(turned_ending)s::text COLLATE "C", m.member_id)
               > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid) THEN %(turned)s::date
            ELSE %(turn)s::date END) AS month,
        (CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'monthly_contact.destination') COLLATE "C"
            AS begun
    FROM member AS m
    WHERE %(monthly)s AND m.destination_owner = ANY (%(organisations)s::text[]) AND m.destination_since_us <= %(as_of)s
      AND m.destination_month <= %(high)s
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL OR m.liaison = %(liaison)s::text)
    ORDER BY month, begun, m.member_id LIMIT %(limit)s)
), standing AS MATERIALIZED (
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, coalesce(d.month_until, 'infinity') AS month_until
    FROM duty AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s
      AND (%(kinds)s::text[] IS NULL OR d.kind = ANY (%(kinds)s::text[]))
      AND (%(member)s::uuid IS NULL OR d.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL
           OR d.member_id IN (SELECT m.member_id FROM member AS m WHERE m.liaison = %(liaison)s::text))
), once AS NOT MATERIALIZED (
    SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, d.due_on, d.provisional,
        CASE WHEN d.subject <> '' AND right(d.key, length(d.subject)) <> d.subject
             THEN d.subject || '.' || d.key ELSE d.key END AS duty_id
    FROM standing AS d WHERE d.month_from IS NULL
    UNION ALL
    SELECT m.member_id, 'lost_contact_review', m.review_owner, m.review_owner_region, m.review_since_us,
        m.review_due_on, m.review_provisional,
        CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'lost_contact_review'
    FROM member AS m
    WHERE %(review)s AND m.review_owner = ANY (%(organisations)s::text[]) AND m.review_since_us <= %(as_of)s
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL OR m.liaison = %(liaison)s::text)
    UNION ALL
    SELECT %(nobody)s::uuid, 'resume_webhook', w.organisation, w.region, w.since_us, w.due_on, w.provisional,
        'resume_webhook.' || w.subscription_id
    FROM webhook_duty AS w
    WHERE w.organisation = ANY (%(organisations)s::text[]) AND w.since_us <= %(as_of)s
      AND (w.until_us IS NULL OR w.until_us > %(as_of)s)
      AND (%(kinds)s::text[] IS NULL OR 'resume_webhook' = ANY (%(kinds)s::text[]))
      AND (%(member)s::uuid IS NULL OR %(member)s::uuid = %(nobody)s::uuid) AND %(liaison)s::text IS NULL
), again AS MATERIALIZED (
    SELECT r.kind, r.month_from, r.month_until, r.amount, s.month::date AS month,
        (s.month + p.length - interval '1 day')::date AS due_on, to_char(s.month, p.form) AS ending
    FROM (
        SELECT kind, month_from, month_until, count(*) AS amount
        FROM standing WHERE month_from IS NOT NULL GROUP BY kind, month_from, month_until
    ) AS r
    JOIN (
        VALUES ('inspect_card', interval '1 year', interval '1 year', '.YYYY'),
            ('issue_feedback', interval '1 month', interval '1 year', '.YYYY'),
            ('monthly_contact', interval '1 month', interval '1 month', '.YYYY-MM')
    ) AS p (kind, length, step, form) ON p.kind = r.kind
    CROSS JOIN LATERAL generate_series(
        r.month_from::timestamp, least(r.month_until, %(month)s)::timestamp, p.step
    ) AS s (month)
), last_day AS MATERIALIZED (
    SELECT coalesce(min(c.due_on), 'infinity'::date) AS due_on
    FROM (
        SELECT d.due_on, sum(sum(d.amount)) OVER (ORDER BY d.due_on) AS up_to
        FROM again AS d
        WHERE (%(due)s::date IS NULL OR d.due_on > %(due)s::date)
          AND (%(overdue)s::boolean IS NULL OR (d.due_on < %(today)s) = %(overdue)s::boolean)
        GROUP BY d.due_on
    ) AS c
    WHERE c.up_to >= %(limit)s
)
SELECT p.version, p.position, p.latest_us, p.updated_at, i.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT o.member_id, o.kind, o.organisation, o.region, o.since_us, o.due_on, o.provisional, NULL::date AS month,
            o.duty_id
        FROM once AS o
        UNION ALL
        SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, s.due_on, false, s.month,
            CASE WHEN d.subject = '' AND strpos(d.key, '.') = 0 THEN d.key
                 ELSE CASE WHEN d.subject <> '' THEN d.subject || '.' ELSE '' END || left(d.key, CASE
                    WHEN translate(right(d.key, 5), '123456789', '000000000') = '.0000' THEN -5
                    WHEN translate(right(d.key, 8), '123456789', '000000000') = '.0000-00' THEN -8
                    ELSE length(d.key) END) END || s.ending
        FROM again AS s
        CROSS JOIN LATERAL (
            SELECT * FROM standing AS d
            WHERE d.month_from = s.month_from AND d.month_until = s.month_until AND d.kind = s.kind OFFSET 0
        ) AS d
        WHERE (%(due)s::date IS NULL OR s.due_on >= %(due)s::date) AND s.due_on <= (SELECT due_on FROM last_day)
        UNION ALL
        SELECT c.member_id, 'monthly_contact', c.organisation, c.region, c.since_us,
            (s.month + interval '1 month - 1 day')::date, false, s.month::date, c.begun || to_char(s.month, '.YYYY-MM')
        FROM contact AS c
        CROSS JOIN LATERAL generate_series(c.month::timestamp, %(high)s::timestamp, interval '1 month') AS s (month)
    ) AS item
    WHERE (%(overdue)s::boolean IS NULL OR (due_on < %(today)s) = %(overdue)s::boolean)
      AND (%(due)s::date IS NULL OR (due_on, duty_id COLLATE "C", member_id)
           > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid))
    ORDER BY due_on, duty_id COLLATE "C", member_id LIMIT %(limit)s
) AS i ON true
WHERE p.name = 'read_models'
ORDER BY i.due_on, i.duty_id COLLATE "C", i.member_id
"""
