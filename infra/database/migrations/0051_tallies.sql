-- What a fact adds to the figures of the month in which it happened: transfers out and in, hours served. A row is visible
-- at position k iff known_from <= k AND k < known_to; a correction or a void retires it. `event_id` and `number` name it.
CREATE TABLE tally (
    member_id  uuid    NOT NULL,
    event_id   text    COLLATE "C" NOT NULL,
    number     integer NOT NULL,
    at_us      bigint  NOT NULL,
    known_from bigint  NOT NULL,
    known_to   bigint  NOT NULL,
    measure    text    COLLATE "C" NOT NULL,
    region     text    COLLATE "C",
    scope      text    COLLATE "C",
    amount     bigint  NOT NULL,
    CONSTRAINT tally_pkey PRIMARY KEY (member_id, event_id, number, known_from, at_us)
);
COMMENT ON COLUMN tally.amount IS 'Transfers by the piece, service by the quarter of an hour.';

CREATE INDEX tally_by_region ON tally (region, at_us);

REVOKE ALL ON tally FROM PUBLIC;
GRANT SELECT ON tally TO kiteline_reader;
ALTER TABLE tally ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON tally TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON tally FOR SELECT TO kiteline_reader USING (
    (SELECT '*' = current_setting('kiteline.regions', true))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);

TRUNCATE member, roster_past, clock_past, duty, duty_past, leg, leg_past, statistic;
DELETE FROM projection_parked;
UPDATE projection_position
SET version = version + 1, position = 0, latest_us = -4611686018427387904, updated_at = clock_timestamp()
WHERE name = 'read_models' AND position > 0;
