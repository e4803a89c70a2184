-- The vault: personal data apart from the log, encrypted under one key a member. Erasure deletes a member's rows here.

CREATE TABLE vault_master (
    version integer PRIMARY KEY CHECK (version > 0),
    proof bytea NOT NULL
);
COMMENT ON TABLE vault_master IS 'Which master keys this vault was written with; a proof tells a wrong key, and opens nothing.';

CREATE TABLE vault_key (
    member_id uuid PRIMARY KEY,
    master_version integer NOT NULL,
    wrapped bytea NOT NULL
);
COMMENT ON TABLE vault_key IS 'A data key a member, encrypted under the master key; without its row nothing of the member opens.';

CREATE TABLE vault_field (
    member_id uuid NOT NULL,
    field text NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (member_id, field)
);
COMMENT ON TABLE vault_field IS 'One ciphertext a field, bound to member and field name; text:<event id> is the free text of an event.';

CREATE TABLE vault_index (
    key_version integer NOT NULL,
    digest bytea NOT NULL,
    member_id uuid NOT NULL,
    PRIMARY KEY (key_version, digest)
);
CREATE INDEX vault_index_by_member ON vault_index (member_id);
COMMENT ON TABLE vault_index IS 'Keyed hash of the identity number: one person, one member id.';

CREATE TABLE vault_token (
    kind text NOT NULL,
    token bytea NOT NULL,
    member_id uuid NOT NULL,
    PRIMARY KEY (kind, token, member_id)
);
CREATE INDEX vault_token_by_member ON vault_token (member_id);
COMMENT ON TABLE vault_token IS 'Keyed search tokens of name, pinyin, initials and telephone; deleted on erasure.';

-- Writers append and erase. Readers hold ciphertexts at most: the keys to them are not in the database.
REVOKE ALL ON vault_master, vault_key, vault_field, vault_index, vault_token FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_master, vault_key, vault_field, vault_index, vault_token
    TO kiteline_writer;
GRANT SELECT ON vault_key, vault_field, vault_index, vault_token TO kiteline_reader;
