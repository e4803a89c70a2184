"""The statement of what was owed on a day gone by, or as known at an earlier position.

As in the statement of now, of a member only the first month owed behind the page before is looked at, and only of those
who are first by it all months are written out. Rows of the past are found by who owed it (migration 0105): first those
contacts that were due first, and then of everything else no more than was due by the last of a page full of them.
"""

from __future__ import annotations

from typing import Final

# Parameters as in duties_now. `last` is the last contact of a page full of them: what is due later, or has an id behind
# its own, stands on no such page. An id begins with its subject, or as its key does.
THEN: Final = """
WITH named AS MATERIALIZED (
    SELECT CASE
        WHEN %(member)s::uuid IS NOT NULL THEN ARRAY[%(member)s::uuid]
        WHEN %(liaison)s::text IS NOT NULL
            THEN ARRAY(SELECT m.member_id FROM member AS m WHERE m.liaison = %(liaison)s::text)
        END AS members
), contact AS MATERIALIZED (
    (SELECT m.member_id, m.origin_owner AS organisation, m.origin_owner_region AS region, m.origin_since_us AS since_us,
        greatest(m.origin_month, %(low)s::date, CASE WHEN %(due)s::date IS NULL THEN NULL
            WHEN (%(turned_due)s::date, CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END
                  || 'monthly_contact.origin' || %(turned_ending)s::text COLLATE "C", m.member_id)
               > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid) THEN %(turned)s::date
            ELSE %(turn)s::date END) AS month,
        (CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'monthly_contact.origin') COLLATE "C" AS begun
    FROM member AS m
    WHERE %(monthly)s AND m.origin_owner = ANY (%(organisations)s::text[]) AND m.origin_since_us <= %(as_of)s
      AND m.origin_month <= %(high)s AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
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
      AND m.destination_month <= %(high)s AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL OR m.liaison = %(liaison)s::text)
    ORDER BY month, begun, m.member_id LIMIT %(limit)s)
    UNION ALL
    SELECT c.* FROM origin_contacts_in_reach(
        %(organisations)s::text[], (SELECT members FROM named), %(as_of)s, %(known)s, %(low)s::date, %(high)s::date,
        %(due)s::date, %(duty)s::text, %(after)s::uuid, %(limit)s
    ) AS c WHERE %(monthly)s
    UNION ALL
    SELECT c.* FROM destination_contacts_in_reach(
        %(organisations)s::text[], (SELECT members FROM named), %(as_of)s, %(known)s, %(low)s::date, %(high)s::date,
        %(due)s::date, %(duty)s::text, %(after)s::uuid, %(limit)s
    ) AS c WHERE %(monthly)s
), owed AS MATERIALIZED (
    SELECT c.member_id, c.organisation, c.region, c.since_us, (s.month + interval '1 month - 1 day')::date AS due_on,
        s.month::date AS month, c.begun || to_char(s.month, '.YYYY-MM') AS duty_id
    FROM contact AS c
    CROSS JOIN LATERAL generate_series(c.month::timestamp, %(high)s::timestamp, interval '1 month') AS s (month)
), last AS MATERIALIZED (
    SELECT coalesce(max(l.due_on), '9999-12-31') AS due_on, coalesce(max(l.duty_id), '') COLLATE "C" AS duty_id
    FROM (
        SELECT o.due_on, o.duty_id FROM owed AS o
        WHERE %(due)s::date IS NULL OR o.due_on > %(due)s::date
        ORDER BY o.due_on, o.duty_id COLLATE "C" OFFSET %(limit)s - 1 LIMIT 1
    ) AS l
), standing AS (
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, coalesce(d.month_until, 'infinity') AS month_until
    FROM duty AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s
      AND coalesce(d.month_from, d.due_on) <= (SELECT due_on FROM last)
      AND (%(member)s::uuid IS NULL OR d.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL
           OR d.member_id IN (SELECT m.member_id FROM member AS m WHERE m.liaison = %(liaison)s::text))
    UNION ALL
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, coalesce(d.month_until, 'infinity')
    FROM duties_in_reach(
        %(organisations)s::text[], (SELECT members FROM named), %(as_of)s, %(known)s, (SELECT due_on FROM last)
    ) AS d
), review AS (
    SELECT m.member_id, m.review_owner AS organisation, m.review_owner_region AS region, m.review_since_us AS since_us,
        m.review_due_on AS due_on, m.review_provisional AS provisional, m.subject
    FROM member AS m
    WHERE %(review)s AND m.review_owner = ANY (%(organisations)s::text[]) AND m.review_since_us <= %(as_of)s
      AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
      AND m.review_due_on <= (SELECT due_on FROM last)
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
      AND (%(liaison)s::text IS NULL OR m.liaison = %(liaison)s::text)
    UNION ALL
    SELECT c.* FROM reviews_in_reach(
        %(organisations)s::text[], (SELECT members FROM named), %(as_of)s, %(known)s, (SELECT due_on FROM last)
    ) AS c WHERE %(review)s
), again AS MATERIALIZED (
    SELECT r.kind, r.month_from, r.month_until, s.month::date AS month,
        (s.month + p.length - interval '1 day')::date AS due_on, to_char(s.month, p.form) AS ending
    FROM (SELECT DISTINCT kind, month_from, month_until FROM standing WHERE month_from IS NOT NULL) AS r
    JOIN (
        VALUES ('inspect_card', interval '1 year', interval '1 year', '.YYYY'),
            ('issue_feedback', interval '1 month', interval '1 year', '.YYYY'),
            ('monthly_contact', interval '1 month', interval '1 month', '.YYYY-MM')
    ) AS p (kind, length, step, form) ON p.kind = r.kind
    CROSS JOIN LATERAL generate_series(
        r.month_from::timestamp, least(r.month_until, %(month)s)::timestamp, p.step
    ) AS s (month)
), item AS (
    SELECT d.member_id, d.kind, d.organisation, d.region, d.since_us, d.due_on, d.provisional, NULL::date AS month,
        CASE WHEN d.subject <> '' AND right(d.key, length(d.subject)) <> d.subject
             THEN d.subject || '.' || d.key ELSE d.key END AS duty_id
    FROM standing AS d
    WHERE d.month_from IS NULL
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
        WHERE d.kind = s.kind AND d.month_from = s.month_from AND d.month_until = s.month_until
          AND (s.due_on < (SELECT due_on FROM last)
               OR CASE WHEN d.subject <> '' THEN d.subject ELSE left(d.key, -8) END COLLATE "C"
                  <= (SELECT duty_id FROM last))
        OFFSET 0
    ) AS d
    WHERE s.due_on <= (SELECT due_on FROM last) AND (%(due)s::date IS NULL OR s.due_on >= %(due)s::date)
    UNION ALL
    SELECT o.member_id, 'monthly_contact', o.organisation, o.region, o.since_us, o.due_on, false, o.month, o.duty_id
    FROM owed AS o
    UNION ALL
    SELECT r.member_id, 'lost_contact_review', r.organisation, r.region, r.since_us, r.due_on, r.provisional,
        NULL::date, CASE WHEN r.subject <> '' THEN r.subject || '.' ELSE '' END || 'lost_contact_review'
    FROM review AS r
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
