-- Whom a branch or a county may see is found by index, each way in which row-level security lets a row through: a list
-- of people, or a search for a frequent name, then reads those few and not the whole table in the order of its ids.
CREATE INDEX member_by_responsible ON member (responsible) WHERE responsible IS DISTINCT FROM affiliation;
CREATE INDEX member_by_declared_region ON member (declared_region) WHERE declared_region IS DISTINCT FROM region;
CREATE INDEX member_by_other_side ON member (other_side) WHERE other_side IS NOT NULL;
CREATE INDEX member_by_other_region ON member (other_region) WHERE other_region IS NOT NULL;

-- Each way of the policies read_in_scope and read_by_agreement; row-level security still decides of every row. Regions come
-- as half-open ranges of codes. A member let through in several ways comes as often.
CREATE FUNCTION members_in_reach(lows text[], highs text[], organisations text[], partners text[])
RETURNS TABLE (member_id uuid) LANGUAGE sql STABLE AS $$
    SELECT m.member_id FROM unnest(members_in_reach.organisations || members_in_reach.partners) AS o (code)
    JOIN member AS m ON m.affiliation = o.code
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.organisations) AS o (code)
    JOIN member AS m ON m.responsible = o.code AND m.responsible IS DISTINCT FROM m.affiliation
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.organisations) AS o (code) JOIN member AS m ON m.holder = o.code
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.organisations) AS o (code) JOIN member AS m ON m.accepted_by = o.code
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.organisations) AS o (code) JOIN member AS m ON m.other_side = o.code
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.lows, members_in_reach.highs) AS s (lo, hi)
    JOIN member AS m ON m.affiliation_region >= s.lo AND m.affiliation_region < s.hi
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.lows, members_in_reach.highs) AS s (lo, hi)
    JOIN member AS m ON m.region >= s.lo AND m.region < s.hi
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.lows, members_in_reach.highs) AS s (lo, hi)
    JOIN member AS m ON m.declared_region >= s.lo AND m.declared_region < s.hi
     AND m.declared_region IS DISTINCT FROM m.region
    UNION ALL
    SELECT m.member_id FROM unnest(members_in_reach.lows, members_in_reach.highs) AS s (lo, hi)
    JOIN member AS m ON m.other_region >= s.lo AND m.other_region < s.hi
$$;
REVOKE ALL ON FUNCTION members_in_reach FROM PUBLIC;
GRANT EXECUTE ON FUNCTION members_in_reach TO kiteline_reader;
