-- The facts that every decision looks up (organisations, policy, workdays, regions) are found without reading the log.
CREATE INDEX log_reference_facts ON log (position)
WHERE topic IN ('organisation_registered', 'organisation_dissolved', 'policy_adopted', 'workdays_set', 'region_reorganised');
