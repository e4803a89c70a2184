-- append_saves as before, but that the vault rows of new members are inserted without looking for rows that they would
-- replace: a register's rows are mostly such, and looking took a third of the time that its vault rows take.
CREATE OR REPLACE FUNCTION append_saves(
    e_save integer[], e_id uuid[], e_version bigint[], e_topic text[], e_state bytea[], e_concerns text[],
    s_save integer[], s_id uuid[], s_first bigint[], s_last bigint[],
    k_save integer[], k_caller text[], k_hash bytea[], k_body bytea[], k_status smallint[], k_answer bytea[],
    k_offset integer[], k_count integer[],
    t_save integer[], t_name text[], t_id bigint[],
    vk_save integer[], vk_member uuid[], vk_master integer[], vk_wrapped bytea[],
    vf_save integer[], vf_member uuid[], vf_field text[], vf_ciphertext bytea[],
    vi_save integer[], vi_version integer[], vi_digest bytea[], vi_member uuid[],
    vt_save integer[], vt_kind text[], vt_token bytea[], vt_member uuid[],
    OUT first_position bigint, OUT recorded_at timestamptz, OUT refused integer[], OUT reasons integer[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    head      bigint;
    last_at   timestamptz;
    now_epoch integer;
    at        timestamptz;
    known     integer[];
    all_new   boolean;
BEGIN
    -- Every statement below must see what the holder of the lock before us committed.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append_saves needs read committed, not %', current_setting('transaction_isolation');
    END IF;
    -- 'kite', 'log': one appending transaction at a time, until its commit is durable and visible.
    PERFORM pg_advisory_xact_lock(1802073189, 7106407);
    SELECT l.position, l.recorded_at INTO head, last_at FROM log l ORDER BY l.position DESC LIMIT 1;
    SELECT max(epoch) INTO now_epoch FROM log_epoch;
    head := coalesce(head, 0);
    at := greatest(log_clock(), last_at);

    SELECT array_agg(c.save ORDER BY c.save), array_agg(c.reason ORDER BY c.save)
    INTO refused, reasons
    FROM (
        SELECT f.save, min(f.reason) AS reason
        FROM (
            SELECT k.save, 1 AS reason
            FROM unnest(k_save, k_caller, k_hash) AS k (save, caller, hash)
            JOIN idempotency i ON i.caller = k.caller AND i.key_hash = k.hash
            UNION ALL
            SELECT s.save, 2
            FROM unnest(s_save, s_id, s_first) AS s (save, id, first)
            JOIN stream_head h ON h.originator_id = s.id
            WHERE h.version <> s.first - 1
            UNION ALL
            SELECT t.save, 3
            FROM unnest(t_save, t_name, t_id) AS t (save, name, id)
            JOIN tracking g ON g.application_name = t.name
            WHERE g.notification_id >= t.id
        ) AS f
        GROUP BY f.save
    ) AS c;
    IF cardinality(vi_save) > 0 THEN
        SELECT array_agg(DISTINCT v.save) INTO known
        FROM unnest(vi_save, vi_version, vi_digest) AS v (save, version, digest)
        JOIN vault_index x ON x.key_version = v.version AND x.digest = v.digest
        WHERE v.save <> ALL (coalesce(refused, '{}'));
        IF known IS NOT NULL THEN
            refused := coalesce(refused, '{}') || known;
            reasons := coalesce(reasons, '{}') || array_fill(4, ARRAY[cardinality(known)]);
        END IF;
    END IF;

    IF refused IS NOT NULL THEN
        SELECT array_agg(e.save ORDER BY o), array_agg(e.id ORDER BY o), array_agg(e.version ORDER BY o),
               array_agg(e.topic ORDER BY o), array_agg(e.state ORDER BY o), array_agg(e.concerns ORDER BY o)
        INTO e_save, e_id, e_version, e_topic, e_state, e_concerns
        FROM unnest(e_save, e_id, e_version, e_topic, e_state, e_concerns)
             WITH ORDINALITY AS e (save, id, version, topic, state, concerns, o)
        WHERE e.save <> ALL (refused);
        SELECT array_agg(s.save), array_agg(s.id), array_agg(s.first), array_agg(s.last)
        INTO s_save, s_id, s_first, s_last
        FROM unnest(s_save, s_id, s_first, s_last) AS s (save, id, first, last)
        WHERE s.save <> ALL (refused);
        SELECT array_agg(k.save), array_agg(k.caller), array_agg(k.hash), array_agg(k.body), array_agg(k.status),
               array_agg(k.answer), array_agg(coalesce(f.events_before, 0)), array_agg(k.count)
        INTO k_save, k_caller, k_hash, k_body, k_status, k_answer, k_offset, k_count
        FROM unnest(k_save, k_caller, k_hash, k_body, k_status, k_answer, k_count)
             AS k (save, caller, hash, body, status, answer, count)
        LEFT JOIN (
            SELECT e.save, (min(e.o) - 1)::integer AS events_before
            FROM unnest(e_save) WITH ORDINALITY AS e (save, o)
            GROUP BY e.save
        ) AS f ON f.save = k.save
        WHERE k.save <> ALL (refused);
        SELECT array_agg(t.save), array_agg(t.name), array_agg(t.id)
        INTO t_save, t_name, t_id
        FROM unnest(t_save, t_name, t_id) AS t (save, name, id)
        WHERE t.save <> ALL (refused);
    ELSE
        refused := '{}';
        reasons := '{}';
    END IF;

    first_position := head + 1;
    recorded_at := at;
    INSERT INTO log (position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at)
    SELECT head + e.o, e.id, e.version, e.topic, e.state, string_to_array(e.concerns, ','), now_epoch, at
    FROM unnest(e_id, e_version, e_topic, e_state, e_concerns)
         WITH ORDINALITY AS e (id, version, topic, state, concerns, o);

    INSERT INTO stream_head AS h (originator_id, version)
    SELECT s.id, s.last FROM unnest(s_id, s_last) AS s (id, last)
    ON CONFLICT (originator_id) DO UPDATE SET version = excluded.version;

    INSERT INTO idempotency (caller, key_hash, body_hash, status, first_position, event_count, answer, recorded_at)
    SELECT k.caller, k.hash, k.body, k.status, CASE WHEN k.count > 0 THEN head + 1 + k.events_before END, k.count, k.answer, at
    FROM unnest(k_caller, k_hash, k_body, k_status, k_answer, k_offset, k_count)
         AS k (caller, hash, body, status, answer, events_before, count);

    IF cardinality(t_save) > 0 THEN
        INSERT INTO tracking (application_name, notification_id)
        SELECT t.name, t.id FROM unnest(t_name, t_id) AS t (name, id)
        ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id;
    END IF;

    IF cardinality(vk_save) > 0 THEN
        INSERT INTO vault_key (member_id, master_version, wrapped)
        SELECT v.member, v.master, v.wrapped
        FROM unnest(vk_save, vk_member, vk_master, vk_wrapped) AS v (save, member, master, wrapped)
        WHERE v.save <> ALL (refused);
    END IF;
    -- A member whose key is new has no rows in the vault: none needs to be looked for before one is inserted.
    all_new := NOT EXISTS (SELECT unnest(vf_save || vt_save) EXCEPT SELECT unnest(vk_save));
    IF cardinality(vf_save) > 0 AND all_new THEN
        INSERT INTO vault_field (member_id, field, ciphertext)
        SELECT v.member, v.field, v.ciphertext
        FROM unnest(vf_save, vf_member, vf_field, vf_ciphertext) AS v (save, member, field, ciphertext)
        WHERE v.save <> ALL (refused);
    ELSIF cardinality(vf_save) > 0 THEN
        INSERT INTO vault_field (member_id, field, ciphertext)
        SELECT v.member, v.field, v.ciphertext
        FROM unnest(vf_save, vf_member, vf_field, vf_ciphertext) AS v (save, member, field, ciphertext)
        WHERE v.save <> ALL (refused)
        ON CONFLICT (member_id, field) DO UPDATE SET ciphertext = excluded.ciphertext;
    END IF;
    IF cardinality(vi_save) > 0 THEN
        INSERT INTO vault_index (key_version, digest, member_id)
        SELECT v.version, v.digest, v.member
        FROM unnest(vi_save, vi_version, vi_digest, vi_member) AS v (save, version, digest, member)
        WHERE v.save <> ALL (refused);
    END IF;
    IF cardinality(vt_save) > 0 AND all_new THEN
        INSERT INTO vault_token (kind, token, member_id)
        SELECT v.kind, v.token, v.member
        FROM unnest(vt_save, vt_kind, vt_token, vt_member) AS v (save, kind, token, member)
        WHERE v.save <> ALL (refused);
    ELSIF cardinality(vt_save) > 0 THEN
        INSERT INTO vault_token (kind, token, member_id)
        SELECT v.kind, v.token, v.member
        FROM unnest(vt_save, vt_kind, vt_token, vt_member) AS v (save, kind, token, member)
        WHERE v.save <> ALL (refused)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;
