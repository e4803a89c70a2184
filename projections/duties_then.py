"""The statement of what was owed on a day gone by, or as known at an earlier position.

Nothing finds clocks of the past but their member: each of those whom the organisations had then is looked up. Whose
clocks are still those of now is told by the member's own row. As in the statement of now, of a member only the first
month owed behind the page before is looked at, and only of those who are first by it all months are written out.
"""

from __future__ import annotations

from typing import Final

# What ended by the moment and is known to have, is passed over by the indexes that end in `valid_to`; at an earlier
# position it may not have been known yet, so that `ended` begins before all times there. Parameters as in duties_now.
THEN: Final = """
WITH ended AS MATERIALIZED (
    SELECT CASE WHEN p.position <= %(known)s THEN %(as_of)s ELSE -9223372036854775808 END AS by
    FROM projection_position AS p WHERE p.name = 'read_models'
), standing AS (
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, d.month_until
    FROM duty AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s
      AND (%(member)s::uuid IS NULL OR d.member_id = %(member)s::uuid)
    UNION ALL
    SELECT d.member_id, d.key, d.kind, d.organisation, d.region, d.subject, d.since_us, d.due_on, d.provisional,
        d.month_from, d.month_until
    FROM duty_past AS d
    WHERE d.organisation = ANY (%(organisations)s::text[]) AND d.valid_to > (SELECT by FROM ended)
      AND d.valid_from <= %(as_of)s AND d.known_from <= %(known)s AND d.known_to > %(known)s
      AND (d.valid_to > %(as_of)s OR d.ended_from > %(known)s)
      AND (%(member)s::uuid IS NULL OR d.member_id = %(member)s::uuid)
), segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation, m.accepted_by, m.branch,
        m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s AS told
    FROM member AS m
    WHERE (%(monthly)s OR %(review)s) AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
      AND (%(member)s::uuid IS NULL OR m.member_id = %(member)s::uuid)
    UNION ALL
    SELECT r.member_id, r.affiliation, r.accepted_by, r.branch, false
    FROM roster_past AS r
    WHERE (%(monthly)s OR %(review)s) AND r.valid_to > (SELECT by FROM ended)
      AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
      AND (%(member)s::uuid IS NULL OR r.member_id = %(member)s::uuid)
), concerned AS MATERIALIZED (
    SELECT s.member_id, s.told FROM segment AS s WHERE s.affiliation = ANY (%(organisations)s::text[])
    UNION
    SELECT s.member_id, s.told FROM segment AS s WHERE s.accepted_by = ANY (%(organisations)s::text[])
    UNION
    SELECT s.member_id, s.told FROM segment AS s WHERE s.branch = ANY (%(organisations)s::text[])
), clock AS MATERIALIZED (
    SELECT m.member_id, m.subject, m.origin_owner, m.origin_owner_region, m.origin_since_us, m.origin_month,
        m.destination_owner, m.destination_owner_region, m.destination_since_us, m.destination_month,
        m.review_owner, m.review_owner_region, m.review_since_us, m.review_due_on, m.review_provisional
    FROM concerned AS o
    JOIN member AS m ON m.member_id = o.member_id
    WHERE o.told
    UNION ALL
    SELECT k.* FROM concerned AS o
    CROSS JOIN LATERAL (
        (SELECT c.member_id, c.subject, c.origin_owner, c.origin_owner_region, c.origin_since_us, c.origin_month,
            c.destination_owner, c.destination_owner_region, c.destination_since_us, c.destination_month,
            c.review_owner, c.review_owner_region, c.review_since_us, c.review_due_on, c.review_provisional
        FROM clock_past AS c
        WHERE c.member_id = o.member_id AND c.valid_from <= %(as_of)s AND c.known_from <= %(known)s
          AND c.known_to > %(known)s AND (c.valid_to > %(as_of)s OR c.ended_from > %(known)s)
        ORDER BY c.valid_from DESC LIMIT 1)
        UNION ALL
        SELECT m.member_id, m.subject, m.origin_owner, m.origin_owner_region, m.origin_since_us, m.origin_month,
            m.destination_owner, m.destination_owner_region, m.destination_since_us, m.destination_month,
            m.review_owner, m.review_owner_region, m.review_since_us, m.review_due_on, m.review_provisional
        FROM member AS m
        WHERE m.member_id = o.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
        LIMIT 1
    ) AS k
    WHERE NOT o.told
), contact AS MATERIALIZED (
    (SELECT m.member_id, m.origin_owner AS organisation, m.origin_owner_region AS region, m.origin_since_us AS since_us,
        greatest(m.origin_month, %(low)s::date, CASE WHEN %(due)s::date IS NULL THEN NULL
            WHEN (%(turned_due)s::date, CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END
                  || 'monthly_contact.origin' || %(turned_ending)s::text COLLATE "C", m.member_id)
               > (%(due)s::date, %(duty)s::text COLLATE "C", %(after)s::uuid) THEN %(turned)s::date
            ELSE %(turn)s::date END) AS month,
        (CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'monthly_contact.origin') COLLATE "C" AS begun
    FROM clock AS m
    WHERE %(monthly)s AND m.origin_owner = ANY (%(organisations)s::text[]) AND m.origin_since_us <= %(as_of)s
      AND m.origin_month <= %(high)s
      AND (%(liaison)s::text IS NULL
           OR m.member_id IN (SELECT l.member_id FROM member AS l WHERE l.liaison = %(liaison)s::text))
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
    FROM clock AS m
    WHERE %(monthly)s AND m.destination_owner = ANY (%(organisations)s::text[]) AND m.destination_since_us <= %(as_of)s
      AND m.destination_month <= %(high)s
      AND (%(liaison)s::text IS NULL
           OR m.member_id IN (SELECT l.member_id FROM member AS l WHERE l.liaison = %(liaison)s::text))
    ORDER BY month, begun, m.member_id LIMIT %(limit)s)
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
    SELECT c.member_id, 'monthly_contact', c.organisation, c.region, c.since_us,
        (s.month + interval '1 month - 1 day')::date, false, s.month::date, c.begun || to_char(s.month, '.YYYY-MM')
    FROM contact AS c
    CROSS JOIN LATERAL generate_series(c.month::timestamp, %(high)s::timestamp, interval '1 month') AS s (month)
    UNION ALL
    SELECT m.member_id, 'lost_contact_review', m.review_owner, m.review_owner_region, m.review_since_us,
        m.review_due_on, m.review_provisional, NULL::date,
        CASE WHEN m.subject <> '' THEN m.subject || '.' ELSE '' END || 'lost_contact_review'
    FROM clock AS m
    WHERE %(review)s AND m.review_owner = ANY (%(organisations)s::text[]) AND m.review_since_us <= %(as_of)s
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
