"""The statements that count members by view and stage one by one: of an organisation, and where nothing is kept.

Of a region nothing is kept for whoever sees a part of it only, as known at an earlier position, or within a day.
"""

from __future__ import annotations

from typing import Final

NOW_OF_ORGANISATION: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE c.first_due_on < %(today)s),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
    FROM member AS c
    WHERE (c.affiliation = ANY (%(homes)s::text[]) OR c.accepted_by = ANY (%(hosts)s::text[])
           OR c.branch = ANY (%(hosts)s::text[]) OR c.holder = ANY (%(hosts)s::text[]))
      AND c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
NOW_OF_REGION: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE c.first_due_on < %(today)s),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
        count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
    FROM (
        SELECT m.view, m.stage, m.first_due_on, m.since_us
        FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
        JOIN member AS m ON m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
        UNION ALL
        SELECT m.view, m.stage, m.first_due_on, m.since_us
        FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
        JOIN member AS m ON m.region >= s.lo AND m.region < s.hi
        WHERE left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
    ) AS c
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
# As known now, of a past day, nobody's clocks looked at: who has stood so since, and who does not stand so any more.
STOOD_IN_ORGANISATION: Final = """
SELECT p.version, p.position, p.latest_us, p.updated_at, g.*
FROM projection_position AS p
LEFT JOIN LATERAL (
    SELECT c.view, c.stage, count(*)
    FROM (
        SELECT m.view, m.stage FROM member AS m
        WHERE (m.affiliation = ANY (%(homes)s::text[]) OR m.accepted_by = ANY (%(hosts)s::text[])
               OR m.branch = ANY (%(hosts)s::text[]) OR m.holder = ANY (%(hosts)s::text[]))
          AND m.roster_from <= %(as_of)s
        UNION ALL
        SELECT r.view, r.stage FROM roster_past AS r
        WHERE (r.affiliation = ANY (%(homes)s::text[]) OR r.accepted_by = ANY (%(hosts)s::text[])
               OR r.branch = ANY (%(hosts)s::text[]) OR r.holder = ANY (%(hosts)s::text[]))
          AND r.valid_to > %(as_of)s AND r.valid_from <= %(as_of)s AND r.known_to > p.position
    ) AS c
    WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
    GROUP BY c.view, c.stage
) AS g ON true
WHERE p.name = 'read_models'
"""
THEN_OF_ORGANISATION: Final = """
WITH segment AS NOT MATERIALIZED (
    SELECT m.member_id, m.affiliation, m.affiliation_region, m.holder, m.accepted_by, m.branch, m.stage, m.view,
        m.region, m.since_us
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.affiliation_region, r.holder, r.accepted_by, r.branch, r.stage, r.view,
        r.region, r.since_us
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), chosen AS (
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.affiliation = ANY (%(homes)s::text[])
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.accepted_by = ANY (%(hosts)s::text[])
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.branch = ANY (%(hosts)s::text[]) AND (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us FROM segment AS m
    WHERE m.holder = ANY (%(hosts)s::text[])
)
SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE k.first_due_on < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM chosen AS c
LEFT JOIN LATERAL (
    SELECT m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
GROUP BY c.view, c.stage
"""
# Of a region, in each table apart: a range of codes is not carried into a union of both.
THEN_OF_REGION: Final = """
WITH chosen AS (
    SELECT h.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.view, m.stage, m.since_us FROM member AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT r.member_id, r.view, r.stage, r.since_us FROM roster_past AS r
        WHERE r.affiliation_region >= s.lo AND r.affiliation_region < s.hi
          AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
          AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
          AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT h.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.view, m.stage, m.since_us FROM member AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT r.member_id, r.view, r.stage, r.since_us FROM roster_past AS r
        WHERE r.region >= s.lo AND r.region < s.hi
          AND left(r.affiliation_region, 6) IS DISTINCT FROM left(r.region, 6)
          AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
          AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
          AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    ) AS h
)
SELECT c.view, c.stage, count(*), count(*) FILTER (WHERE k.first_due_on < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM chosen AS c
LEFT JOIN LATERAL (
    SELECT m.first_due_on FROM member AS m
    WHERE m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    UNION ALL
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    LIMIT 1
) AS k ON true
GROUP BY c.view, c.stage
"""
