-- Legs of movements that have left home, each in its cell of the flow matrix, as known from a position to another.
CREATE TABLE leg (
    member_id     uuid    NOT NULL,
    movement_id   text    COLLATE "C" NOT NULL,
    leg           integer NOT NULL,
    known_from    bigint  NOT NULL,
    origin_region text    COLLATE "C",
    destination   text    COLLATE "C" NOT NULL,
    departed_us   bigint  NOT NULL,
    arrived_us    bigint,
    ended_us      bigint,
    ended_how     text    COLLATE "C",
    CONSTRAINT leg_pkey PRIMARY KEY (member_id, movement_id, leg)
) WITH (fillfactor = 85);

CREATE TABLE leg_past (
    member_id     uuid    NOT NULL,
    movement_id   text    COLLATE "C" NOT NULL,
    leg           integer NOT NULL,
    known_from    bigint  NOT NULL,
    known_to      bigint  NOT NULL,
    origin_region text    COLLATE "C",
    destination   text    COLLATE "C" NOT NULL,
    departed_us   bigint  NOT NULL,
    arrived_us    bigint,
    ended_us      bigint,
    ended_how     text    COLLATE "C",
    CONSTRAINT leg_past_pkey PRIMARY KEY (member_id, movement_id, leg, known_from)
);

CREATE INDEX leg_by_departure ON leg (departed_us);
CREATE INDEX leg_by_end ON leg (ended_us);
CREATE INDEX leg_past_by_departure ON leg_past (departed_us);

REVOKE ALL ON leg, leg_past FROM PUBLIC;
GRANT SELECT ON leg, leg_past TO kiteline_reader;
ALTER TABLE leg ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON leg TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON leg FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR origin_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR destination ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);
ALTER TABLE leg_past ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON leg_past TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON leg_past FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR origin_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR destination ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);
