-- Of an organisation's members three in four are at home: rosters and lifecycle counts find those under way by their stage.
-- A contact changes neither column.
DROP INDEX member_by_affiliation;
CREATE INDEX member_by_affiliation ON member (affiliation, stage);
