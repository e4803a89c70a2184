-- Who stood in an organisation on a day and does not any more: found by when they ended, not by looking at everybody who
-- ever was there. Of ten thousand members' fifty thousand rows some two hundred ended within the last month.
DROP INDEX roster_past_by_affiliation, roster_past_by_accepted, roster_past_by_branch, roster_past_by_holder;
CREATE INDEX roster_past_by_affiliation ON roster_past (affiliation, valid_to);
CREATE INDEX roster_past_by_accepted ON roster_past (accepted_by, valid_to) WHERE accepted_by IS NOT NULL;
CREATE INDEX roster_past_by_branch ON roster_past (branch, valid_to) WHERE branch IS NOT NULL;
CREATE INDEX roster_past_by_holder ON roster_past (holder, valid_to) WHERE holder IS NOT NULL;

-- Whoever sees a county or a province enters the cells by its codes; row-level security alone looked at every cell.
CREATE INDEX flow_count_by_origin ON flow_count (origin, month);
CREATE INDEX flow_count_by_destination ON flow_count (destination, month);
