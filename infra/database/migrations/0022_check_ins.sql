-- Every attempt to check in, whatever became of it: no personal data, only who sent it, where, and the outcome's code.
CREATE TABLE check_in_attempt (
    attempt_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor        text        NOT NULL,
    venue        uuid,
    outcome      text        NOT NULL CHECK (outcome ~ '^[a-z_]{1,64}$')
);
CREATE INDEX check_in_attempt_by_venue ON check_in_attempt (venue, attempt_id);
COMMENT ON TABLE check_in_attempt IS
    'One row an attempt to check in: accepted, replayed, or the code of the problem; venue is null where the code does not tell it.';

CREATE TRIGGER check_in_attempt_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON check_in_attempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

REVOKE ALL ON check_in_attempt FROM PUBLIC;
GRANT SELECT, INSERT ON check_in_attempt TO kiteline_writer;
ALTER TABLE check_in_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE check_in_attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY check_in_attempt_by_the_service ON check_in_attempt TO kiteline_writer USING (true) WITH CHECK (true);

-- Which venues changed since a position is found without reading the log, so that processes may keep venues in memory.
CREATE INDEX log_venue_facts ON log (position)
WHERE topic IN ('venue_opened', 'check_in_code_issued', 'check_in_code_revoked');
