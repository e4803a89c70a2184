-- How far the topics of a Kafka hold the feeds of regions. A row is there, on disk, before anything is sent to its topic.
CREATE TABLE publisher_progress (
    cluster_id    text        NOT NULL,
    region        text        NOT NULL,
    topic_id      text        NOT NULL,
    feedposition  bigint      NOT NULL,
    event_id      uuid,
    record_offset bigint,
    next_offset   bigint      NOT NULL,
    refused       text,
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT publisher_progress_pkey PRIMARY KEY (cluster_id, region)
) WITH (fillfactor = 50);
COMMENT ON COLUMN publisher_progress.feedposition IS
    'The last entry that the brokers acknowledged, with its event and the offset at which it stands in the topic.';
COMMENT ON COLUMN publisher_progress.next_offset IS
    'From here on the topic may hold entries of ours that were sent and are not accounted for here.';
COMMENT ON COLUMN publisher_progress.refused IS 'Why nothing is sent to this topic, null where it is.';

-- Regions that somebody wants to have in the topic again from their first entry.
CREATE TABLE publisher_asked (
    region   text        PRIMARY KEY,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The Kafka that was last published to, and how that stands.
CREATE TABLE publisher_standing (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    cluster_id text,
    state      text        NOT NULL,
    looked_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

REVOKE ALL ON publisher_progress, publisher_asked, publisher_standing FROM PUBLIC;
