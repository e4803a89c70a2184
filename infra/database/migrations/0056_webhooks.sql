-- Who is called when a region's feed has something new, and how far each has got. The text of a feed is not copied here:
-- what is sent is read from feed and log.
CREATE TABLE webhook_subscription (
    subscription_id   uuid        PRIMARY KEY,
    region            text        NOT NULL,
    url               text        NOT NULL,
    types             text[],
    organisation      text,
    status            text        NOT NULL DEFAULT 'active'
                                  CHECK (status IN ('active', 'paused', 'exhausted', 'gone')),
    status_since      timestamptz NOT NULL,
    created_at        timestamptz NOT NULL,
    created_by        text        NOT NULL,
    -- Rises with every change by a person: whoever is delivering reads the subscription again.
    revision          integer     NOT NULL DEFAULT 1,
    -- Everything up to `feedposition` is dealt with; `previous` is the last of it that passed the filter.
    feedposition      bigint      NOT NULL,
    previous          bigint      NOT NULL,
    last_delivered_at timestamptz,
    failing_since     timestamptz,
    failures          integer     NOT NULL DEFAULT 0,
    next_attempt_at   timestamptz
) WITH (fillfactor = 70);
CREATE INDEX webhook_subscription_by_region ON webhook_subscription (region, subscription_id);
COMMENT ON COLUMN webhook_subscription.types IS 'Facts that pass the filter; null: all.';

CREATE VIEW webhook_standing AS
SELECT s.subscription_id, s.region, s.url, s.types, s.organisation, s.status, s.status_since, s.created_at, s.revision,
       s.feedposition, s.previous, s.last_delivered_at, s.failing_since, s.failures, s.next_attempt_at,
       coalesce(h.feedposition, 0) AS head
FROM webhook_subscription AS s
LEFT JOIN feed_head AS h ON h.region = s.region;

-- What a subscription's deliveries are signed with, sealed under the master key; several while they are rotated.
CREATE TABLE webhook_key (
    subscription_id uuid        NOT NULL REFERENCES webhook_subscription ON DELETE CASCADE,
    generation      integer     NOT NULL,
    sealed          bytea       NOT NULL,
    signs_until     timestamptz,
    PRIMARY KEY (subscription_id, generation)
);
COMMENT ON COLUMN webhook_key.signs_until IS 'Null for the newest; a replaced key signs beside it until then.';

-- One row an attempt; nothing of an answer but its status.
CREATE TABLE webhook_delivery (
    delivery_id     bigint      GENERATED ALWAYS AS IDENTITY,
    subscription_id uuid        NOT NULL REFERENCES webhook_subscription ON DELETE CASCADE,
    event_id        uuid        NOT NULL,
    feedposition    bigint      NOT NULL,
    attempt         integer     NOT NULL,
    attempted_at    timestamptz NOT NULL,
    milliseconds    integer     NOT NULL,
    status          smallint,
    error           text        CHECK (error ~ '^[a-z_]{1,64}$'),
    next_attempt_at timestamptz,
    PRIMARY KEY (subscription_id, delivery_id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX webhook_delivery_by_age ON webhook_delivery USING brin (attempted_at);

-- A subscription that nobody answered for 24 hours is somebody's duty. No member's: it stands on the worklist beside
-- those that are. `known_from` and `known_to` are positions of the log, as with every duty.
CREATE TABLE webhook_duty (
    subscription_id uuid    NOT NULL,
    since_us        bigint  NOT NULL,
    until_us        bigint,
    known_from      bigint  NOT NULL,
    known_to        bigint,
    organisation    text    COLLATE "C",
    region          text    COLLATE "C",
    due_on          date    NOT NULL,
    provisional     boolean NOT NULL,
    PRIMARY KEY (subscription_id, since_us)
);
CREATE INDEX webhook_duty_by_organisation ON webhook_duty (organisation, due_on);

REVOKE ALL ON webhook_subscription, webhook_standing, webhook_key, webhook_delivery, webhook_duty FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_subscription, webhook_key, webhook_delivery TO kiteline_writer;
GRANT SELECT ON webhook_standing TO kiteline_writer;
GRANT SELECT, INSERT, UPDATE ON webhook_duty TO kiteline_writer;
GRANT SELECT ON webhook_duty TO kiteline_reader;
ALTER TABLE webhook_duty ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_the_service ON webhook_duty TO kiteline_writer, CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON webhook_duty FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR organisation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
);
