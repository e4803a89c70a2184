-- What sister deployments sent and could not be recorded, until a person or an introduction settles it. `event` is what
-- came, as it came; of what was dropped only the digest stays, so that reading a topic again does not bring it back.
CREATE TABLE quarantine (
    quarantine_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest        bytea       NOT NULL UNIQUE,
    deployment    text,
    subject       text,
    source        text,
    event_id      text,
    fact          text,
    topic         text        NOT NULL,
    event         bytea       NOT NULL,
    code          text        NOT NULL,
    detail        text        NOT NULL,
    arrived_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    tried_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries         integer     NOT NULL DEFAULT 1,
    dropped_at    timestamptz
);
CREATE INDEX quarantine_of_subject ON quarantine (deployment, subject, quarantine_id) WHERE dropped_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON quarantine TO kiteline_writer;
