-- While a member's data key is changed: the key before, wrapped under the same version of the master key. What somebody
-- sealed under it in that moment still opens; emptied once nothing is left under it.
ALTER TABLE vault_key ADD COLUMN former bytea;
