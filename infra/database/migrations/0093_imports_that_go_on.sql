-- A register is worked on after its upload was answered: how far that is, and what became of it, is found from anywhere.
-- `records`: whether the run waited for, under way or done records what is right; without, it only tells.
ALTER TABLE register_import
    ADD COLUMN state text NOT NULL DEFAULT 'done' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    ADD COLUMN records boolean NOT NULL DEFAULT true,
    ADD COLUMN called bytea,
    ADD COLUMN caller bytea,
    ADD COLUMN rows_read integer NOT NULL DEFAULT 0 CHECK (rows_read >= 0),
    ADD COLUMN rows_expected integer,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN counts bytea,
    ADD COLUMN failure bytea,
    ALTER COLUMN report DROP NOT NULL,
    ADD CHECK (report IS NOT NULL OR state <> 'done');
COMMENT ON COLUMN register_import.called IS 'The name of the uploaded file, sealed; forgotten with the upload.';
CREATE INDEX register_import_under_way ON register_import (imported_at) WHERE state IN ('waiting', 'running');
CREATE INDEX register_import_by_actor ON register_import (actor, imported_at DESC, import_id);
GRANT UPDATE (state, records, called, caller, rows_read, rows_expected, ended_at, counts, failure, report)
    ON register_import TO kiteline_writer;
