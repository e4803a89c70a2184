-- What is asked of large regions is kept, not counted: members by view, stage and the first day on which anything is due
-- (lifecycle counts), and legs by origin, destination and month (flow matrices), both as known now. Triggers on the rows
-- that stand keep them, a statement at a time, so that whatever writes those rows keeps the counts in its transaction.
CREATE TABLE standing_count (
    side   text   COLLATE "C" NOT NULL,
    region text   COLLATE "C" NOT NULL,
    view   text   COLLATE "C" NOT NULL,
    stage  text   COLLATE "C" NOT NULL,
    due_on date   NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT standing_count_pkey PRIMARY KEY (side, region, view, stage, due_on)
) WITH (fillfactor = 75);
COMMENT ON COLUMN standing_count.side IS 'outflow by the region of the affiliation; inflow by the place of who is there from another county';
COMMENT ON COLUMN standing_count.due_on IS 'The first day on which anything is due, infinity for nothing: overdue is any later day.';

CREATE TABLE flow_count (
    month       integer NOT NULL,
    measure     text    COLLATE "C" NOT NULL,
    origin      text    COLLATE "C" NOT NULL,
    destination text    COLLATE "C" NOT NULL,
    amount      bigint  NOT NULL,
    CONSTRAINT flow_count_pkey PRIMARY KEY (measure, month, origin, destination)
) WITH (fillfactor = 75);
COMMENT ON COLUMN flow_count.month IS 'Year times 12 plus month less 1, in Asia/Shanghai.';
COMMENT ON COLUMN flow_count.measure IS 'What happened in the month; of under_way and in_place, what began less what ended in it.';
COMMENT ON COLUMN flow_count.origin IS 'Empty where it is not known.';

REVOKE ALL ON standing_count, flow_count FROM PUBLIC;
GRANT SELECT ON standing_count, flow_count TO kiteline_reader;
ALTER TABLE standing_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON standing_count TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON standing_count FOR SELECT TO kiteline_reader USING (
    (SELECT '*' = current_setting('kiteline.regions', true))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);
ALTER TABLE flow_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON flow_count TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON flow_count FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR origin ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR destination ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);

-- The month of an instant in Asia/Shanghai; whatever lies beyond the calendar is clamped, never refused.
CREATE FUNCTION month_of(us bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    SELECT CASE WHEN us IS NOT NULL THEN (extract(year FROM t.at) * 12 + extract(month FROM t.at) - 1)::integer END
    FROM (
        SELECT timestamp '1970-01-01 08:00'
            + least(greatest(us, -62135596800000000), 253370764800000000) * interval '1 microsecond' AS at
    ) AS t
);

-- Where a member as they stand counts: with those affiliated somewhere, and with those there from another county.
CREATE FUNCTION standing_of(
    affiliation_region text, region text, view text, stage text, first_due_on date,
    OUT side text, OUT code text, OUT due_on date
) RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT s.side, s.code, coalesce(first_due_on, 'infinity'::date)
    FROM (VALUES ('outflow', affiliation_region, true),
                 ('inflow', region, stage IN ('awaiting_check_in', 'checked_in', 'settled')
                                    AND left(affiliation_region, 6) IS DISTINCT FROM left(region, 6))
    ) AS s (side, code, counts)
    WHERE s.counts AND s.code IS NOT NULL AND view IS NOT NULL AND stage IS NOT NULL
$$;

-- What a leg adds to the cells of its origin and destination, month by month.
CREATE FUNCTION flow_of(
    departed_us bigint, arrived_us bigint, ended_us bigint, ended_how text,
    OUT month integer, OUT measure text, OUT amount integer
) RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT f.month, f.measure, f.amount
    FROM (SELECT month_of(departed_us) AS departed, month_of(arrived_us) AS arrived, month_of(ended_us) AS ended) AS m
    CROSS JOIN LATERAL (VALUES
        (m.departed, 'departed', 1, m.ended IS NULL OR m.ended >= m.departed),
        (m.arrived, 'arrived', 1, m.arrived >= m.departed AND (m.ended IS NULL OR m.ended >= m.arrived)),
        (m.departed, 'under_way', 1, m.ended IS NULL OR m.ended > m.departed),
        (m.ended, 'under_way', -1, m.ended > m.departed),
        (greatest(m.departed, m.arrived), 'in_place', 1,
         m.arrived IS NOT NULL AND (m.ended IS NULL OR m.ended > greatest(m.departed, m.arrived))),
        (m.ended, 'in_place', -1, m.arrived IS NOT NULL AND m.ended > greatest(m.departed, m.arrived)),
        (m.ended, ended_how, 1, m.ended >= m.departed AND ended_how IS NOT NULL)
    ) AS f (month, measure, amount, counts)
    WHERE f.counts
$$;

-- Tables are found by the search path: a rebuild keeps its own counts beside the live ones.
CREATE FUNCTION keep_standing_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM standing_count;
    ELSIF TG_OP = 'INSERT' THEN
        MERGE INTO standing_count AS c
        USING (
            SELECT s.side, s.code, m.view, m.stage, s.due_on, count(*) AS amount
            FROM new_rows AS m
            CROSS JOIN LATERAL standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
            GROUP BY s.side, s.code, m.view, m.stage, s.due_on
        ) AS d
        ON c.side = d.side AND c.region = d.code AND c.view = d.view AND c.stage = d.stage AND c.due_on = d.due_on
        WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.side, d.code, d.view, d.stage, d.due_on, d.amount);
    ELSIF TG_OP = 'UPDATE' THEN
        MERGE INTO standing_count AS c
        USING (
            SELECT s.side, s.code, m.view, m.stage, s.due_on, sum(m.sign) AS amount
            FROM (
                SELECT affiliation_region, region, view, stage, first_due_on, 1 AS sign FROM new_rows
                UNION ALL
                SELECT affiliation_region, region, view, stage, first_due_on, -1 FROM old_rows
            ) AS m
            CROSS JOIN LATERAL standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
            GROUP BY s.side, s.code, m.view, m.stage, s.due_on
            HAVING sum(m.sign) <> 0
        ) AS d
        ON c.side = d.side AND c.region = d.code AND c.view = d.view AND c.stage = d.stage AND c.due_on = d.due_on
        WHEN MATCHED AND c.amount + d.amount = 0 THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.side, d.code, d.view, d.stage, d.due_on, d.amount);
    ELSE
        MERGE INTO standing_count AS c
        USING (
            SELECT s.side, s.code, m.view, m.stage, s.due_on, count(*) AS amount
            FROM old_rows AS m
            CROSS JOIN LATERAL standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
            GROUP BY s.side, s.code, m.view, m.stage, s.due_on
        ) AS d
        ON c.side = d.side AND c.region = d.code AND c.view = d.view AND c.stage = d.stage AND c.due_on = d.due_on
        WHEN MATCHED AND c.amount = d.amount THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount - d.amount;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_flow_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM flow_count;
    ELSIF TG_OP = 'INSERT' THEN
        MERGE INTO flow_count AS c
        USING (
            SELECT f.month, f.measure, coalesce(l.origin_region, '') AS origin, l.destination, sum(f.amount) AS amount
            FROM new_rows AS l
            CROSS JOIN LATERAL flow_of(l.departed_us, l.arrived_us, l.ended_us, l.ended_how) AS f
            GROUP BY 1, 2, 3, 4 HAVING sum(f.amount) <> 0
        ) AS d
        ON c.measure = d.measure AND c.month = d.month AND c.origin = d.origin AND c.destination = d.destination
        WHEN MATCHED AND c.amount + d.amount = 0 THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.month, d.measure, d.origin, d.destination, d.amount);
    ELSIF TG_OP = 'UPDATE' THEN
        MERGE INTO flow_count AS c
        USING (
            SELECT f.month, f.measure, l.origin, l.destination, sum(f.amount * l.sign) AS amount
            FROM (
                SELECT coalesce(origin_region, '') AS origin, destination, departed_us, arrived_us, ended_us, ended_how,
                    1 AS sign
                FROM new_rows
                UNION ALL
                SELECT coalesce(origin_region, ''), destination, departed_us, arrived_us, ended_us, ended_how, -1
                FROM old_rows
            ) AS l
            CROSS JOIN LATERAL flow_of(l.departed_us, l.arrived_us, l.ended_us, l.ended_how) AS f
            GROUP BY 1, 2, 3, 4 HAVING sum(f.amount * l.sign) <> 0
        ) AS d
        ON c.measure = d.measure AND c.month = d.month AND c.origin = d.origin AND c.destination = d.destination
        WHEN MATCHED AND c.amount + d.amount = 0 THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.month, d.measure, d.origin, d.destination, d.amount);
    ELSE
        MERGE INTO flow_count AS c
        USING (
            SELECT f.month, f.measure, coalesce(l.origin_region, '') AS origin, l.destination, sum(f.amount) AS amount
            FROM old_rows AS l
            CROSS JOIN LATERAL flow_of(l.departed_us, l.arrived_us, l.ended_us, l.ended_how) AS f
            GROUP BY 1, 2, 3, 4 HAVING sum(f.amount) <> 0
        ) AS d
        ON c.measure = d.measure AND c.month = d.month AND c.origin = d.origin AND c.destination = d.destination
        WHEN MATCHED AND c.amount = d.amount THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount - d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.month, d.measure, d.origin, d.destination, -d.amount);
    END IF;
    RETURN NULL;
END
$$;

-- Counts what stands in the tables of a schema, and has the rows keep it from then on.
CREATE FUNCTION begin_standing_counts(owner text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I.standing_count SELECT s.side, s.code, m.view, m.stage, s.due_on, count(*) FROM %1$I.member AS m
         CROSS JOIN LATERAL public.standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
         GROUP BY 1, 2, 3, 4, 5', owner);
    EXECUTE format('CREATE TRIGGER counts_of_new AFTER INSERT ON %I.member REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_counts()', owner);
    EXECUTE format('CREATE TRIGGER counts_of_changed AFTER UPDATE ON %I.member
                    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_counts()', owner);
    EXECUTE format('CREATE TRIGGER counts_of_gone AFTER DELETE ON %I.member REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_counts()', owner);
    EXECUTE format('CREATE TRIGGER counts_of_none AFTER TRUNCATE ON %I.member
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_counts()', owner);
END
$$;

CREATE FUNCTION begin_flow_counts(owner text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I.flow_count (month, measure, origin, destination, amount)
         SELECT f.month, f.measure, coalesce(l.origin_region, ''''), l.destination, sum(f.amount) FROM %1$I.leg AS l
         CROSS JOIN LATERAL public.flow_of(l.departed_us, l.arrived_us, l.ended_us, l.ended_how) AS f
         GROUP BY 1, 2, 3, 4 HAVING sum(f.amount) <> 0', owner);
    EXECUTE format('CREATE TRIGGER counts_of_new AFTER INSERT ON %I.leg REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_flow_counts()', owner);
    EXECUTE format('CREATE TRIGGER counts_of_changed AFTER UPDATE ON %I.leg
                    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_flow_counts()', owner);
    EXECUTE format('CREATE TRIGGER counts_of_gone AFTER DELETE ON %I.leg REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_flow_counts()', owner);
    EXECUTE format('CREATE TRIGGER counts_of_none AFTER TRUNCATE ON %I.leg
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_flow_counts()', owner);
END
$$;

-- A rebuild of members or legs brings its counts along.
ALTER FUNCTION rebuild_begin(text) RENAME TO rebuild_table_begin;
ALTER FUNCTION rebuild_finish(text) RENAME TO rebuild_table_finish;
ALTER FUNCTION rebuild_switch(text) RENAME TO rebuild_table_switch;

CREATE FUNCTION counts_beside(live text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE live WHEN 'member' THEN 'standing_count' WHEN 'leg' THEN 'flow_count' END $$;

CREATE FUNCTION rebuild_begin(live text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.rebuild_table_begin(live);
    IF public.counts_beside(live) IS NOT NULL THEN
        PERFORM public.rebuild_table_begin(public.counts_beside(live));
    END IF;
END
$$;
CREATE FUNCTION rebuild_finish(live text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.rebuild_table_finish(live);
    IF live = 'member' THEN
        PERFORM public.begin_standing_counts('rebuild');
    ELSIF live = 'leg' THEN
        PERFORM public.begin_flow_counts('rebuild');
    END IF;
    IF public.counts_beside(live) IS NOT NULL THEN
        PERFORM public.rebuild_table_finish(public.counts_beside(live));
    END IF;
END
$$;
CREATE FUNCTION rebuild_switch(live text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.rebuild_table_switch(live);
    IF public.counts_beside(live) IS NOT NULL THEN
        PERFORM public.rebuild_table_switch(public.counts_beside(live));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION rebuild_begin, rebuild_finish, rebuild_switch, begin_standing_counts, begin_flow_counts,
    keep_standing_counts, keep_flow_counts FROM PUBLIC;

SELECT begin_standing_counts('public');
SELECT begin_flow_counts('public');
