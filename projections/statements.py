"""The statements that write the read models: whole arrays of rows, one statement a table and kind of change."""

from typing import Final

UPSERT_MEMBERS: Final = """
INSERT INTO member (
    member_id, version, position, liaison, regions, places, other_side, other_region, roster_from, roster_known,
    affiliation, affiliation_region, responsible, holder, accepted_by, branch, stage, view,
    origin_region, declared_region, region, leg, movement_id, category, scope, since_us, abroad, membership,
    clock_from, clock_known, last_contact_at, last_contact_us, lost, first_due_on, subject,
    origin_owner, origin_owner_region, origin_since_us, origin_month, origin_made,
    destination_owner, destination_owner_region, destination_since_us, destination_month, destination_made,
    review_owner, review_owner_region, review_since_us, review_due_on, review_provisional
)
SELECT a, b, c, e, string_to_array(f, ','), string_to_array(g, ','), o1, o2, h, i,
    r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17, r18, j, k,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20
FROM unnest(
    %s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::boolean[],
    %s::text[],
    %s::text[], %s::bigint[], %s::boolean[], %s::date[], %s::text[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[]
) AS one (
    a, b, c, e, f, g, o1, o2, h, i, j, k, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17,
    r18,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20
)
ON CONFLICT (member_id) DO UPDATE SET
    version = excluded.version, position = excluded.position, membership = excluded.membership,
    liaison = excluded.liaison, regions = excluded.regions, places = excluded.places,
    other_side = excluded.other_side, other_region = excluded.other_region,
    roster_from = excluded.roster_from, roster_known = excluded.roster_known,
    affiliation = excluded.affiliation, affiliation_region = excluded.affiliation_region,
    responsible = excluded.responsible, holder = excluded.holder, accepted_by = excluded.accepted_by,
    branch = excluded.branch, stage = excluded.stage, view = excluded.view, origin_region = excluded.origin_region,
    declared_region = excluded.declared_region, region = excluded.region, leg = excluded.leg,
    movement_id = excluded.movement_id, category = excluded.category, scope = excluded.scope,
    since_us = excluded.since_us, abroad = excluded.abroad,
    clock_from = excluded.clock_from, clock_known = excluded.clock_known,
    last_contact_at = excluded.last_contact_at, last_contact_us = excluded.last_contact_us, lost = excluded.lost,
    first_due_on = excluded.first_due_on, subject = excluded.subject, origin_owner = excluded.origin_owner,
    origin_owner_region = excluded.origin_owner_region, origin_since_us = excluded.origin_since_us,
    origin_month = excluded.origin_month, origin_made = excluded.origin_made,
    destination_made = excluded.destination_made, destination_owner = excluded.destination_owner,
    destination_owner_region = excluded.destination_owner_region,
    destination_since_us = excluded.destination_since_us, destination_month = excluded.destination_month,
    review_owner = excluded.review_owner, review_owner_region = excluded.review_owner_region,
    review_since_us = excluded.review_since_us, review_due_on = excluded.review_due_on,
    review_provisional = excluded.review_provisional
"""
INSERT_ROSTERS: Final = """
INSERT INTO roster_past (
    member_id, valid_from, valid_to, known_from, ended_from, known_to,
    affiliation, affiliation_region, responsible, holder, accepted_by, branch, stage, view,
    origin_region, declared_region, region, leg, movement_id, category, scope, since_us, abroad, membership
)
SELECT * FROM unnest(
    %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::bigint[],
    %s::boolean[], %s::text[]
)
"""
INSERT_CLOCKS: Final = """
INSERT INTO clock_past (
    member_id, valid_from, valid_to, known_from, ended_from, known_to,
    view, stage, affiliation_region, region, organisations,
    last_contact_at, last_contact_us, lost, first_due_on, subject,
    origin_owner, origin_owner_region, origin_since_us, origin_month, origin_made,
    destination_owner, destination_owner_region, destination_since_us, destination_month, destination_made,
    review_owner, review_owner_region, review_since_us, review_due_on, review_provisional
)
SELECT b1, b2, b3, b4, b5, b6, s1, s2, s3, s4, string_to_array(s5, ','),
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20
FROM unnest(
    %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::bigint[], %s::boolean[], %s::date[], %s::text[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[]
) AS one (
    b1, b2, b3, b4, b5, b6, s1, s2, s3, s4, s5,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20
)
"""
INSERT_DUTIES: Final = """
INSERT INTO duty_past (
    member_id, key, valid_from, valid_to, known_from, ended_from, known_to,
    kind, organisation, region, subject, since_us, due_on, provisional, month_from, month_until
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[], %s::date[], %s::date[]
)
"""
INSERT_LEGS: Final = """
INSERT INTO leg_past (
    member_id, movement_id, leg, known_from, known_to,
    origin_region, destination, departed_us, arrived_us, ended_us, ended_how
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::integer[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[]
)
"""
UPSERT_DUTIES: Final = """
INSERT INTO duty (
    member_id, key, valid_from, known_from,
    kind, organisation, region, subject, since_us, due_on, provisional, month_from, month_until
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[], %s::date[], %s::date[]
)
ON CONFLICT (member_id, key) DO UPDATE SET
    valid_from = excluded.valid_from, known_from = excluded.known_from, kind = excluded.kind,
    organisation = excluded.organisation, region = excluded.region, subject = excluded.subject,
    since_us = excluded.since_us, due_on = excluded.due_on, provisional = excluded.provisional,
    month_from = excluded.month_from, month_until = excluded.month_until
"""
UPSERT_LEGS: Final = """
INSERT INTO leg (
    member_id, movement_id, leg, known_from, origin_region, destination, departed_us, arrived_us, ended_us, ended_how
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::integer[], %s::bigint[],
    %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[]
)
ON CONFLICT (member_id, movement_id, leg) DO UPDATE SET
    known_from = excluded.known_from, origin_region = excluded.origin_region, destination = excluded.destination,
    departed_us = excluded.departed_us, arrived_us = excluded.arrived_us, ended_us = excluded.ended_us,
    ended_how = excluded.ended_how
"""
DELETE_DUTIES: Final = """
DELETE FROM duty AS d USING unnest(%s::uuid[], %s::text[]) AS g (member_id, key)
WHERE d.member_id = g.member_id AND d.key = g.key
"""
DELETE_LEGS: Final = """
DELETE FROM leg AS l USING unnest(%s::uuid[], %s::text[], %s::integer[]) AS g (member_id, movement_id, leg)
WHERE l.member_id = g.member_id AND l.movement_id = g.movement_id AND l.leg = g.leg
"""
DELETE_MEMBERS: Final = (
    "DELETE FROM member AS m USING unnest(%s::uuid[]) AS g (member_id) WHERE m.member_id = g.member_id"
)
RETIRE_ROSTERS: Final = """
UPDATE roster_past AS r SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) AS g (member_id, known_from, valid_from, known_to)
WHERE r.member_id = g.member_id AND r.known_from = g.known_from AND r.valid_from = g.valid_from
"""
RETIRE_CLOCKS: Final = """
UPDATE clock_past AS c SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) AS g (member_id, known_from, valid_from, known_to)
WHERE c.member_id = g.member_id AND c.known_from = g.known_from AND c.valid_from = g.valid_from
"""
RETIRE_DUTIES: Final = """
UPDATE duty_past AS d SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS g (member_id, key, known_from, valid_from, known_to)
WHERE d.member_id = g.member_id AND d.key = g.key AND d.known_from = g.known_from AND d.valid_from = g.valid_from
"""
ADD_TO_STATISTICS: Final = """
MERGE INTO statistic AS s
USING unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::bigint[]
) AS d (measure, region, scope, category, view, stage, month, amount)
ON s.region = d.region AND s.month = d.month AND s.measure = d.measure AND s.scope = d.scope
    AND s.category = d.category AND s.view = d.view AND s.stage = d.stage
WHEN MATCHED AND s.amount + d.amount = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET amount = s.amount + d.amount
WHEN NOT MATCHED THEN INSERT (measure, region, scope, category, view, stage, month, amount)
    VALUES (d.measure, d.region, d.scope, d.category, d.view, d.stage, d.month, d.amount)
"""
ADD_TO_DAYS: Final = """
MERGE INTO day_count AS c
USING unnest(
    %s::text[], %s::integer[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::bigint[]
) AS d (measure, level, of_month, region, view, stage, at, amount)
ON c.measure = d.measure AND c.level = d.level AND c.of_month = d.of_month AND c.region = d.region
    AND c.view = d.view AND c.stage = d.stage AND c.at = d.at
WHEN MATCHED AND c.amount + d.amount = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
WHEN NOT MATCHED THEN INSERT (measure, level, of_month, region, view, stage, at, amount)
    VALUES (d.measure, d.level, d.of_month, d.region, d.view, d.stage, d.at, d.amount)
"""
INSERT_TALLIES: Final = """
INSERT INTO tally (member_id, event_id, number, at_us, known_from, known_to, measure, region, scope, amount)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
    %s::text[], %s::bigint[]
)
"""
RETIRE_TALLIES: Final = """
UPDATE tally AS t SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::text[], %s::integer[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS g (member_id, event_id, number, known_from, at_us, known_to)
WHERE t.member_id = g.member_id AND t.event_id = g.event_id AND t.number = g.number AND t.known_from = g.known_from
  AND t.at_us = g.at_us
"""
# Each batch of members has added rows of its own.
_ADD_UP: Final = """
WITH apart AS (DELETE FROM rebuild.statistic RETURNING *)
INSERT INTO rebuild.statistic (region, month, measure, scope, category, view, stage, amount)
SELECT region, month, measure, scope, category, view, stage, sum(amount) FROM apart
GROUP BY region, month, measure, scope, category, view, stage HAVING sum(amount) <> 0
"""
# They added them by day; sums of months and provinces come of these.
_ADD_UP_DAYS: Final = """
WITH apart AS (
    DELETE FROM rebuild.day_count RETURNING *
), days AS MATERIALIZED (
    SELECT measure, of_month, region, view, stage, at, sum(amount) AS amount FROM apart
    GROUP BY measure, of_month, region, view, stage, at HAVING sum(amount) <> 0
)
INSERT INTO rebuild.day_count (measure, level, of_month, region, view, stage, at, amount)
SELECT measure, 0, of_month, region, view, stage, at, amount FROM days
UNION ALL
SELECT measure, 0, 0, region, view, stage, of_month, sum(amount) FROM days
GROUP BY measure, region, view, stage, of_month HAVING sum(amount) <> 0
UNION ALL
SELECT measure, 2, of_month, left(region, 2), view, stage, at, sum(amount) FROM days
GROUP BY measure, of_month, left(region, 2), view, stage, at HAVING sum(amount) <> 0
UNION ALL
SELECT measure, 2, 0, left(region, 2), view, stage, of_month, sum(amount) FROM days
GROUP BY measure, left(region, 2), view, stage, of_month HAVING sum(amount) <> 0
"""
ADD_UP: Final = {"statistic": _ADD_UP, "day_count": _ADD_UP_DAYS}
"""By table, what makes one row of each cell after batches were copied into the table being made."""
