-- For how many days members have been at their stage is kept too, by the day on which they came to it, beside the counts by
-- what is due (migration 0080): the board of a province counted them member by member.
CREATE TABLE standing_age (
    side     text    COLLATE "C" NOT NULL,
    region   text    COLLATE "C" NOT NULL,
    view     text    COLLATE "C" NOT NULL,
    stage    text    COLLATE "C" NOT NULL,
    since_on integer NOT NULL,
    amount   bigint  NOT NULL,
    CONSTRAINT standing_age_pkey PRIMARY KEY (side, region, view, stage, since_on)
) WITH (fillfactor = 75);
COMMENT ON COLUMN standing_age.side IS 'outflow by the region of the affiliation; inflow by the place of who is there from another county';
COMMENT ON COLUMN standing_age.since_on IS 'Days since 1970-01-01 in Asia/Shanghai; the least integer where it is not known.';

REVOKE ALL ON standing_age FROM PUBLIC;
GRANT SELECT ON standing_age TO kiteline_reader;
ALTER TABLE standing_age ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON standing_age TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON standing_age FOR SELECT TO kiteline_reader USING (
    (SELECT '*' = current_setting('kiteline.regions', true))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);

-- The day of an instant in Asia/Shanghai, by number.
CREATE FUNCTION day_of(us bigint) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    coalesce(floor((us::numeric + 28800000000) / 86400000000)::integer, -2147483648);

CREATE FUNCTION keep_standing_ages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM standing_age;
    ELSIF TG_OP = 'INSERT' THEN
        MERGE INTO standing_age AS c
        USING (
            SELECT s.side, s.code, m.view, m.stage, day_of(m.since_us) AS since_on, count(*) AS amount
            FROM new_rows AS m
            CROSS JOIN LATERAL standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
            GROUP BY 1, 2, 3, 4, 5
        ) AS d
        ON c.side = d.side AND c.region = d.code AND c.view = d.view AND c.stage = d.stage AND c.since_on = d.since_on
        WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.side, d.code, d.view, d.stage, d.since_on, d.amount);
    ELSIF TG_OP = 'UPDATE' THEN
        MERGE INTO standing_age AS c
        USING (
            SELECT s.side, s.code, m.view, m.stage, m.since_on, sum(m.sign) AS amount
            FROM (
                SELECT affiliation_region, region, view, stage, first_due_on, day_of(since_us) AS since_on, 1 AS sign
                FROM new_rows
                UNION ALL
                SELECT affiliation_region, region, view, stage, first_due_on, day_of(since_us), -1 FROM old_rows
            ) AS m
            CROSS JOIN LATERAL standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
            GROUP BY 1, 2, 3, 4, 5 HAVING sum(m.sign) <> 0
        ) AS d
        ON c.side = d.side AND c.region = d.code AND c.view = d.view AND c.stage = d.stage AND c.since_on = d.since_on
        WHEN MATCHED AND c.amount + d.amount = 0 THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount + d.amount
        WHEN NOT MATCHED THEN INSERT VALUES (d.side, d.code, d.view, d.stage, d.since_on, d.amount);
    ELSE
        MERGE INTO standing_age AS c
        USING (
            SELECT s.side, s.code, m.view, m.stage, day_of(m.since_us) AS since_on, count(*) AS amount
            FROM old_rows AS m
            CROSS JOIN LATERAL standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
            GROUP BY 1, 2, 3, 4, 5
        ) AS d
        ON c.side = d.side AND c.region = d.code AND c.view = d.view AND c.stage = d.stage AND c.since_on = d.since_on
        WHEN MATCHED AND c.amount = d.amount THEN DELETE
        WHEN MATCHED THEN UPDATE SET amount = c.amount - d.amount;
    END IF;
    RETURN NULL;
END
$$;

-- Counts what stands in the members of a schema, and has them keep it from then on.
CREATE FUNCTION begin_standing_ages(owner text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I.standing_age
         SELECT s.side, s.code, m.view, m.stage, public.day_of(m.since_us), count(*) FROM %1$I.member AS m
         CROSS JOIN LATERAL public.standing_of(m.affiliation_region, m.region, m.view, m.stage, m.first_due_on) AS s
         GROUP BY 1, 2, 3, 4, 5', owner);
    EXECUTE format('CREATE TRIGGER ages_of_new AFTER INSERT ON %I.member REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_ages()', owner);
    EXECUTE format('CREATE TRIGGER ages_of_changed AFTER UPDATE ON %I.member
                    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_ages()', owner);
    EXECUTE format('CREATE TRIGGER ages_of_gone AFTER DELETE ON %I.member REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_ages()', owner);
    EXECUTE format('CREATE TRIGGER ages_of_none AFTER TRUNCATE ON %I.member
                    FOR EACH STATEMENT EXECUTE FUNCTION public.keep_standing_ages()', owner);
END
$$;

-- A rebuild of members brings both counts along.
DROP FUNCTION counts_beside(text);
CREATE FUNCTION counts_beside(live text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE live WHEN 'member' THEN ARRAY['standing_count', 'standing_age']
                     WHEN 'leg' THEN ARRAY['flow_count'] ELSE ARRAY[]::text[] END
$$;
CREATE OR REPLACE FUNCTION rebuild_begin(live text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    beside text;
BEGIN
    PERFORM public.rebuild_table_begin(live);
    FOREACH beside IN ARRAY public.counts_beside(live) LOOP
        PERFORM public.rebuild_table_begin(beside);
    END LOOP;
END
$$;
CREATE OR REPLACE FUNCTION rebuild_finish(live text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    beside text;
BEGIN
    PERFORM public.rebuild_table_finish(live);
    IF live = 'member' THEN
        PERFORM public.begin_standing_counts('rebuild');
        PERFORM public.begin_standing_ages('rebuild');
    ELSIF live = 'leg' THEN
        PERFORM public.begin_flow_counts('rebuild');
    END IF;
    FOREACH beside IN ARRAY public.counts_beside(live) LOOP
        PERFORM public.rebuild_table_finish(beside);
    END LOOP;
END
$$;
CREATE OR REPLACE FUNCTION rebuild_switch(live text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    beside text;
BEGIN
    PERFORM public.rebuild_table_switch(live);
    FOREACH beside IN ARRAY public.counts_beside(live) LOOP
        PERFORM public.rebuild_table_switch(beside);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION begin_standing_ages, keep_standing_ages FROM PUBLIC;

SELECT begin_standing_ages('public');
