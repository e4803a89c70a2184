-- The legs of one cell of the flow matrix, by the codes that its kept counts have, in the order of its pages.
CREATE INDEX leg_by_cell ON leg ((coalesce(origin_region, '')), destination, member_id);
