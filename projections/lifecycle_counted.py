"""The statements that count members by view and stage one by one: of an organisation, and where nothing is kept.

Of a region nothing is kept for whoever sees a part of it only, as known at an earlier position, or within a day. What
was due then stands in the member's row as long as its clocks are those of now (`told`), and else in a row of the past,
which is looked up before the member's: whoever stood elsewhere than now has nearly always had other clocks too.
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
    SELECT m.member_id, m.affiliation, m.holder, m.accepted_by, m.branch, m.stage, m.view, m.since_us,
        m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s AS told, m.first_due_on
    FROM member AS m WHERE m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.affiliation, r.holder, r.accepted_by, r.branch, r.stage, r.view, r.since_us, false, NULL
    FROM roster_past AS r
    WHERE r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
), chosen AS (
    SELECT m.member_id, m.view, m.stage, m.since_us, m.told, m.first_due_on FROM segment AS m
    WHERE m.affiliation = ANY (%(homes)s::text[])
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us, m.told, m.first_due_on FROM segment AS m
    WHERE m.accepted_by = ANY (%(hosts)s::text[])
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us, m.told, m.first_due_on FROM segment AS m
    WHERE m.branch = ANY (%(hosts)s::text[]) AND (m.accepted_by = ANY (%(hosts)s::text[])) IS NOT TRUE
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us, m.told, m.first_due_on FROM segment AS m
    WHERE m.holder = ANY (%(hosts)s::text[])
)
SELECT c.view, c.stage, count(*),
    count(*) FILTER (WHERE CASE WHEN c.told THEN c.first_due_on ELSE k.first_due_on END < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM chosen AS c
LEFT JOIN LATERAL (
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE NOT c.told AND p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    UNION ALL
    SELECT m.first_due_on FROM member AS m
    WHERE NOT c.told AND m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    LIMIT 1
) AS k ON true
WHERE c.stage = ANY (%(stages)s::text[]) AND c.view = ANY (%(views)s::text[])
GROUP BY c.view, c.stage
"""
# Of one range of region codes, by the affiliation or, the other bounds being NULL, by the place. With bounds that the
# planner knows it reckons with as many rows as there are, and shares the work of a large range with another process.
THEN_OF_RANGE: Final = """
SELECT c.view, c.stage, count(*),
    count(*) FILTER (WHERE CASE WHEN c.told THEN c.first_due_on ELSE k.first_due_on END < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM (
    SELECT m.member_id, m.view, m.stage, m.since_us,
        m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s AS told, m.first_due_on
    FROM member AS m
    WHERE m.affiliation_region >= %(home_low)s::text AND m.affiliation_region < %(home_high)s::text
      AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
      AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.view, r.stage, r.since_us, false, NULL FROM roster_past AS r
    WHERE r.affiliation_region >= %(home_low)s::text AND r.affiliation_region < %(home_high)s::text
      AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
      AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    UNION ALL
    SELECT m.member_id, m.view, m.stage, m.since_us,
        m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s, m.first_due_on
    FROM member AS m
    WHERE m.region >= %(place_low)s::text AND m.region < %(place_high)s::text
      AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
      AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
      AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
    UNION ALL
    SELECT r.member_id, r.view, r.stage, r.since_us, false, NULL FROM roster_past AS r
    WHERE r.region >= %(place_low)s::text AND r.region < %(place_high)s::text
      AND left(r.affiliation_region, 6) IS DISTINCT FROM left(r.region, 6)
      AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
      AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
      AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
) AS c
LEFT JOIN LATERAL (
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE NOT c.told AND p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    UNION ALL
    SELECT m.first_due_on FROM member AS m
    WHERE NOT c.told AND m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    LIMIT 1
) AS k ON true
GROUP BY c.view, c.stage
"""
# Of several: each of them in each table apart, for a range of codes is not carried into a union of both.
THEN_OF_RANGES: Final = """
WITH chosen AS (
    SELECT h.* FROM unnest(%(home_lows)s::text[], %(home_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.view, m.stage, m.since_us,
            m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s AS told, m.first_due_on
        FROM member AS m
        WHERE m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
          AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT r.member_id, r.view, r.stage, r.since_us, false, NULL FROM roster_past AS r
        WHERE r.affiliation_region >= s.lo AND r.affiliation_region < s.hi
          AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
          AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
          AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    ) AS h
    UNION ALL
    SELECT h.* FROM unnest(%(place_lows)s::text[], %(place_highs)s::text[]) AS s (lo, hi)
    CROSS JOIN LATERAL (
        SELECT m.member_id, m.view, m.stage, m.since_us,
            m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s AS told, m.first_due_on
        FROM member AS m
        WHERE m.region >= s.lo AND m.region < s.hi
          AND left(m.affiliation_region, 6) IS DISTINCT FROM left(m.region, 6)
          AND m.stage = ANY (%(stages)s::text[]) AND m.view = ANY (%(views)s::text[])
          AND m.roster_from <= %(as_of)s AND m.roster_known <= %(known)s
        UNION ALL
        SELECT r.member_id, r.view, r.stage, r.since_us, false, NULL FROM roster_past AS r
        WHERE r.region >= s.lo AND r.region < s.hi
          AND left(r.affiliation_region, 6) IS DISTINCT FROM left(r.region, 6)
          AND r.stage = ANY (%(stages)s::text[]) AND r.view = ANY (%(views)s::text[])
          AND r.valid_from <= %(as_of)s AND r.known_from <= %(known)s AND r.known_to > %(known)s
          AND (r.valid_to > %(as_of)s OR r.ended_from > %(known)s)
    ) AS h
)
SELECT c.view, c.stage, count(*),
    count(*) FILTER (WHERE CASE WHEN c.told THEN c.first_due_on ELSE k.first_due_on END < %(today)s),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[1]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[2]),
    count(*) FILTER (WHERE c.since_us >= (%(ages)s::bigint[])[3])
FROM chosen AS c
LEFT JOIN LATERAL (
    (SELECT p.first_due_on FROM clock_past AS p
    WHERE NOT c.told AND p.member_id = c.member_id AND p.valid_from <= %(as_of)s AND p.known_from <= %(known)s
      AND p.known_to > %(known)s AND (p.valid_to > %(as_of)s OR p.ended_from > %(known)s)
    ORDER BY p.valid_from DESC LIMIT 1)
    UNION ALL
    SELECT m.first_due_on FROM member AS m
    WHERE NOT c.told AND m.member_id = c.member_id AND m.clock_from <= %(as_of)s AND m.clock_known <= %(known)s
    LIMIT 1
) AS k ON true
GROUP BY c.view, c.stage
"""
