-- Counts kept by month, as known now. What a row adds from a month on is told once, and taken away where it ends, so that
-- the count at a month's end is the sum of all months up to it. As known at an earlier position they are counted anew.
CREATE TABLE statistic (
    region   text    COLLATE "C" NOT NULL,
    month    integer NOT NULL,
    measure  text    COLLATE "C" NOT NULL,
    scope    text    COLLATE "C" NOT NULL,
    category text    COLLATE "C" NOT NULL,
    view     text    COLLATE "C" NOT NULL,
    stage    text    COLLATE "C" NOT NULL,
    amount   bigint  NOT NULL,
    CONSTRAINT statistic_pkey PRIMARY KEY (region, month, measure, scope, category, view, stage)
) WITH (fillfactor = 75);
COMMENT ON COLUMN statistic.month IS 'Year times 12 plus month less 1; 0 is as far back as anybody asks.';
COMMENT ON COLUMN statistic.scope IS 'Empty, here as in the next three, where the measure does not tell it apart.';

REVOKE ALL ON statistic FROM PUBLIC;
GRANT SELECT ON statistic TO kiteline_reader;
ALTER TABLE statistic ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON statistic TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON statistic FOR SELECT TO kiteline_reader USING (
    (SELECT '*' = current_setting('kiteline.regions', true))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);

-- The month of the last contact that a side made of those it owed.
ALTER TABLE member ADD COLUMN origin_made date, ADD COLUMN destination_made date;
ALTER TABLE clock_past ADD COLUMN origin_made date, ADD COLUMN destination_made date;

-- What the read models held without these is folded again from the log.
TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past;
DELETE FROM projection_parked;
UPDATE projection_position
SET version = version + 1, position = 0, latest_us = -4611686018427387904, updated_at = clock_timestamp()
WHERE name = 'read_models' AND position > 0;
