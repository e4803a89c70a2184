-- While a transfer is under way the other side sees the member too: whom it is asked to take, or whom it has let go.
ALTER TABLE member
    ADD COLUMN other_side text COLLATE "C",
    ADD COLUMN other_region text COLLATE "C";
COMMENT ON COLUMN member.other_side IS 'Who stands opposite the affiliation in a transfer under way, until its receipt is returned.';

DROP POLICY read_in_scope ON member;
CREATE POLICY read_in_scope ON member FOR SELECT TO kiteline_reader USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR affiliation_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR declared_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR affiliation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR responsible = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR holder = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR accepted_by = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR other_side = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR other_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);
