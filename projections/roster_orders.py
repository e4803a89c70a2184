"""The statements of a roster in an order that no index has: by member id, or by a day and then the member id.

Whoever fits is taken and put in order: of an organisation or a county that is little; of a province or the country it
grows with them, and the last contact changes too often for an index to be worth it. `place` is what a page ends at:
since when, the last contact, or the first day on which anything is due, as a text that sorts as they do; empty when
only the member id orders.
"""

from __future__ import annotations

from typing import Final

NOW: Final = """
WITH chosen AS (
    SELECT m.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    JOIN member AS m ON m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
    UNION ALL
    SELECT m.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    JOIN member AS m ON m.region >= s.lo AND m.region < s.hi
    WHERE left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
      AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
      AND (%(since_from)s::bigint IS NULL OR m.since_us >= %(since_from)s::bigint)
    UNION ALL
    SELECT m.* FROM member AS m
    WHERE m.affiliation = ANY (%(homes)s::text[])
      AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
    UNION ALL
    SELECT m.* FROM member AS m
    WHERE (m.accepted_by = ANY (%(hosts)s::text[]) OR m.branch = ANY (%(hosts)s::text[])
           OR m.holder = ANY (%(hosts)s::text[]))
      AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
)
SELECT p.version, p.position, p.latest_us, p.updated_at,
    c.member_id, c.affiliation, c.affiliation_region, c.responsible, c.holder, c.accepted_by, c.branch, c.stage,
    c.view,
    c.origin_region, c.declared_region, c.region, c.leg, c.movement_id, c.category, c.scope, c.since_us, c.abroad,
    c.last_contact_at, c.lost, c.first_due_on, c.place
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT n.*, o.place FROM chosen AS n
    CROSS JOIN LATERAL (
        SELECT CASE %(sorted)s::text
            WHEN 'since' THEN coalesce(lpad((n.since_us + 10000000000000000)::text, 20, '0'), '~')
            WHEN '-since' THEN coalesce(lpad((90000000000000000 - n.since_us)::text, 20, '0'), '~')
            WHEN 'last_contact_at' THEN coalesce(n.last_contact_at, '')
            WHEN 'due_on' THEN coalesce(to_char(n.first_due_on, 'YYYY-MM-DD'), '~')
            ELSE '' END COLLATE "C" AS place
    ) AS o
    WHERE membership <> 'ended' AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR view = ANY (%(views)s::text[]))
      AND (%(overdue)s::boolean IS NULL OR coalesce(first_due_on < %(today)s, false) = %(overdue)s::boolean)
      AND (%(since_from)s::bigint IS NULL OR since_us >= %(since_from)s::bigint)
      AND (%(since_until)s::bigint IS NULL OR since_us <= %(since_until)s::bigint)
      AND CASE WHEN %(sorted)s::text IS NULL THEN member_id > %(after)s::uuid
               ELSE (o.place, member_id) > (%(code)s::text COLLATE "C", %(after)s::uuid) END
      AND (NOT %(leaving)s OR (movement_id IS NOT NULL AND stage <> 'closed' AND NOT EXISTS (
            SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
            WHERE CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" >= b.lo
              AND CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" < b.hi
          ) AND (CASE WHEN %(inwards)s THEN origin_region ELSE region END IS NOT NULL OR abroad)))
    ORDER BY o.place, member_id LIMIT %(limit)s
) AS c ON true
WHERE p.name = 'read_models'
ORDER BY c.place, c.member_id
"""
THEN: Final = """
WITH segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch, m.stage,
        m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope, m.since_us,
        m.abroad, m.membership
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.affiliation_region, r.responsible, r.holder, r.accepted_by, r.branch, r.stage,
        r.view, r.origin_region, r.declared_region, r.region, r.leg, r.movement_id, r.category, r.scope, r.since_us,
        r.abroad, r.membership
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), chosen AS (
    SELECT h.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM member AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM roster_past AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.valid_from <= %(as_of)s AND m.known_from <= %(known)s AND m.known_to > %(known)s
          AND (m.valid_to > %(as_of)s OR m.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT h.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM member AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
            m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category, m.scope,
            m.since_us, m.abroad, m.membership
        FROM roster_past AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.valid_from <= %(as_of)s AND m.known_from <= %(known)s AND m.known_to > %(known)s
          AND (m.valid_to > %(as_of)s OR m.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.affiliation = ANY (%(homes)s::text[])
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.accepted_by = ANY (%(hosts)s::text[])
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.branch = ANY (%(hosts)s::text[]) AND (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.* FROM segment AS m
    WHERE m.holder = ANY (%(hosts)s::text[])
), fitting AS (
    SELECT * FROM chosen
    WHERE membership <> 'ended' AND (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))
      AND (%(views)s::text[] IS NULL OR view = ANY (%(views)s::text[]))
      AND (%(since_from)s::bigint IS NULL OR since_us >= %(since_from)s::bigint)
      AND (%(since_until)s::bigint IS NULL OR since_us <= %(since_until)s::bigint)
      AND (%(sorted)s::text IS NOT NULL OR member_id > %(after)s::uuid)
      AND (NOT %(leaving)s OR (movement_id IS NOT NULL AND stage <> 'closed' AND NOT EXISTS (
            SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
            WHERE CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" >= b.lo
              AND CASE WHEN %(inwards)s THEN origin_region ELSE region END COLLATE "C" < b.hi
          ) AND (CASE WHEN %(inwards)s THEN origin_region ELSE region END IS NOT NULL OR abroad)))
    ORDER BY member_id
)
SELECT c.member_id, c.affiliation, c.affiliation_region, c.responsible, c.holder, c.accepted_by, c.branch, c.stage,
    c.view,
    c.origin_region, c.declared_region, c.region, c.leg, c.movement_id, c.category, c.scope, c.since_us, c.abroad,
    k.last_contact_at, coalesce(k.lost, false), k.first_due_on, o.place
FROM fitting AS c
LEFT JOIN LATERAL (
    SELECT m.last_contact_at, m.lost, m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    (SELECT p.last_contact_at, p.lost, p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
CROSS JOIN LATERAL (
    SELECT CASE %(sorted)s::text
        WHEN 'since' THEN coalesce(lpad((c.since_us + 10000000000000000)::text, 20, '0'), '~')
        WHEN '-since' THEN coalesce(lpad((90000000000000000 - c.since_us)::text, 20, '0'), '~')
        WHEN 'last_contact_at' THEN coalesce(k.last_contact_at, '')
        WHEN 'due_on' THEN coalesce(to_char(k.first_due_on, 'YYYY-MM-DD'), '~')
        ELSE '' END COLLATE "C" AS place
) AS o
WHERE (%(overdue)s::boolean IS NULL OR coalesce(k.first_due_on < %(today)s, false) = %(overdue)s::boolean)
  AND (%(sorted)s::text IS NULL OR (o.place, c.member_id) > (%(code)s::text COLLATE "C", %(after)s::uuid))
ORDER BY o.place, c.member_id LIMIT %(limit)s
"""
