-- Of each sister's log that is witnessed here: the last checkpoint that was cosigned, as her log signed it.
CREATE TABLE witnessed_checkpoint (
    origin      text        PRIMARY KEY,
    size        bigint      NOT NULL CHECK (size >= 0),
    root        bytea       NOT NULL CHECK (octet_length(root) = 32),
    note        text,
    cosigned_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE witnessed_checkpoint IS 'A row without a note is a log of which nothing was cosigned yet; its size is 0.';

-- What witnesses said of our own checkpoints, a line each.
CREATE TABLE log_cosignature (
    origin      text        NOT NULL,
    size        bigint      NOT NULL,
    witness     text        NOT NULL,
    line        text        NOT NULL,
    cosigned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (origin, size, witness),
    FOREIGN KEY (origin, size) REFERENCES log_checkpoint ON DELETE CASCADE
);

REVOKE ALL ON witnessed_checkpoint, log_cosignature FROM PUBLIC;
GRANT SELECT ON witnessed_checkpoint, log_cosignature TO kiteline_writer;
GRANT INSERT, UPDATE ON witnessed_checkpoint TO kiteline_writer;
