-- What operators did to the running deployment: who, when, what, about what, and what came of it.
CREATE TABLE operator_act (
    act_id   uuid        PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor    text        NOT NULL,
    role     text        NOT NULL,
    region   text,
    act      text        NOT NULL,
    about    text,
    state    text        NOT NULL CHECK (state IN ('running', 'done', 'refused', 'failed')),
    done     bigint,
    total    bigint,
    outcome  text,
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX operator_act_by_time ON operator_act (began_at DESC, act_id);
COMMENT ON TABLE operator_act IS 'One row a thing that an operator did; `seen_at` is when it last told how far it is.';
REVOKE ALL ON operator_act FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE (state, done, total, outcome, seen_at) ON operator_act TO kiteline_writer;
ALTER TABLE operator_act ENABLE ROW LEVEL SECURITY;
ALTER TABLE operator_act FORCE ROW LEVEL SECURITY;
CREATE POLICY operator_act_by_the_service ON operator_act TO kiteline_writer USING (true) WITH CHECK (true);

-- Reads of personal data are asked for by who read as well, the latest first.
CREATE INDEX personal_read_by_reader ON personal_read (reader, read_id DESC);

-- How publishing stands is told to operators through the API, and they may have a topic filled again.
GRANT SELECT ON publisher_progress, publisher_standing TO kiteline_writer;
GRANT SELECT, INSERT ON publisher_asked TO kiteline_writer;
