"""The statement of what is owed now, which writes out only those duties that can stand on the page asked for.

A committee of ten thousand members owes some twenty thousand duties, nearly all of them monthly contacts. Members and
their duties are read once, counted by due day, and of the days before the page and beyond it nothing is written out.
"""

from __future__ import annotations

from typing import Final

# `due`, `duty` and `after` are the last duty of the page before, all three NULL for the first page.
NOW: Final = """
WITH clock AS MATERIALIZED (
    SELECT m.member_id, m.subject, m.origin_owner, m.origin_owner_region, m.origin_since_us, m.origin_month,
        m.destination_owner, m.destination_owner_region, m.destination_since_us, m.destination_month,
        m.review_owner, m.review_owner_region, m.review_since_us, m.review_due_on, m.review_provisional
    FROM member AS m
    WHERE ((%(monthly)s AND m.origin_owner = ANY (%(organisations)s::text[]))
           OR (%(monthly)s AND m.destination_owner = ANY (%(organisations)s::text[]))
           OR (%(review)s AND m.review_owner = ANY (%(organisations)s::text[]) AND m.review_since_us <= %(as_of)s))
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL OR m.liaison = %(liaison)s::text)
), standing AS MATERIALIZED (
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, d.month_until
    FROM duty AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s
      AND (%(kinds)s::text[] IS NULL OR d.kind = ANY (%(kinds)s::text[]))
      AND (%(member)s::uuid IS NULL OR d.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL
           OR d.member_id IN (SELECT m.member_id FROM member AS m WHERE m.liaison = %(liaison)s::text))
), webhook AS MATERIALIZED (
    SELECT %(nobody)s::uuid AS member_id, w.subscription_id, w.organisation, w.region, w.since_us, w.due_on,
        w.provisional
    FROM webhook_duty AS w
    WHERE w.organisation = ANY (%(organisations)s::text[]) AND w.since_us <= %(as_of)s
      AND (w.until_us IS NULL OR w.until_us > %(as_of)s)
      AND (%(kinds)s::text[] IS NULL OR 'resume_webhook' = ANY (%(kinds)s::text[]))
      AND (%(member)s::uuid IS NULL OR %(member)s::uuid = %(nobody)s::uuid) AND %(liaison)s::text IS NULL
), once AS NOT MATERIALIZED (
    SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, d.due_on, d.provisional,
        CASE WHEN d.subject <> '' AND right(d.key, length(d.subject)) <> d.subject
             THEN d.subject || '.' || d.key ELSE d.key END AS duty_id
    FROM standing AS d WHERE d.month_from IS NULL
    UNION ALL
    SELECT c.member_id, 'lost_contact_review', c.review_owner, c.review_owner_region, c.review_since_us,
        c.review_due_on, c.review_provisional,
        CASE WHEN c.subject <> '' THEN c.subject || '.' ELSE '' END || 'lost_contact_review'
    FROM clock AS c
    WHERE %(review)s AND c.review_owner = ANY (%(organisations)s::text[]) AND c.review_since_us <= %(as_of)s
    UNION ALL
    SELECT w.member_id, 'resume_webhook', w.organisation, w.region, w.since_us, w.due_on, w.provisional,
        'resume_webhook.' || w.subscription_id
    FROM webhook AS w
), again AS NOT MATERIALIZED (
    SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, d.month_from,
        least(coalesce(d.month_until, %(month)s), %(month)s)::date AS month_until,
        CASE WHEN d.subject <> '' THEN d.subject || '.' ELSE '' END || left(d.key, CASE
            WHEN translate(right(d.key, 5), '123456789', '000000000') = '.0000' THEN -5
            WHEN translate(right(d.key, 8), '123456789', '000000000') = '.0000-00' THEN -8
            ELSE length(d.key) END) AS beginning
    FROM standing AS d WHERE d.month_from IS NOT NULL
    UNION ALL
    SELECT c.member_id, 'monthly_contact', c.origin_owner, c.origin_owner_region, c.origin_since_us, c.origin_month,
        %(month)s::date, CASE WHEN c.subject <> '' THEN c.subject || '.' ELSE '' END || 'monthly_contact.origin'
    FROM clock AS c
    WHERE %(monthly)s AND c.origin_owner = ANY (%(organisations)s::text[]) AND c.origin_since_us <= %(as_of)s
    UNION ALL
    SELECT c.member_id, 'monthly_contact', c.destination_owner, c.destination_owner_region, c.destination_since_us,
        c.destination_month, %(month)s::date,
        CASE WHEN c.subject <> '' THEN c.subject || '.' ELSE '' END || 'monthly_contact.destination'
    FROM clock AS c
    WHERE %(monthly)s AND c.destination_owner = ANY (%(organisations)s::text[])
      AND c.destination_since_us <= %(as_of)s
), month AS MATERIALIZED (
    SELECT r.kind, s.month::date AS month, (s.month + p.length - interval '1 day')::date AS due_on,
        p.step = interval '1 year' AS yearly, to_char(s.month, p.form) AS ending, sum(r.amount) AS amount
    FROM (
        SELECT kind, month_from, month_until, count(*) AS amount FROM again GROUP BY kind, month_from, month_until
    ) AS r
    JOIN (
        VALUES ('inspect_card', interval '1 year', interval '1 year', '.YYYY'),
            ('issue_feedback', interval '1 month', interval '1 year', '.YYYY'),
            ('monthly_contact', interval '1 month', interval '1 month', '.YYYY-MM')
    ) AS p (kind, length, step, form) ON p.kind = r.kind
    CROSS JOIN LATERAL generate_series(r.month_from::timestamp, r.month_until::timestamp, p.step) AS s (month)
    GROUP BY 1, 2, 3, 4, 5
), last_day AS MATERIALIZED (
    SELECT coalesce(min(c.due_on), 'infinity'::date) AS due_on
    FROM (
        SELECT d.due_on, sum(d.amount) OVER (ORDER BY d.due_on) AS up_to
        FROM (
            SELECT due_on, amount FROM month
            UNION ALL
            SELECT due_on, count(*) FROM once GROUP BY due_on
        ) AS d
        WHERE (%(due)s::date IS NULL OR d.due_on > %(due)s::date)
          AND (%(overdue)s::boolean IS NULL OR (d.due_on < %(today)s) = %(overdue)s::boolean)
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
        WHERE (%(due)s::date IS NULL OR o.due_on >= %(due)s::date) AND o.due_on <= (SELECT due_on FROM last_day)
        UNION ALL
        SELECT r.member_id, r.kind, r.organisation, r.region, r.since_us, s.due_on, false, s.month,
            r.beginning || s.ending
        FROM month AS s
        JOIN again AS r ON r.kind = s.kind AND s.month BETWEEN r.month_from AND r.month_until
          AND (NOT s.yearly OR extract(month FROM s.month) = extract(month FROM r.month_from))
        WHERE (%(due)s::date IS NULL OR s.due_on >= %(due)s::date) AND s.due_on <= (SELECT due_on FROM last_day)
    ) AS item
    WHERE (%(overdue)s::boolean IS NULL OR (due_on < %(today)s) = %(overdue)s::boolean)
      AND (%(due)s::date IS NULL OR (due_on, duty_id COLLATE "C", member_id)
           > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid))
    ORDER BY due_on, duty_id COLLATE "C", member_id LIMIT %(limit)s
) AS i ON true
WHERE p.name = 'read_models'
ORDER BY i.due_on, i.duty_id COLLATE "C", i.member_id
"""
