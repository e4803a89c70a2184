-- The Merkle tree over the log (RFC 6962), as C2SP tiles: up to 256 hashes of one level. A partial tile widens in place.
CREATE TABLE log_tile (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index  bigint   NOT NULL CHECK (index >= 0),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
) WITH (fillfactor = 70);
-- Hashes do not compress.
ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
COMMENT ON TABLE log_tile IS 'Made from the log, in its order, by one writer at a time; made again when a new epoch is declared.';

-- Every tree that was signed. `origin` is the source of the epoch; `note` is the signed note, our signatures only.
CREATE TABLE log_checkpoint (
    origin    text        NOT NULL,
    size      bigint      NOT NULL CHECK (size >= 0),
    root      bytea       NOT NULL CHECK (octet_length(root) = 32),
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (origin, size)
);

-- Up to where somebody asked for a checkpoint; its writer looks here, in whichever process it runs.
CREATE TABLE log_checkpoint_wanted (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint  NOT NULL
) WITH (fillfactor = 50);
INSERT INTO log_checkpoint_wanted (size) VALUES (0);

REVOKE ALL ON log_tile, log_checkpoint, log_checkpoint_wanted FROM PUBLIC;
GRANT SELECT ON log_tile, log_checkpoint, log_checkpoint_wanted TO kiteline_writer;
GRANT UPDATE (size) ON log_checkpoint_wanted TO kiteline_writer;
