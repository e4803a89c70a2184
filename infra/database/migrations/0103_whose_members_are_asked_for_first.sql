-- Who asks for an organisation mostly asks for those it accepted or is affiliated with: these two are looked at first. Which
-- rows are let through is as before; a row that was let through by its acceptor was held against all beginnings of regions
-- and three times against all organisations below a committee before.
ALTER POLICY read_in_scope ON member USING (
    (SELECT '*' IN (current_setting('kiteline.regions', true), current_setting('kiteline.organisations', true)))
    OR accepted_by = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR affiliation = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR affiliation_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR declared_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
    OR responsible = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR holder = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR other_side = ANY ((SELECT string_to_array(current_setting('kiteline.organisations', true), ','))::text[])
    OR other_region ^@ ANY ((SELECT array_remove(string_to_array(current_setting('kiteline.regions', true), ','), ''))::text[])
);
