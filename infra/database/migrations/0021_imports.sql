-- What became of each register: its report without personal values, and for 7 days the upload itself, encrypted.
CREATE TABLE register_import (
    import_id    uuid        PRIMARY KEY,
    imported_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor        text        NOT NULL,
    organisation text        NOT NULL,
    report       bytea       NOT NULL,
    upload       bytea,
    upload_until timestamptz NOT NULL
);
ALTER TABLE register_import ALTER COLUMN upload SET STORAGE EXTERNAL;
CREATE INDEX register_import_uploads ON register_import (upload_until) WHERE upload IS NOT NULL;
REVOKE ALL ON register_import FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE (upload) ON register_import TO kiteline_writer;
