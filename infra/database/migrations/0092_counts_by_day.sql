-- Lifecycle counts of any day, kept as known now: what a day adds to them is told once, so that the counts at a day's end
-- are the sum of all days up to it. Summed up beside by month and by province, so that no question adds up many rows.
CREATE TABLE day_count (
    measure  text    COLLATE "C" NOT NULL,
    level    integer NOT NULL,
    of_month integer NOT NULL,
    region   text    COLLATE "C" NOT NULL,
    view     text    COLLATE "C" NOT NULL,
    stage    text    COLLATE "C" NOT NULL,
    at       integer NOT NULL,
    amount   bigint  NOT NULL,
    CONSTRAINT day_count_pkey PRIMARY KEY (measure, level, of_month, region, view, stage, at)
) WITH (fillfactor = 75);
COMMENT ON COLUMN day_count.measure IS 'outflow by the region of the affiliation; inflow by the place of who is there from another county; both again of whom something is overdue for.';
COMMENT ON COLUMN day_count.level IS 'How many digits of the region are told apart; 0 for the code as recorded.';
COMMENT ON COLUMN day_count.of_month IS 'Of a day its month, year times 12 plus month less 1, 1 before the calendar; 0 for the sum of a month.';
COMMENT ON COLUMN day_count.at IS 'Days since 1970-01-01 in Asia/Shanghai; of a sum the month.';

REVOKE ALL ON day_count FROM PUBLIC;
GRANT SELECT ON day_count TO kiteline_reader;
ALTER TABLE day_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON day_count TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON day_count FOR SELECT TO kiteline_reader USING (
    (SELECT '*' = current_setting('kiteline.regions', true))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);

-- What the read models held without these is folded again from the log.
TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past, statistic, tally;
DELETE FROM projection_parked;
UPDATE projection_position
SET version = version + 1, position = 0, latest_us = -4611686018427387904, updated_at = clock_timestamp()
WHERE name = 'read_models' AND position > 0;
