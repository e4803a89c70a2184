-- How far the read models reflect the log, and whose events could not be folded.
-- One row: all read models of a page of the log are written with its position in one transaction.
CREATE TABLE projection_position (
    name       text        PRIMARY KEY,
    version    integer     NOT NULL,
    position   bigint      NOT NULL,
    latest_us  bigint      NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON COLUMN projection_position.latest_us IS
    'No fact folded so far happened after this, in microseconds since 1970 UTC; later moments are answered from current rows.';
INSERT INTO projection_position (name, version, position, latest_us, updated_at)
VALUES ('read_models', 1, 0, -4611686018427387904, clock_timestamp());

CREATE TABLE projection_parked (
    member_id uuid        PRIMARY KEY,
    position  bigint      NOT NULL,
    code      text        NOT NULL,
    since     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE projection_parked IS
    'Members whose events could not be folded from `position` on; `code` is the kind of error, without personal data.';

REVOKE ALL ON projection_position, projection_parked FROM PUBLIC;
GRANT SELECT ON projection_position TO kiteline_reader, kiteline_writer;
GRANT SELECT ON projection_parked TO kiteline_reader, kiteline_writer;
ALTER TABLE projection_parked ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON projection_parked TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_in_scope ON projection_parked FOR SELECT TO kiteline_reader
    USING ((SELECT current_setting('kiteline.regions', true) = '*'));
ALTER TABLE projection_position ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON projection_position TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_by_all ON projection_position FOR SELECT TO kiteline_reader, kiteline_writer USING (true);
CREATE POLICY read_by_writer ON projection_parked FOR SELECT TO kiteline_writer USING (true);
