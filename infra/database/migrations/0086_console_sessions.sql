-- Who is signed in to the console. The cookie's own words are not here, only their hash; who it is lies sealed.
CREATE TABLE console_session (
    session bytea       PRIMARY KEY CHECK (octet_length(session) = 32),
    sealed  bytea       NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX console_session_by_end ON console_session (ends_at);
COMMENT ON TABLE console_session IS 'One row a person signed in to the console; gone when they leave, or at ends_at.';
REVOKE ALL ON console_session FROM PUBLIC;
GRANT SELECT, INSERT, DELETE ON console_session TO kiteline_writer;
ALTER TABLE console_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE console_session FORCE ROW LEVEL SECURITY;
CREATE POLICY console_session_by_the_service ON console_session TO kiteline_writer USING (true) WITH CHECK (true);
