-- Who read whose personal data: written before the data is told, shown to the person themselves, never changed.
CREATE TABLE personal_read (
    read_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id    uuid        NOT NULL,
    read_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    reader       text        NOT NULL,
    role         text        NOT NULL,
    organisation text,
    region       text,
    fields       text[]      NOT NULL CHECK (cardinality(fields) > 0),
    purpose      text        NOT NULL CHECK (purpose <> '')
);
CREATE INDEX personal_read_by_member ON personal_read (member_id, read_id DESC);
COMMENT ON TABLE personal_read IS 'One row a read of personal data through the API: who, when, whose, which fields, what for.';

CREATE TRIGGER personal_read_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON personal_read
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Readers of the read models have no business here; the service writes and reads it as the writer.
REVOKE ALL ON personal_read FROM PUBLIC;
GRANT SELECT, INSERT ON personal_read TO kiteline_writer;
ALTER TABLE personal_read ENABLE ROW LEVEL SECURITY;
ALTER TABLE personal_read FORCE ROW LEVEL SECURITY;
CREATE POLICY personal_read_by_the_service ON personal_read TO kiteline_writer USING (true) WITH CHECK (true);
