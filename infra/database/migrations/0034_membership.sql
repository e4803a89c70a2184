-- Whether a member is active, suspended or no longer one decides who is on a roster, then as now.
ALTER TABLE roster_past ADD COLUMN membership text COLLATE "C" NOT NULL DEFAULT 'active';
COMMENT ON COLUMN roster_past.membership IS 'active, suspended or ended; whose membership has ended is on no roster.';
