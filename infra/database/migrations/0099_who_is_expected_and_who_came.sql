-- Who is expected somewhere, and who checked in there and waits for an answer: few of those who are there, asked for on
-- every page of check-ins. A contact changes none of these columns.
CREATE INDEX member_expected ON member (region, member_id) WHERE stage = 'awaiting_check_in';
CREATE INDEX member_arrived ON member (region, since_us) WHERE stage = 'checked_in';
