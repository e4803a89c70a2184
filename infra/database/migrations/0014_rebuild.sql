-- Read models are rebuilt beside the live ones, in a schema of their own under the same names: filled without indexes,
-- then given the indexes, the row-level security and the privileges of the live table, and moved over in one transaction.
CREATE SCHEMA rebuild;
REVOKE ALL ON SCHEMA rebuild FROM PUBLIC;

CREATE FUNCTION rebuild_begin(live text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS rebuild.%I', live);
    EXECUTE format('CREATE TABLE rebuild.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING COMMENTS INCLUDING STORAGE)',
                   live, live);
END
$$;

CREATE FUNCTION rebuild_finish(live text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found  record;
    option text;
BEGIN
    FOR found IN
        SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition, pg_get_constraintdef(k.oid) AS key
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'p'
        WHERE i.indrelid = format('public.%I', live)::regclass
        ORDER BY c.relname
    LOOP
        IF found.key IS NOT NULL THEN
            EXECUTE format('ALTER TABLE rebuild.%I ADD CONSTRAINT %I %s', live, found.name, found.key);
        ELSE
            EXECUTE replace(found.definition, format(' ON public.%I ', live), format(' ON rebuild.%I ', live));
        END IF;
    END LOOP;
    FOREACH option IN ARRAY
        coalesce((SELECT reloptions FROM pg_class WHERE oid = format('public.%I', live)::regclass), '{}')
    LOOP
        EXECUTE format('ALTER TABLE rebuild.%I SET (%s)', live, option);
    END LOOP;
    EXECUTE format('REVOKE ALL ON rebuild.%I FROM PUBLIC', live);
    EXECUTE format('GRANT SELECT ON rebuild.%I TO kiteline_reader', live);
    EXECUTE format('ALTER TABLE rebuild.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', live);
    FOR found IN
        SELECT policyname, cmd, qual, with_check, (SELECT string_agg(quote_ident(r), ', ') FROM unnest(roles) AS r) AS who
        FROM pg_policies WHERE schemaname = 'public' AND tablename = live
    LOOP
        EXECUTE format('CREATE POLICY %I ON rebuild.%I FOR %s TO %s USING (%s)%s', found.policyname, live, found.cmd,
                       found.who, found.qual,
                       CASE WHEN found.with_check IS NULL THEN '' ELSE format(' WITH CHECK (%s)', found.with_check) END);
    END LOOP;
    EXECUTE format('ANALYZE rebuild.%I', live);
END
$$;

CREATE FUNCTION rebuild_switch(live text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('DROP TABLE public.%I', live);
    EXECUTE format('ALTER TABLE rebuild.%I SET SCHEMA public', live);
END
$$;

REVOKE ALL ON FUNCTION rebuild_begin, rebuild_finish, rebuild_switch FROM PUBLIC;
