-- Versions of code lists are looked up by every decision, like organisations and figures.
CREATE INDEX log_facts_of_reference ON log (position)
WHERE topic IN (
    'organisation_registered', 'organisation_dissolved', 'policy_adopted', 'workdays_set', 'region_reorganised',
    'code_list_adopted'
);
DROP INDEX log_reference_facts;

COMMENT ON COLUMN member.places IS
    'Every region, and behind @ every organisation, that the member''s facts name: whom to fold anew when one changes.';
