-- The members of a liaison, for the ceiling and for handing them on when a liaison leaves.
CREATE INDEX member_by_liaison ON member (liaison) WHERE liaison IS NOT NULL;
