-- The log: every fact, in the order in which it became known, never changed.
CREATE TABLE log (
    position           bigint      NOT NULL,
    originator_id      uuid        NOT NULL,
    originator_version bigint      NOT NULL,
    topic              text        NOT NULL,
    state              bytea       NOT NULL,
    concerns           text[]      NOT NULL DEFAULT '{}',
    epoch              integer     NOT NULL,
    recorded_at        timestamptz NOT NULL,
    CONSTRAINT log_pkey PRIMARY KEY (position),
    CONSTRAINT log_stream_key UNIQUE (originator_id, originator_version)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

-- From which position on the log answers under which source. A new epoch begins after a restore.
CREATE TABLE log_epoch (
    epoch         integer     PRIMARY KEY,
    source        text        NOT NULL,
    from_position bigint      NOT NULL,
    declared_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO log_epoch (epoch, source, from_position) VALUES (1, 'urn:kiteline:local:1', 1);

-- The head is the last row of the log, not a counter beside it: a row rewritten by every batch would leave a chain of
-- dead versions that nothing can clear away while anybody reads with an old snapshot.
CREATE VIEW log_head AS
SELECT coalesce(last.position, 0)          AS position,
       last.recorded_at                    AS recorded_at,
       (SELECT max(epoch) FROM log_epoch)  AS epoch
FROM (VALUES (1)) AS one (row)
LEFT JOIN (SELECT position, recorded_at FROM log ORDER BY position DESC LIMIT 1) AS last ON true;

CREATE TABLE stream_head (
    originator_id uuid   PRIMARY KEY,
    version       bigint NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE idempotency (
    caller         text        NOT NULL,
    key_hash       bytea       NOT NULL,
    body_hash      bytea       NOT NULL,
    status         smallint    NOT NULL,
    first_position bigint,
    event_count    integer     NOT NULL,
    answer         bytea,
    recorded_at    timestamptz NOT NULL,
    -- The hash first: it tells apart at once what the caller, the same in most rows, does not.
    PRIMARY KEY (key_hash, caller)
);

CREATE TABLE tracking (
    application_name text   PRIMARY KEY,
    notification_id  bigint NOT NULL
) WITH (fillfactor = 50);

-- Sequences of aggregates that are in no log: the library's snapshots, by purpose.
CREATE TABLE aggregate_record (
    purpose            text   NOT NULL,
    originator_id      uuid   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text   NOT NULL,
    state              bytea  NOT NULL,
    PRIMARY KEY (purpose, originator_id, originator_version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: what was recorded is never changed; record a correction instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              DETAIL = '已记录的事实不可更改、删除；请另行记录更正。',
              HINT = 'Later facts correct earlier ones (correct, void); a restored backup begins a new epoch.';
END
$$;

CREATE TRIGGER log_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The clock of the log, by itself so that a test can set it back.
CREATE FUNCTION log_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';
