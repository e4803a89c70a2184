-- Pages of a region's roster come in the order of an index, whatever the region's size: by region code, then member.
DROP INDEX member_by_affiliation_region, member_by_region, roster_past_by_affiliation_region, roster_past_by_region;
CREATE INDEX member_by_affiliation_region ON member (affiliation_region, member_id);
CREATE INDEX member_by_region ON member (region, member_id) WHERE region IS NOT NULL;
CREATE INDEX roster_past_by_affiliation_region ON roster_past (affiliation_region, member_id);
CREATE INDEX roster_past_by_region ON roster_past (region, member_id) WHERE region IS NOT NULL;

-- What stood on a day is most likely the last that began before it: found first, instead of last.
ALTER TABLE clock_past DROP CONSTRAINT clock_past_pkey;
ALTER TABLE clock_past ADD CONSTRAINT clock_past_pkey PRIMARY KEY (member_id, valid_from, known_from);
ALTER TABLE roster_past DROP CONSTRAINT roster_past_pkey;
ALTER TABLE roster_past ADD CONSTRAINT roster_past_pkey PRIMARY KEY (member_id, valid_from, known_from);
