-- What is owed, other than the monthly contacts and the review of a silence: those move with every contact and stand in
-- the member's clocks. Rows of the past as in roster_past.
CREATE TABLE duty (
    member_id    uuid    NOT NULL,
    key          text    COLLATE "C" NOT NULL,
    valid_from   bigint  NOT NULL,
    known_from   bigint  NOT NULL,
    kind         text    COLLATE "C" NOT NULL,
    organisation text    COLLATE "C",
    region       text    COLLATE "C",
    subject      text    COLLATE "C" NOT NULL,
    since_us     bigint  NOT NULL,
    due_on       date    NOT NULL,
    provisional  boolean NOT NULL,
    month_from   date,
    month_until  date,
    CONSTRAINT duty_pkey PRIMARY KEY (member_id, key)
) WITH (fillfactor = 90);

CREATE TABLE duty_past (
    member_id    uuid    NOT NULL,
    key          text    COLLATE "C" NOT NULL,
    valid_from   bigint  NOT NULL,
    valid_to     bigint  NOT NULL,
    known_from   bigint  NOT NULL,
    ended_from   bigint  NOT NULL,
    known_to     bigint  NOT NULL,
    kind         text    COLLATE "C" NOT NULL,
    organisation text    COLLATE "C",
    region       text    COLLATE "C",
    subject      text    COLLATE "C" NOT NULL,
    since_us     bigint  NOT NULL,
    due_on       date    NOT NULL,
    provisional  boolean NOT NULL,
    month_from   date,
    month_until  date,
    CONSTRAINT duty_past_pkey PRIMARY KEY (member_id, key, known_from, valid_from)
);

CREATE INDEX duty_by_organisation ON duty (organisation, due_on);
CREATE INDEX duty_past_by_organisation ON duty_past (organisation, valid_to);

REVOKE ALL ON duty, duty_past FROM PUBLIC;
GRANT SELECT ON duty, duty_past TO kiteline_reader;
ALTER TABLE duty ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON duty TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON duty FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR organisation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
);
ALTER TABLE duty_past ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON duty_past TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON duty_past FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR organisation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
);
