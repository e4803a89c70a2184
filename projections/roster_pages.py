"""The statements of a region's roster, page by page in the order of an index: by region code, then member id.

However large the region, a page reads little more than its own rows: each range of codes is entered where the page
before ended. The code is that of the affiliation, or for who is here from elsewhere that of the place.
"""

from __future__ import annotations

from typing import Final

NOW: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at,
    c.member_id, c.affiliation, c.affiliation_region, c.responsible, c.holder, c.accepted_by, c.branch, c.stage,
    c.view,
    c.origin_region, c.declared_region, c.region, c.leg, c.movement_id, c.category, c.scope, c.since_us, c.abroad,
    c.last_contact_at, c.lost, c.first_due_on, c.code
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT f.* FROM (
        SELECT h.* FROM (
            SELECT greatest(lo, %(code)s::text COLLATE "C") AS lo, hi,
                CASE WHEN %(code)s::text COLLATE "C" < lo THEN %(zero)s::uuid ELSE %(after)s::uuid END AS after
            FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS one (lo, hi)
        ) AS s
        CROSS JOIN LATERAL (
            SELECT m.*, m.affiliation_region AS code FROM member AS m
            WHERE m.affiliation_region < s.hi AND (m.affiliation_region, m.member_id) > (s.lo, s.after)
              AND m.membership <> 'ended' AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
              AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
              AND (NOT %(leaving)s OR (m.movement_id IS NOT NULL AND m.stage <> 'closed' AND NOT EXISTS (
                    SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
                    WHERE m.region >= b.lo AND m.region < b.hi
                  ) AND (m.region IS NOT NULL OR m.abroad)))
            ORDER BY m.affiliation_region, m.member_id LIMIT %(limit)s
        ) AS h
        UNION ALL
        SELECT h.* FROM (
            SELECT greatest(lo, %(code)s::text COLLATE "C") AS lo, hi,
                CASE WHEN %(code)s::text COLLATE "C" < lo THEN %(zero)s::uuid ELSE %(after)s::uuid END AS after
            FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS one (lo, hi)
        ) AS s
        CROSS JOIN LATERAL (
            SELECT m.*, m.region AS code FROM member AS m
            WHERE m.region < s.hi AND (m.region, m.member_id) > (s.lo, s.after)
              AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
              AND m.membership <> 'ended' AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
              AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
              AND (NOT %(leaving)s OR (m.origin_region IS NOT NULL AND NOT EXISTS (
                    SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
                    WHERE m.origin_region >= b.lo AND m.origin_region < b.hi
                  )))
            ORDER BY m.region, m.member_id LIMIT %(limit)s
        ) AS h
    ) AS f
    ORDER BY f.code, f.member_id LIMIT %(limit)s
) AS c ON true
WHERE p.name = 'read_models'
ORDER BY c.code, c.member_id
"""

THEN: Final = """
WITH page AS (
    SELECT f.* FROM (
        SELECT h.* FROM (
            SELECT greatest(lo, %(code)s::text COLLATE "C") AS lo, hi,
                CASE WHEN %(code)s::text COLLATE "C" < lo THEN %(zero)s::uuid ELSE %(after)s::uuid END AS after
            FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS one (lo, hi)
        ) AS s
        CROSS JOIN LATERAL (
            SELECT u.* FROM (
            (SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
                m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category,
                m.scope, m.since_us, m.abroad, m.affiliation_region AS code
            FROM member AS m
            WHERE m.affiliation_region < s.hi AND (m.affiliation_region, m.member_id) > (s.lo, s.after)
              AND (m.affiliation_region, m.member_id) <= (%(until_code)s::text COLLATE "C", %(until)s::uuid)
              AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
              AND m.membership <> 'ended' AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
              AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
              AND (NOT %(leaving)s OR (m.movement_id IS NOT NULL AND m.stage <> 'closed' AND NOT EXISTS (
                    SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
                    WHERE m.region >= b.lo AND m.region < b.hi
                  ) AND (m.region IS NOT NULL OR m.abroad)))
            ORDER BY m.affiliation_region, m.member_id LIMIT %(limit)s)
            UNION ALL
            (SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
                m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category,
                m.scope, m.since_us, m.abroad, m.affiliation_region AS code
            FROM roster_past AS m
            WHERE m.affiliation_region < s.hi AND (m.affiliation_region, m.member_id) > (s.lo, s.after)
              AND (m.affiliation_region, m.member_id) <= (%(until_code)s::text COLLATE "C", %(until)s::uuid)
              AND m.valid_from <= %(as_of)s AND m.known_from <= %(known)s AND m.known_to > %(known)s
              AND (m.valid_to > %(as_of)s OR m.ended_from > %(known)s)
              AND m.membership <> 'ended' AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
              AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
              AND (NOT %(leaving)s OR (m.movement_id IS NOT NULL AND m.stage <> 'closed' AND NOT EXISTS (
                    SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
                    WHERE m.region >= b.lo AND m.region < b.hi
                  ) AND (m.region IS NOT NULL OR m.abroad)))
            ORDER BY m.affiliation_region, m.member_id LIMIT %(limit)s)
            ) AS u ORDER BY u.code, u.member_id LIMIT %(limit)s
        ) AS h
        UNION ALL
        SELECT h.* FROM (
            SELECT greatest(lo, %(code)s::text COLLATE "C") AS lo, hi,
                CASE WHEN %(code)s::text COLLATE "C" < lo THEN %(zero)s::uuid ELSE %(after)s::uuid END AS after
            FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS one (lo, hi)
        ) AS s
        CROSS JOIN LATERAL (
            SELECT u.* FROM (
            (SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
                m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category,
                m.scope, m.since_us, m.abroad, m.region AS code
            FROM member AS m
            WHERE m.region < s.hi AND (m.region, m.member_id) > (s.lo, s.after)
              AND (m.region, m.member_id) <= (%(until_code)s::text COLLATE "C", %(until)s::uuid)
              AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
              AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
              AND m.membership <> 'ended' AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
              AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
              AND (NOT %(leaving)s OR (m.origin_region IS NOT NULL AND NOT EXISTS (
                    SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
                    WHERE m.origin_region >= b.lo AND m.origin_region < b.hi
                  )))
            ORDER BY m.region, m.member_id LIMIT %(limit)s)
            UNION ALL
            (SELECT m.member_id, m.affiliation, m.affiliation_region, m.responsible, m.holder, m.accepted_by, m.branch,
                m.stage, m.view, m.origin_region, m.declared_region, m.region, m.leg, m.movement_id, m.category,
                m.scope, m.since_us, m.abroad, m.region AS code
            FROM roster_past AS m
            WHERE m.region < s.hi AND (m.region, m.member_id) > (s.lo, s.after)
              AND (m.region, m.member_id) <= (%(until_code)s::text COLLATE "C", %(until)s::uuid)
              AND m.valid_from <= %(as_of)s AND m.known_from <= %(known)s AND m.known_to > %(known)s
              AND (m.valid_to > %(as_of)s OR m.ended_from > %(known)s)
              AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
              AND m.membership <> 'ended' AND (%(stages)s::text[] IS NULL OR m.stage = ANY (%(stages)s::text[]))
              AND (%(views)s::text[] IS NULL OR m.view = ANY (%(views)s::text[]))
              AND (NOT %(leaving)s OR (m.origin_region IS NOT NULL AND NOT EXISTS (
                    SELECT FROM unnest(%(border_lows)s::text[], %(border_highs)s::text[]) AS b (lo, hi)
                    WHERE m.origin_region >= b.lo AND m.origin_region < b.hi
                  )))
            ORDER BY m.region, m.member_id LIMIT %(limit)s)
            ) AS u ORDER BY u.code, u.member_id LIMIT %(limit)s
        ) AS h
    ) AS f
    ORDER BY f.code, f.member_id LIMIT %(limit)s
)
SELECT c.member_id, c.affiliation, c.affiliation_region, c.responsible, c.holder, c.accepted_by, c.branch, c.stage,
    c.view,
    c.origin_region, c.declared_region, c.region, c.leg, c.movement_id, c.category, c.scope, c.since_us, c.abroad,
    k.last_contact_at, coalesce(k.lost, false), k.first_due_on, c.code
FROM page AS c
LEFT JOIN LATERAL (
    (SELECT m.last_contact_at, m.lost, m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s)
    UNION ALL
    (SELECT p.last_contact_at, p.lost, p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
ORDER BY c.code, c.member_id
"""

# Where so many members on end, as they stand now: the past of a page is looked for no further at first. On a late day
# hardly any row of the past stands, on an early one hardly any current row: either would be read to the region's end.
AHEAD: Final = """
SELECT f.code, f.member_id FROM (
    SELECT h.* FROM (
        SELECT greatest(lo, %(code)s::text COLLATE "C") AS lo, hi,
            CASE WHEN %(code)s::text COLLATE "C" < lo THEN %(zero)s::uuid ELSE %(after)s::uuid END AS after
        FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS one (lo, hi)
    ) AS s
    CROSS JOIN LATERAL (
        SELECT m.affiliation_region AS code, m.member_id FROM member AS m
        WHERE m.affiliation_region < s.hi AND (m.affiliation_region, m.member_id) > (s.lo, s.after)
        ORDER BY m.affiliation_region, m.member_id LIMIT %(ahead)s
    ) AS h
    UNION ALL
    SELECT h.* FROM (
        SELECT greatest(lo, %(code)s::text COLLATE "C") AS lo, hi,
            CASE WHEN %(code)s::text COLLATE "C" < lo THEN %(zero)s::uuid ELSE %(after)s::uuid END AS after
        FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS one (lo, hi)
    ) AS s
    CROSS JOIN LATERAL (
        SELECT m.region AS code, m.member_id FROM member AS m
        WHERE m.region < s.hi AND (m.region, m.member_id) > (s.lo, s.after)
        ORDER BY m.region, m.member_id LIMIT %(ahead)s
    ) AS h
) AS f
ORDER BY f.code, f.member_id OFFSET %(ahead)s - 1 LIMIT 1
"""
