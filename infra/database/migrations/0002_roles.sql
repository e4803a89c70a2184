-- Two roles of the cluster, made by whichever database comes first; logins act as one of them by SET ROLE.
-- kiteline_writer appends to the log, through the function alone, and reads the event store.
-- kiteline_reader reads what read models show, under row-level security.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['kiteline_writer', 'kiteline_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'role % is missing and this login may not create it', wanted
                        USING HINT = format('As an administrator: CREATE ROLE %I NOLOGIN; GRANT %I TO %I;',
                                            wanted, wanted, current_user);
            END;
        END IF;
        IF NOT pg_has_role(current_user, wanted, 'SET') THEN
            EXECUTE format('GRANT %I TO %I', wanted, current_user);
        END IF;
    END LOOP;
END
$$;

REVOKE ALL ON log, log_epoch, log_head, stream_head, idempotency, tracking, aggregate_record FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO kiteline_writer, kiteline_reader;
GRANT SELECT ON log, log_epoch, log_head, stream_head, idempotency, tracking, aggregate_record TO kiteline_writer;
GRANT INSERT ON aggregate_record TO kiteline_writer;
GRANT SELECT ON log_head, log_epoch TO kiteline_reader;
