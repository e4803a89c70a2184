-- What was owed on a day gone by, or as known then, is found by who owed it: first what is due first, until a page is
-- full, and not by looking up each member whom a committee had then.

-- Spans of 2^39 microseconds (6.4 days), blocks of 2^20 positions: coarse, so that rows with equal keys share an entry. Contacts of
-- one month stand in the order of their subjects, which are looked through part by part.
CREATE INDEX clock_past_by_origin_owner ON clock_past (
    origin_owner, origin_month, ((valid_to >> 39)::integer), (((ended_from >> 20) & 2147483647)::integer),
    ((ascii(subject) - 1) & 2147483647)
) WHERE origin_owner IS NOT NULL;
CREATE INDEX clock_past_by_destination_owner ON clock_past (
    destination_owner, destination_month, ((valid_to >> 39)::integer), (((ended_from >> 20) & 2147483647)::integer),
    ((ascii(subject) - 1) & 2147483647)
) WHERE destination_owner IS NOT NULL;
CREATE INDEX clock_past_by_review_owner ON clock_past (
    review_owner, ((review_since_us >> 39)::integer), ((valid_to >> 39)::integer), (((ended_from >> 20) & 2147483647)::integer)
) WHERE review_owner IS NOT NULL;
DROP INDEX duty_past_by_organisation;
CREATE INDEX duty_past_by_organisation ON duty_past (
    organisation, ((valid_from >> 39)::integer), ((valid_to >> 39)::integer),
    ((coalesce(month_from, due_on) - date '1970-01-01') >> 5), (((ended_from >> 20) & 2147483647)::integer)
);

-- Whether anything is known by now that was not at a position.
CREATE FUNCTION known_more_by_now(known bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p.position > known_more_by_now.known FROM public.projection_position AS p WHERE p.name = 'read_models'
$$;

-- In which order contacts are looked for: owed for a month `above` one, up to another, with a subject that begins with one of the
-- characters from `low_char` to `high_char`, counted from 0 (the last of all: no subject); and the `month` that they are told for
-- there (NULL: their own). Of what is owed by then, or was known to be, little is owed for months long before. From `first` on, if
-- a page or the question begins there, all owed for earlier months are told for that one or, where the page before told it, for
-- `turn`; subjects before `passed` were.
CREATE FUNCTION contacts_in_parts(known bigint, first date, turn date, passed integer, high date, at_once boolean)
RETURNS TABLE (month date, above date, upto date, low_char integer, high_char integer) LANGUAGE sql STABLE AS $$
    WITH most AS (
        SELECT coalesce(first, least(high, (
            SELECT date_trunc('month', l.recorded_at AT TIME ZONE 'Asia/Shanghai')::date
            FROM public.log AS l WHERE l.position = known
        ))) AS month
    ), begun AS (
        SELECT CASE WHEN first IS NULL THEN (month - interval '3 months')::date ELSE first END AS month FROM most
    )
    SELECT p.* FROM (
        SELECT NULL::date, '-infinity'::date, high, 0, 2147483647 WHERE at_once
        UNION ALL
        SELECT NULL, '-infinity', b.month - 1, 0, 2147483647 FROM begun AS b WHERE first IS NULL AND NOT at_once
        UNION ALL
        SELECT m.month::date, CASE WHEN m.month <= greatest(first, turn) AND first IS NOT NULL THEN '-infinity' ELSE m.month::date - 1 END,
            m.month::date, p.low_char, p.high_char
        FROM begun AS b
        CROSS JOIN LATERAL generate_series(
            b.month::timestamp, least(high, b.month + interval '5 months'), interval '1 month'
        ) AS m (month)
        JOIN (
            VALUES (false, 0, 48), (false, 49, 2147483647),
                (true, 0, 47), (true, 48, 49), (true, 50, 53), (true, 54, 100), (true, 101, 2147483647)
        ) AS p (fine, low_char, high_char) ON p.fine = (m.month >= (SELECT month FROM most))
        WHERE NOT at_once AND (m.month <> first OR passed IS NULL OR p.high_char >= passed)
        UNION ALL
        SELECT NULL, (b.month + interval '5 months')::date, high, 0, 2147483647 FROM begun AS b
        WHERE NOT at_once AND b.month + interval '5 months' < high
    ) AS p (month, above, upto, low_char, high_char)
    ORDER BY p.upto, p.low_char
$$;

-- Row-level security keeps expressions out of the conditions of an index for readers. So these functions look as the owner
-- does, and decide of each row by the words of the policy itself, unless the owner asks. One index serves each: a plan for any
-- question is as good as one for this.
DO $make$
DECLARE
    owner_asks constant text := '(SELECT session_user = current_user AND current_setting(''role'') = ''none'')';
    one record;
BEGIN
    FOR one IN
        SELECT s.name, string_agg(format(
            'SELECT %s FROM ' || w.source || ' AS c
             WHERE ' || w.way || ' AND %s AND c.valid_from <= on_us AND c.known_from <= known AND c.known_to > known AND (%s)',
            s.columns, s.past, s.found_by, owner_asks || ' OR ' || (
                SELECT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy AS p
                WHERE p.polrelid = format('public.%I', s.past)::regclass AND p.polname = 'read_in_scope'
            )
        ), ' UNION ALL ') AS rows
        FROM (
            SELECT side || '_contacts_in_reach' AS name, 'clock_past' AS past, format(
                $columns$c.member_id, c.%1$s_owner AS organisation, c.%1$s_owner_region AS region, c.%1$s_since_us AS since_us,
                c.%1$s_month AS month, (CASE WHEN c.subject <> '' THEN c.subject || '.' ELSE '' END
                || 'monthly_contact.%1$s') COLLATE "C" AS begun$columns$, side
            ) AS columns, format(
                'c.%1$s_owner = ANY (owners) AND c.%1$s_month > one.above AND c.%1$s_month <= one.upto AND c.%1$s_since_us <= on_us
                 AND ((ascii(c.subject) - 1) & 2147483647) >= one.low_char AND ((ascii(c.subject) - 1) & 2147483647) <= one.high_char', side
            ) AS found_by
            FROM (VALUES ('origin'), ('destination')) AS sides (side)
            UNION ALL
            VALUES ('reviews_in_reach', 'clock_past',
                'c.member_id, c.review_owner, c.review_owner_region, c.review_since_us, c.review_due_on, c.review_provisional, c.subject',
                -- None is due before the day on which it opens.
                'c.review_owner = ANY (owners) AND (c.review_since_us >> 39)::integer
                 <= (least(on_us, (upto - date ''1970-01-01'' + 1) * 86400000000) >> 39)::integer
                 AND c.review_since_us <= on_us AND c.review_due_on <= upto'),
            ('duties_in_reach', 'duty_past',
                'c.member_id, c.key, c.kind, c.organisation, c.region, c.subject, c.since_us, c.due_on, c.provisional, c.month_from,
                 c.month_until',
                'c.organisation = ANY (owners) AND (c.valid_from >> 39)::integer <= (on_us >> 39)::integer
                 AND (coalesce(c.month_from, c.due_on) - date ''1970-01-01'') >> 5 <= (upto - date ''1970-01-01'') >> 5
                 AND coalesce(c.month_from, c.due_on) <= upto')
        ) AS s
        -- Rows that had not ended; those whose end was not known yet; those of members named.
        CROSS JOIN (VALUES
            ('public.%I', 'among IS NULL AND (c.valid_to >> 39)::integer >= (on_us >> 39)::integer AND c.valid_to > on_us'),
            ('public.%I', 'among IS NULL AND (SELECT public.known_more_by_now(known))
             AND ((c.ended_from >> 20) & 2147483647)::integer >= ((known >> 20) & 2147483647)::integer
             AND c.ended_from > known AND c.valid_to <= on_us'),
            ('(SELECT * FROM public.%I AS m WHERE among IS NOT NULL AND m.member_id = ANY (among) OFFSET 0)',
             '(c.valid_to > on_us OR c.ended_from > known)')
        ) AS w (source, way)
        GROUP BY s.name
    LOOP
        EXECUTE format(CASE one.name
        -- Reviews of a silence that had opened, due up to a day.
        WHEN 'reviews_in_reach' THEN $function$
        CREATE FUNCTION %1$I(owners text[], among uuid[], on_us bigint, known bigint, upto date)
        RETURNS TABLE (
            member_id uuid, organisation text, region text, since_us bigint, due_on date, provisional boolean, subject text
        ) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan
        AS $body$ %2$s $body$
        $function$
        -- Whatever else was owed, first due up to a day.
        WHEN 'duties_in_reach' THEN $function$
        CREATE FUNCTION %1$I(owners text[], among uuid[], on_us bigint, known bigint, upto date)
        RETURNS TABLE (
            member_id uuid, key text, kind text, organisation text, region text, subject text, since_us bigint, due_on date,
            provisional boolean, month_from date, month_until date
        ) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan
        AS $body$ %2$s $body$
        $function$
        -- The contacts first owed behind a place: by month, by what their ids begin with, by member. Those for months before `low`
        -- count as of that one; no page tells what the one before it, that ended in `due`, `duty` and `after`, has told.
        ELSE $function$
            CREATE FUNCTION %1$I(
                owners text[], among uuid[], on_us bigint, known bigint, low date, high date, due date, duty text, after uuid,
                most integer
            ) RETURNS TABLE (member_id uuid, organisation text, region text, since_us bigint, month date, begun text)
            LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan
        AS $body$
            #variable_conflict use_column
            DECLARE
                turned constant date := date_trunc('month', due::timestamp);
                turn   constant date := turned + interval '1 month';
                ending constant text := to_char(turned, '.YYYY-MM');
                passed constant integer := CASE WHEN due = turn - 1 AND low > turned IS NOT TRUE THEN (ascii(duty) - 1) & 2147483647 END;
                wanted integer := most;
                told   integer;
                one    record;
            BEGIN
                FOR one IN
                    SELECT * FROM public.contacts_in_parts(known, greatest(low, turned), turn, passed, high, among IS NOT NULL)
                LOOP
                    RETURN QUERY
                    SELECT f.member_id, f.organisation, f.region, f.since_us, f.told_for, f.begun
                    FROM (
                        SELECT c.*, greatest(c.month, low, CASE
                            WHEN due IS NULL THEN NULL
                            WHEN (turn - 1, (c.begun || ending) COLLATE "C", c.member_id) > (due, duty COLLATE "C", after) THEN turned
                            ELSE turn END) AS told_for
                        FROM (%2$s) AS c
                    ) AS f
                    WHERE one.month IS NULL OR f.told_for = one.month
                    ORDER BY f.told_for, f.begun, f.member_id LIMIT wanted;
                    GET DIAGNOSTICS told = ROW_COUNT;
                    wanted := wanted - told;
                    EXIT WHEN wanted = 0;
                END LOOP;
            END
            $body$
        $function$ END, one.name, one.rows);
    END LOOP;
END
$make$;

REVOKE ALL ON FUNCTION known_more_by_now, contacts_in_parts, origin_contacts_in_reach, destination_contacts_in_reach,
    reviews_in_reach, duties_in_reach FROM PUBLIC;
GRANT EXECUTE ON FUNCTION origin_contacts_in_reach, destination_contacts_in_reach, reviews_in_reach, duties_in_reach
    TO kiteline_reader;
