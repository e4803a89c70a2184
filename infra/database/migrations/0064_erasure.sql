-- Erasing is a fact like any other, and the fact itself erases: nobody can record the one without the other being done,
-- in the same transaction, whoever appends.
CREATE FUNCTION erase_personal_data() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM vault_key WHERE member_id = NEW.originator_id;
    DELETE FROM vault_field WHERE member_id = NEW.originator_id;
    DELETE FROM vault_index WHERE member_id = NEW.originator_id;
    DELETE FROM vault_token WHERE member_id = NEW.originator_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER log_erases AFTER INSERT ON log
    FOR EACH ROW WHEN (NEW.topic = 'personal_data_erased') EXECUTE FUNCTION erase_personal_data();

-- What the list of erasures outside the database is held against at every start.
CREATE INDEX log_erasures ON log (position) WHERE topic = 'personal_data_erased';
