-- Who searches for people how often. Counted in windows of a minute and of a day, so that nobody walks the register.
CREATE TABLE search_allowance (
    reader   text        NOT NULL,
    seconds  integer     NOT NULL,
    began_at timestamptz NOT NULL,
    searches integer     NOT NULL,
    PRIMARY KEY (reader, seconds)
) WITH (fillfactor = 50);
REVOKE ALL ON search_allowance FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON search_allowance TO kiteline_writer;
ALTER TABLE search_allowance ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_allowance FORCE ROW LEVEL SECURITY;
CREATE POLICY search_allowance_by_the_service ON search_allowance TO kiteline_writer USING (true) WITH CHECK (true);

-- What a read was for is in the reader's own words, which may name somebody: it lies in the vault, as the member's field
-- `read:<read_id>`, and goes with the member's personal data. Rows from before keep their words here.
ALTER TABLE personal_read ALTER COLUMN purpose DROP NOT NULL;

-- Reads are kept for two years at least, and may go after that.
CREATE FUNCTION refuse_early_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.read_at < clock_timestamp() - interval '730 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on %: reads are kept for two years and never changed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER personal_read_is_never_changed ON personal_read;
CREATE TRIGGER personal_read_is_never_changed BEFORE UPDATE OR TRUNCATE ON personal_read
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER personal_read_is_kept BEFORE DELETE ON personal_read
    FOR EACH ROW EXECUTE FUNCTION refuse_early_change();
CREATE INDEX personal_read_by_age ON personal_read (read_at);
GRANT DELETE ON personal_read TO kiteline_writer;

-- What left as a file: who took which question's answer, how many rows, with which fields. Kept as long as reads.
CREATE TABLE export (
    export_id    uuid        PRIMARY KEY,
    exported_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    reader       text        NOT NULL,
    role         text        NOT NULL,
    organisation text,
    region       text,
    question     jsonb       NOT NULL,
    fields       text[]      NOT NULL,
    rows         integer     NOT NULL,
    digest       bytea       NOT NULL CHECK (octet_length(digest) = 32)
);
CREATE INDEX export_by_time ON export (exported_at DESC, export_id);
COMMENT ON TABLE export IS 'One row a file that was handed out: digest is the SHA-256 of its bytes; no personal data.';
CREATE TRIGGER export_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON export
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE ALL ON export FROM PUBLIC;
GRANT SELECT, INSERT ON export TO kiteline_writer;
ALTER TABLE export ENABLE ROW LEVEL SECURITY;
ALTER TABLE export FORCE ROW LEVEL SECURITY;
CREATE POLICY export_by_the_service ON export TO kiteline_writer USING (true) WITH CHECK (true);
