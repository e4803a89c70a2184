-- The feeds of regions: which events concern a region, in the order of the log, numbered from 1 without a gap. Copied
-- from what is stored with each event, by one writer, once; an entry names the event, whose bytes stay in the log.
CREATE TABLE feed_entry (
    region       text   NOT NULL,
    feedposition bigint NOT NULL,
    position     bigint NOT NULL,
    event_id     uuid   NOT NULL,
    CONSTRAINT feed_entry_pkey PRIMARY KEY (region, feedposition)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
-- Where a subscriber is who names the last event that it holds.
CREATE INDEX feed_entry_of_event ON feed_entry (event_id, region);
CREATE TRIGGER feed_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON feed_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The last entry of each feed.
CREATE TABLE feed_head (
    region       text   PRIMARY KEY,
    feedposition bigint NOT NULL,
    position     bigint NOT NULL
) WITH (fillfactor = 50);

-- Up to which position of the log the feeds are written.
CREATE TABLE feed_progress (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL
) WITH (fillfactor = 50);
INSERT INTO feed_progress (position) VALUES (0);

REVOKE ALL ON feed_entry, feed_head, feed_progress FROM PUBLIC;
GRANT SELECT ON feed_entry, feed_head, feed_progress TO kiteline_writer;
