-- Of a past day the first page of a large organisation's worklist holds what was overdue longest: of the rows of clocks, the
-- few during which something was, found by who owed it and until when. Of an earlier position also what was recorded only
-- later to have ended before, found by the block of positions in which it was.
CREATE INDEX clock_past_overdue_of_origin ON clock_past (origin_owner, valid_to, valid_from)
    WHERE origin_owner IS NOT NULL AND overdue_from(first_due_on) <= day_of(valid_to);
CREATE INDEX clock_past_overdue_of_destination ON clock_past (destination_owner, valid_to, valid_from)
    WHERE destination_owner IS NOT NULL AND overdue_from(first_due_on) <= day_of(valid_to);
CREATE INDEX clock_past_overdue_of_review ON clock_past (review_owner, valid_to, valid_from)
    WHERE review_owner IS NOT NULL AND overdue_from(first_due_on) <= day_of(valid_to);
CREATE INDEX clock_past_ended_late ON clock_past (((ended_from - 1) >> 15), valid_to);

-- For readers, who see nothing of the log.
CREATE FUNCTION day_recorded(asked bigint) RETURNS date LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT (l.recorded_at AT TIME ZONE 'Asia/Shanghai')::date FROM public.log AS l WHERE l.position = asked
$$;
REVOKE ALL ON FUNCTION day_recorded FROM PUBLIC;
GRANT EXECUTE ON FUNCTION day_recorded TO kiteline_reader;

-- How far blocks of counts as known are made is nobody's, and everybody may know it.
ALTER TABLE known_upto ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY written_by_owner ON known_upto TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY read_by_all ON known_upto FOR SELECT TO kiteline_reader USING (true);
