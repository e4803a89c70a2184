-- Lifecycle counts as known at any position are kept too: what each block of positions added to them, by the day from
-- which on it counts, with the sums of 32 blocks, of 32 times 32, and so on beside. A question adds up at most 31 blocks of
-- each size, and the rows of less than one: of the rows of the read models, which are found by position from here on.

-- Beside what clocks say they keep the view and the stage of their time, by which what is overdue is counted.
TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past, statistic, day_count, tally;
DELETE FROM projection_parked;
UPDATE projection_position
SET version = version + 1, position = 0, latest_us = -4611686018427387904, updated_at = clock_timestamp()
WHERE name = 'read_models' AND position > 0;
ALTER TABLE clock_past ADD COLUMN view text COLLATE "C", ADD COLUMN stage text COLLATE "C";

-- By block of positions, and within one by region: a county's rows of a block are looked up, not all of the block. Members have
-- no such index, for a contact is to touch none of theirs: whose rows began at a position is looked up by the log.
CREATE INDEX roster_past_by_known ON roster_past (((known_from - 1) >> 12), affiliation_region);
CREATE INDEX roster_past_by_ended ON roster_past (((ended_from - 1) >> 12), affiliation_region);
CREATE INDEX clock_past_by_known ON clock_past (((known_from - 1) >> 12), affiliation_region);
CREATE INDEX clock_past_by_ended ON clock_past (((ended_from - 1) >> 12), affiliation_region);
-- Few: those whose end was known as soon as they were, and those that were taken back.
CREATE INDEX roster_past_born_ended ON roster_past (known_from) WHERE ended_from <= known_from;
CREATE INDEX clock_past_born_ended ON clock_past (known_from) WHERE ended_from <= known_from;
CREATE INDEX roster_past_by_retired ON roster_past (known_to) WHERE known_to < 9223372036854775807;
CREATE INDEX clock_past_by_retired ON clock_past (known_to) WHERE known_to < 9223372036854775807;

CREATE TABLE known_count (
    measure  text    COLLATE "C" NOT NULL,
    digits   integer NOT NULL,
    exponent integer NOT NULL,
    block    bigint  NOT NULL,
    region   text    COLLATE "C" NOT NULL,
    view     text    COLLATE "C" NOT NULL,
    stage    text    COLLATE "C" NOT NULL,
    at       integer NOT NULL,
    amount   bigint  NOT NULL,
    CONSTRAINT known_count_pkey PRIMARY KEY (measure, digits, exponent, block, region, view, stage, at)
);
COMMENT ON COLUMN known_count.measure IS 'As in day_count; empty in a row that says that its block was made.';
COMMENT ON COLUMN known_count.digits IS 'How many digits of the region are told apart: 12, all of them; 2, provinces; 0, none.';
COMMENT ON COLUMN known_count.exponent IS 'A block holds 2 to this power of positions: block n those after n times so many, up to n + 1 times.';
COMMENT ON COLUMN known_count.at IS 'Days since 1970-01-01 in Asia/Shanghai.';
CREATE TABLE known_upto (
    exponent integer NOT NULL,
    upto     bigint  NOT NULL,
    CONSTRAINT known_upto_pkey PRIMARY KEY (exponent)
);
COMMENT ON TABLE known_upto IS 'One row: the size of the smallest blocks, and the position up to which blocks are made. Of the country there are blocks of an eighth.';
INSERT INTO known_upto VALUES (13, 0);

REVOKE ALL ON known_count, known_upto FROM PUBLIC;
GRANT SELECT ON known_count, known_upto TO kiteline_reader;
ALTER TABLE known_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON known_count TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON known_count FOR SELECT TO kiteline_reader USING (
    (SELECT '*' = current_setting('kiteline.regions', true))
    OR measure = ''
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);
-- How far blocks are made is nobody's, and every reader may know it.
ALTER TABLE known_upto ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON known_upto TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_by_all ON known_upto FOR SELECT TO kiteline_reader USING (true);

-- The same days as before (migration 0097), in whole numbers.
CREATE OR REPLACE FUNCTION day_of(us bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN us >= 0 AND us <= 9223372000000000000 THEN ((us + 28800000000) / 86400000000)::integer
         ELSE coalesce(floor((us::numeric + 28800000000) / 86400000000)::integer, -2147483648) END;

CREATE FUNCTION code_of(side text, home text, place text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE side WHEN 'outflow' THEN home ELSE place END;

-- Whether a row counts on a side in codes that begin so or are these: as standing_of (migration 0080) has it.
CREATE FUNCTION counts_on(
    side text, home text, place text, view text, stage text, beginnings text[], codes text[]
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    view IS NOT NULL AND stage <> 'closed'
    AND (code_of(side, home, place) ^@ ANY (beginnings) OR code_of(side, home, place) = ANY (codes))
    AND (side = 'outflow' OR (stage IN ('awaiting_check_in', 'checked_in', 'settled')
                              AND left(home, 6) IS DISTINCT FROM left(place, 6)));

-- The day after the first on which something is due, from which on it is overdue; none for none.
CREATE FUNCTION overdue_from(first_due_on date) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN first_due_on < date '9999-12-31' THEN first_due_on - date '1970-01-01' + 1 END;

CREATE FUNCTION blocks_of(since bigint, upto bigint) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    ARRAY(SELECT b FROM generate_series(since >> 12, (upto - 1) >> 12) AS b);

-- What positions after one, up to another, added to the counts of a side, in codes that begin so or are these: a row counts
-- from the day on which it begins, as known from the position at which it became known, until the day on which it ends, as
-- known from there on; one that was taken back never did, as known from that position on. Counts as of a day and as known at
-- a position are the sum of all that is not later in either. Of the outflow all codes lie between `low` and `high`; facts
-- about organisations and regions are told by their topics.
DO $make$
DECLARE
    -- A row as it stands began at a fact of the member's own, or at one about organisations and regions. Of those there
    -- are few, but whom they touch nothing tells: all members of the regions are looked at.
    touched constant text :=
        'WITH touched AS MATERIALIZED (
             SELECT r.affiliation_region, r.region, r.view, r.stage, r.roster_from, r.clock_from, r.first_due_on,
                 CASE WHEN r.roster_known = l.position THEN l.position END AS roster_known,
                 CASE WHEN r.clock_known = l.position THEN l.position END AS clock_known
             FROM public.log AS l
             CROSS JOIN LATERAL (SELECT m.* FROM public.member AS m WHERE m.member_id = l.originator_id OFFSET 0) AS r
             WHERE l.position > since AND l.position <= upto AND l.position IN (r.roster_known, r.clock_known)
               AND public.counts_on(side, r.affiliation_region, r.region, r.view, r.stage, beginnings, codes)
             UNION ALL
             SELECT r.affiliation_region, r.region, r.view, r.stage, r.roster_from, r.clock_from, r.first_due_on,
                 CASE WHEN NOT EXISTS (
                     SELECT FROM public.log AS l WHERE l.position = r.roster_known AND l.originator_id = r.member_id
                 ) THEN r.roster_known END,
                 CASE WHEN NOT EXISTS (
                     SELECT FROM public.log AS l WHERE l.position = r.clock_known AND l.originator_id = r.member_id
                 ) THEN r.clock_known END
             FROM public.member AS r
             WHERE EXISTS (
                     SELECT FROM public.log AS l
                     WHERE l.position > since AND l.position <= upto AND l.topic = ANY (of_reference)
                 )
               AND ((r.roster_known > since AND r.roster_known <= upto) OR (r.clock_known > since AND r.clock_known <= upto))
               AND (side <> ''outflow'' OR (r.affiliation_region >= low AND r.affiliation_region < high))
               AND public.counts_on(side, r.affiliation_region, r.region, r.view, r.stage, beginnings, codes)
         )';
    body text := '';
    one  record;
BEGIN
    FOR one IN
        SELECT t.*, s.*
        FROM (VALUES
            ('roster_past', 'side', 'public.day_of(r.valid_from)', 'public.day_of(greatest(r.valid_from, r.valid_to))',
             'roster_known', 'public.day_of(r.roster_from)', 'true'),
            ('clock_past', 'side || ''.overdue''',
             'greatest(public.day_of(r.valid_from), public.overdue_from(r.first_due_on))',
             'greatest(public.day_of(greatest(r.valid_from, r.valid_to)), public.overdue_from(r.first_due_on))',
             'clock_known', 'greatest(public.day_of(r.clock_from), public.overdue_from(r.first_due_on))',
             'public.overdue_from(r.first_due_on) IS NOT NULL')
        ) AS t (past, measure, begins, ends, current_known, current_begins, counts)
        CROSS JOIN LATERAL (VALUES
            ('public.' || past, 'known_from', true, begins, 1, 'true'),
            ('public.' || past, 'known_from', false, ends, -1, 'r.ended_from <= r.known_from'),
            ('public.' || past, 'ended_from', true, ends, -1, 'r.ended_from > r.known_from AND r.ended_from < r.known_to'),
            ('public.' || past, 'known_to', false, begins, -1, 'r.known_to < 9223372036854775807'),
            ('public.' || past, 'known_to', false, ends, 1, 'r.known_to < 9223372036854775807 AND r.ended_from < r.known_to'),
            ('touched', current_known, false, current_begins, 1, 'true')
        ) AS s (source, known, by_block, at, amount, which)
    LOOP
        body := concat(body, CASE WHEN body <> '' THEN ' UNION ALL ' END, format(
            'SELECT r.%1$I, %2$s, public.code_of(side, r.affiliation_region, r.region), r.view, r.stage, %3$s, %4$s
             FROM %5$s AS r
             WHERE %6$s AND %7$s
               AND public.counts_on(side, r.affiliation_region, r.region, r.view, r.stage, beginnings, codes)',
            one.known, one.measure, one.at, one.amount, one.source, one.which, one.counts));
        -- By the indexes made for it, and no other: rows are found by block and region, or by position alone.
        IF one.by_block THEN
            body := concat(body, format(
                ' AND ((r.%1$I - 1) >> 12) = ANY (public.blocks_of(since, upto)) AND r.%1$I + 0 > since AND r.%1$I + 0 <= upto
                  AND (side <> ''outflow'' OR (r.affiliation_region >= low AND r.affiliation_region < high))', one.known));
        ELSE
            body := concat(body, format(' AND r.%1$I > since AND r.%1$I <= upto', one.known));
        END IF;
    END LOOP;
    EXECUTE format(
        'CREATE FUNCTION known_points(
             side text, since bigint, upto bigint, low text, high text, beginnings text[], codes text[], of_reference text[]
         ) RETURNS TABLE (known bigint, measure text, region text, view text, stage text, at integer, amount integer)
         LANGUAGE sql STABLE AS %L', touched || body);
END
$make$;

-- For readers, who see no row of regions beyond their reach here either.
CREATE FUNCTION known_points_in_reach(
    side text, since bigint, upto bigint, low text, high text, beginnings text[], codes text[], of_reference text[]
) RETURNS TABLE (measure text, view text, stage text, at integer, amount bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT p.measure, p.view, p.stage, p.at, sum(p.amount)
    FROM public.known_points(side, since, upto, low, high, beginnings, codes, of_reference) AS p
    WHERE (SELECT '*' = current_setting('kiteline.regions', true))
       OR p.region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    GROUP BY 1, 2, 3, 4
$$;

-- Makes the next block if the read models reflect all of it, and the sums that it completes; says whether it did.
CREATE FUNCTION make_known_block(of_reference text[]) RETURNS boolean LANGUAGE plpgsql SET work_mem = '32MB' AS $$
DECLARE
    size  integer;
    edge  bigint;
    made  bigint;
    power integer;
BEGIN
    SELECT k.exponent, k.upto INTO STRICT size, edge FROM public.known_upto AS k FOR UPDATE;
    made := edge >> size;
    IF edge + (1::bigint << size) > (SELECT position FROM public.projection_position WHERE name = 'read_models') THEN
        RETURN false;
    END IF;
    INSERT INTO public.known_count (measure, digits, exponent, block, region, view, stage, at, amount)
    WITH found AS MATERIALIZED (
        SELECT p.measure, (p.known - 1) >> (size - 3) AS part, p.region, p.view, p.stage, p.at, sum(p.amount) AS amount
        FROM (VALUES ('outflow'), ('inflow')) AS s (side)
        CROSS JOIN LATERAL public.known_points(
            s.side, edge, edge + (1::bigint << size), '', ':', ARRAY[''], ARRAY[]::text[], of_reference
        ) AS p
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(p.amount) <> 0
    )
    SELECT f.measure, d.digits, size, made, left(f.region, d.digits), f.view, f.stage, f.at, sum(f.amount)
    FROM found AS f CROSS JOIN (VALUES (12), (2), (0)) AS d (digits)
    GROUP BY 1, 2, 5, 6, 7, 8 HAVING sum(f.amount) <> 0
    UNION ALL
    SELECT f.measure, 0, size - 3, f.part, '', f.view, f.stage, f.at, sum(f.amount)
    FROM found AS f
    GROUP BY f.measure, f.part, f.view, f.stage, f.at HAVING sum(f.amount) <> 0;
    INSERT INTO public.known_count VALUES ('', 0, size, made, '', '', '', 0, 1);
    made := made + 1;
    power := size;
    WHILE made % 32 = 0 LOOP
        INSERT INTO public.known_count (measure, digits, exponent, block, region, view, stage, at, amount)
        SELECT k.measure, k.digits, power + 5, made / 32 - 1, k.region, k.view, k.stage, k.at, sum(k.amount)
        FROM public.known_count AS k
        WHERE k.exponent = power AND k.block >= made - 32 AND k.block < made
          AND k.measure IN ('outflow', 'outflow.overdue', 'inflow', 'inflow.overdue') AND k.digits IN (0, 2, 12)
        GROUP BY k.measure, k.digits, k.region, k.view, k.stage, k.at HAVING sum(k.amount) <> 0;
        made := made / 32;
        power := power + 5;
    END LOOP;
    UPDATE public.known_upto SET upto = edge + (1::bigint << size);
    RETURN true;
END
$$;

-- Where read models are made anew, so are their counts.
CREATE FUNCTION forget_known_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.known_upto SET upto = 0;
    TRUNCATE public.known_count;
    RETURN NULL;
END
$$;
CREATE TRIGGER no_counts_as_known AFTER TRUNCATE ON clock_past
    FOR EACH STATEMENT EXECUTE FUNCTION forget_known_counts();
CREATE OR REPLACE FUNCTION rebuild_switch(live text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    beside text;
BEGIN
    -- First of all: whoever makes a block holds it, and reads the tables.
    PERFORM FROM public.known_upto FOR UPDATE;
    PERFORM public.rebuild_table_switch(live);
    FOREACH beside IN ARRAY public.counts_beside(live) LOOP
        PERFORM public.rebuild_table_switch(beside);
    END LOOP;
    IF live = 'clock_past' THEN
        UPDATE public.known_upto SET upto = 0;
        TRUNCATE public.known_count;
        CREATE TRIGGER no_counts_as_known AFTER TRUNCATE ON public.clock_past
            FOR EACH STATEMENT EXECUTE FUNCTION public.forget_known_counts();
    END IF;
END
$$;

REVOKE ALL ON FUNCTION known_points, known_points_in_reach, make_known_block, forget_known_counts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION known_points_in_reach TO kiteline_reader;
