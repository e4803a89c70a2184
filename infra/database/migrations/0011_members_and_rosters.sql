-- One row a member as it stands (its roster and its clocks), and what stood before.
--
-- A row of the past is visible at a moment t, as known at position k, iff
--     valid_from <= t AND known_from <= k AND k < known_to AND (t < valid_to OR k < ended_from):
-- it was taken for open until its end became known at position `ended_from` (docs/decisions). A current row has only
-- begun: it is visible iff its `…_from` <= t and `…_known` <= k. Moments are microseconds since 1970 UTC.
-- Codes are compared byte by byte, so that a region and all below it are one range of an index.
CREATE TABLE member (
    member_id          uuid    PRIMARY KEY,
    version            bigint  NOT NULL,
    position           bigint  NOT NULL,
    membership         text    NOT NULL,
    liaison            text,
    regions            text[]  NOT NULL,
    places             text[]  NOT NULL,
    roster_from        bigint  NOT NULL,
    roster_known       bigint  NOT NULL,
    affiliation        text    COLLATE "C",
    affiliation_region text    COLLATE "C",
    responsible        text    COLLATE "C",
    holder             text    COLLATE "C",
    accepted_by        text    COLLATE "C",
    branch             text    COLLATE "C",
    stage              text    COLLATE "C",
    view               text    COLLATE "C",
    origin_region      text    COLLATE "C",
    declared_region    text    COLLATE "C",
    region             text    COLLATE "C",
    leg                integer,
    movement_id        text    COLLATE "C",
    category           text    COLLATE "C",
    scope              text    COLLATE "C",
    since_us           bigint,
    abroad             boolean NOT NULL,
    clock_from         bigint  NOT NULL,
    clock_known        bigint  NOT NULL,
    last_contact_at    text,
    last_contact_us    bigint,
    lost               boolean NOT NULL,
    first_due_on       date,
    subject            text    COLLATE "C",
    origin_owner       text    COLLATE "C",
    origin_owner_region text   COLLATE "C",
    origin_since_us    bigint,
    origin_month       date,
    destination_owner  text    COLLATE "C",
    destination_owner_region text COLLATE "C",
    destination_since_us bigint,
    destination_month  date,
    review_owner       text    COLLATE "C",
    review_owner_region text   COLLATE "C",
    review_since_us    bigint,
    review_due_on      date,
    review_provisional boolean
) WITH (fillfactor = 75);
COMMENT ON COLUMN member.first_due_on IS 'The earliest day on which anything owed for the member is due; overdue is any later day.';
COMMENT ON COLUMN member.places IS 'Every region the member ever checked in at, for folding anew when an organisation there becomes known.';
COMMENT ON COLUMN member.origin_month IS 'The month from which on the origin owes a contact each month; likewise of the destination.';

CREATE TABLE roster_past (
    member_id          uuid   NOT NULL,
    valid_from         bigint NOT NULL,
    valid_to           bigint NOT NULL,
    known_from         bigint NOT NULL,
    ended_from         bigint NOT NULL,
    known_to           bigint NOT NULL,
    affiliation        text   COLLATE "C",
    affiliation_region text   COLLATE "C",
    responsible        text   COLLATE "C",
    holder             text   COLLATE "C",
    accepted_by        text   COLLATE "C",
    branch             text   COLLATE "C",
    stage              text   COLLATE "C",
    view               text   COLLATE "C",
    origin_region      text   COLLATE "C",
    declared_region    text   COLLATE "C",
    region             text   COLLATE "C",
    leg                integer,
    movement_id        text   COLLATE "C",
    category           text   COLLATE "C",
    scope              text   COLLATE "C",
    since_us           bigint,
    abroad             boolean NOT NULL,
    CONSTRAINT roster_past_pkey PRIMARY KEY (member_id, known_from, valid_from)
);

-- The largest table, a row a contact: found by member only, and the members by their rosters of the day.
CREATE TABLE clock_past (
    member_id          uuid    NOT NULL,
    valid_from         bigint  NOT NULL,
    valid_to           bigint  NOT NULL,
    known_from         bigint  NOT NULL,
    ended_from         bigint  NOT NULL,
    known_to           bigint  NOT NULL,
    affiliation_region text    COLLATE "C",
    region             text    COLLATE "C",
    organisations      text[]  COLLATE "C" NOT NULL,
    last_contact_at    text,
    last_contact_us    bigint,
    lost               boolean NOT NULL,
    first_due_on       date,
    subject            text    COLLATE "C",
    origin_owner       text    COLLATE "C",
    origin_owner_region text   COLLATE "C",
    origin_since_us    bigint,
    origin_month       date,
    destination_owner  text    COLLATE "C",
    destination_owner_region text COLLATE "C",
    destination_since_us bigint,
    destination_month  date,
    review_owner       text    COLLATE "C",
    review_owner_region text   COLLATE "C",
    review_since_us    bigint,
    review_due_on      date,
    review_provisional boolean,
    CONSTRAINT clock_past_pkey PRIMARY KEY (member_id, known_from, valid_from)
);
COMMENT ON COLUMN clock_past.organisations IS 'Affiliation, responsible, holder and acceptor of those days: they may read the row, whoever owes what.';

CREATE INDEX member_by_affiliation_region ON member (affiliation_region);
CREATE INDEX member_by_region ON member (region) WHERE region IS NOT NULL;
CREATE INDEX member_by_affiliation ON member (affiliation);
CREATE INDEX member_by_accepted ON member (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX member_by_branch ON member (branch) WHERE branch IS NOT NULL;
CREATE INDEX member_by_holder ON member (holder) WHERE holder IS NOT NULL;
CREATE INDEX member_by_origin_owner ON member (origin_owner) WHERE origin_owner IS NOT NULL;
CREATE INDEX member_by_review_owner ON member (review_owner) WHERE review_owner IS NOT NULL;
CREATE INDEX member_by_destination_owner ON member (destination_owner) WHERE destination_owner IS NOT NULL;
CREATE INDEX roster_past_by_affiliation_region ON roster_past (affiliation_region);
CREATE INDEX roster_past_by_region ON roster_past (region) WHERE region IS NOT NULL;
CREATE INDEX roster_past_by_affiliation ON roster_past (affiliation);
CREATE INDEX roster_past_by_accepted ON roster_past (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX roster_past_by_branch ON roster_past (branch) WHERE branch IS NOT NULL;
CREATE INDEX roster_past_by_holder ON roster_past (holder) WHERE holder IS NOT NULL;

REVOKE ALL ON member, roster_past, clock_past FROM PUBLIC;
GRANT SELECT ON member, roster_past, clock_past TO kiteline_reader;

-- The settings are read once a statement; absent or empty ones show nothing.
ALTER TABLE member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON member TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON member FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR affiliation_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR declared_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR affiliation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR responsible = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR holder = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR accepted_by = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
);
ALTER TABLE roster_past ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON roster_past TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON roster_past FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR affiliation_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR declared_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR affiliation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR responsible = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR holder = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR accepted_by = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
);
ALTER TABLE clock_past ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON clock_past TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON clock_past FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR affiliation_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR origin_owner = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR destination_owner = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR organisations && (SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[]
);
