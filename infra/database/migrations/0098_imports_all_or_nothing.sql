-- An import that is all or nothing goes on without its caller too: it is checked whole, then recorded or refused.
-- `checked`: every row was found right and recording has begun; whoever begins the import again goes on recording.
ALTER TABLE register_import
    DROP CONSTRAINT register_import_state_check,
    ADD CONSTRAINT register_import_state_check
        CHECK (state IN ('waiting', 'running', 'done', 'refused', 'failed')),
    ADD COLUMN all_or_nothing boolean NOT NULL DEFAULT false,
    ADD COLUMN checked boolean NOT NULL DEFAULT false;
CREATE INDEX register_import_by_time ON register_import (imported_at DESC, import_id DESC);
COMMENT ON COLUMN register_import.state IS 'refused: all or nothing, and a row had an error: nothing was recorded.';
GRANT UPDATE (all_or_nothing, checked) ON register_import TO kiteline_writer;
