-- Who comes home, to a region or to an organisation: few of all those away, on the first page of every office.
CREATE INDEX member_returning ON member (affiliation_region, member_id) WHERE view = 'return';
CREATE INDEX member_returning_to ON member (affiliation) WHERE view = 'return';
