-- Agreements are looked up by every decision, like organisations and figures.
CREATE INDEX log_facts_looked_up ON log (position)
WHERE topic IN (
    'organisation_registered', 'organisation_dissolved', 'policy_adopted', 'workdays_set', 'region_reorganised',
    'code_list_adopted', 'agreement_signed', 'agreement_countersigned', 'agreement_ended'
);
DROP INDEX log_facts_of_reference;

-- `kiteline.partners` are the organisations whose members away from home the caller may see by an agreement in force.
CREATE POLICY read_by_agreement ON member FOR SELECT TO kiteline_reader USING (
    affiliation = ANY ((SELECT string_to_array(current_setting('kiteline.partners', true), ','))::text[])
    AND stage IN ('reported', 'awaiting_check_in', 'checked_in', 'settled', 'returned')
);
CREATE POLICY read_by_agreement ON roster_past FOR SELECT TO kiteline_reader USING (
    affiliation = ANY ((SELECT string_to_array(current_setting('kiteline.partners', true), ','))::text[])
    AND stage IN ('reported', 'awaiting_check_in', 'checked_in', 'settled', 'returned')
);
