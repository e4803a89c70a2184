"""Clones a template's rows on the server: of the log, and of the read models folded from it.

A clone has other ids (its marker in place of the template's, in columns, keys and the bytes of the state alike), the
codes of its group's counties, and positions of its own: at each of the template's events all clones follow one
another, so that facts of one member lie as far apart as in a log of that size. Rows pass through one pipe, frozen as
they arrive; indexes come last.
"""

from collections.abc import Iterator
from typing import Final

from psycopg import Connection, Copy, sql
from psycopg.rows import TupleRow

_AT_ONCE: Final = 1 << 20

SCHEMA: Final = """
CREATE SCHEMA bench;
CREATE TABLE bench.plan (
    before bigint, events bigint, copies bigint, copies_a_group bigint, marker text, latest_us bigint
);
CREATE TABLE bench.county (original text, grp bigint, code text, PRIMARY KEY (original, grp));
CREATE TABLE bench.life (member_id uuid PRIMARY KEY, home text, away text);
CREATE TABLE bench.made (what text PRIMARY KEY);
CREATE TABLE bench.laid_aside (owner text, name text, key text, definition text);

CREATE FUNCTION bench.marker_of(copy bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT lpad(to_hex((copy + 1) * 2654435761 % 4294967296), 8, '0') $$;

CREATE FUNCTION bench.lay_indexes_aside(live text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    INSERT INTO bench.laid_aside
    SELECT live, c.relname, pg_get_constraintdef(k.oid), pg_get_indexdef(i.indexrelid)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid
    WHERE i.indrelid = live::regclass;
    FOR found IN SELECT * FROM bench.laid_aside WHERE owner = live LOOP
        IF found.key IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', live, found.name);
        ELSE
            EXECUTE format('DROP INDEX %I', found.name);
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION bench.bring_indexes_back(live text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    FOR found IN DELETE FROM bench.laid_aside WHERE owner = live RETURNING * LOOP
        IF found.key IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', live, found.name, found.key);
        ELSE
            EXECUTE found.definition;
        END IF;
    END LOOP;
    EXECUTE format('ANALYZE %I', live);
END
$$;
"""

KEEP_TEMPLATE: Final = """
CREATE TABLE bench.log AS
SELECT l.position, l.originator_id, l.originator_version, l.topic, convert_from(l.state, 'UTF8') AS state, l.concerns,
    l.recorded_at, v.home, v.away
FROM public.log AS l JOIN bench.life AS v ON v.member_id = l.originator_id
ORDER BY l.position;
ALTER TABLE bench.log ADD PRIMARY KEY (position);
CREATE TABLE bench.reference AS
SELECT l.* FROM public.log AS l, bench.plan AS p WHERE l.position <= p.before;
CREATE TABLE bench.pair AS
SELECT h.original AS home, a.original AS away, h.grp, h.code AS new_home, a.code AS new_away
FROM bench.county AS h JOIN bench.county AS a ON a.grp = h.grp AND a.original <> h.original;
ALTER TABLE bench.pair ADD PRIMARY KEY (home, away, grp);
CREATE TABLE bench.statistic AS TABLE public.statistic;
CREATE TABLE bench.day_count AS TABLE public.day_count;
ANALYZE bench.log, bench.reference, bench.pair
"""

# Joined by loops over the template in its order: the clones come out in the order of their positions, unsorted.
IN_ORDER: Final = """
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_sort = off; SET enable_seqscan = off;
SET max_parallel_workers_per_gather = 0
"""

LOG_OF_REFERENCE: Final = """
SELECT position, originator_id, originator_version, topic, state, concerns, epoch, recorded_at FROM bench.reference
"""
LOG_OF_CLONES: Final = """
SELECT p.before + (l.position - p.before - 1) * p.copies + c.copy + 1,
    replace(l.originator_id::text, p.marker, bench.marker_of(c.copy))::uuid, l.originator_version, l.topic,
    convert_to(replace(m.state, p.marker, bench.marker_of(c.copy)), 'UTF8'), m.concerns, 1,
    l.recorded_at
FROM bench.plan AS p
CROSS JOIN bench.log AS l
CROSS JOIN LATERAL (
    SELECT g.grp,
        replace(replace(l.state, l.home, g.new_home), l.away, g.new_away) AS state,
        string_to_array(
            replace(replace(array_to_string(l.concerns, ','), l.home, g.new_home), l.away, g.new_away), ','
        ) AS concerns
    FROM bench.pair AS g WHERE g.home = l.home AND g.away = l.away OFFSET 0
) AS m
CROSS JOIN LATERAL generate_series(m.grp * p.copies_a_group, (m.grp + 1) * p.copies_a_group - 1) AS c (copy)
"""
# For questions to the read models, which never look at what an event said.
LOG_WITHOUT_STATES: Final = """
SELECT p.before + (l.position - p.before - 1) * p.copies + c.copy + 1,
    replace(l.originator_id::text, p.marker, bench.marker_of(c.copy))::uuid, l.originator_version, l.topic,
    ''::bytea, '{}'::text[], 1, l.recorded_at
FROM bench.plan AS p
CROSS JOIN bench.log AS l
CROSS JOIN LATERAL generate_series(0, p.copies - 1) AS c (copy)
"""
STREAM_HEADS: Final = """
SELECT originator_id, max(originator_version) FROM bench.reference GROUP BY originator_id
UNION ALL
SELECT replace(t.originator_id::text, p.marker, bench.marker_of(c.copy))::uuid, t.version
FROM bench.plan AS p
CROSS JOIN (
    SELECT originator_id, max(originator_version) AS version FROM bench.log GROUP BY originator_id
) AS t
CROSS JOIN LATERAL generate_series(0, p.copies - 1) AS c (copy)
"""
# A key of its own an event, as if each had been a command.
KEYS: Final = """
SELECT 'bench', sha256(int8send(l.position) || 'key'), sha256(int8send(l.position)), 201::smallint, l.position, 1,
    NULL::bytea, l.recorded_at
FROM public.log AS l
"""
STATISTICS: Final = """
SELECT coalesce(g.code, s.region), s.month, s.measure, s.scope, s.category, s.view, s.stage,
    s.amount * p.copies_a_group
FROM bench.plan AS p
CROSS JOIN bench.statistic AS s
LEFT JOIN bench.county AS g ON g.original = s.region
"""
DAY_COUNTS: Final = """
SELECT s.measure, s.level, s.of_month, coalesce(g.code, s.region), s.view, s.stage, s.at, s.amount * p.copies_a_group
FROM bench.plan AS p
CROSS JOIN bench.day_count AS s
LEFT JOIN bench.county AS g ON g.original = s.region
WHERE s.level = 0 AND s.of_month > 0
"""

_COLUMNS: Final = """
SELECT column_name, udt_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""
_IDS: Final = frozenset({"movement_id", "subject", "key", "event_id"})
_POSITIONS: Final = frozenset({"position", "known_from", "known_to", "ended_from", "roster_known", "clock_known"})
_ROWS: Final = """
SELECT {columns}
FROM bench.plan AS p
CROSS JOIN bench.{table} AS t
JOIN bench.life AS v ON v.member_id = t.member_id
CROSS JOIN LATERAL (
    SELECT g.grp, {codes} FROM bench.pair AS g WHERE g.home = v.home AND g.away = v.away OFFSET 0
) AS m
CROSS JOIN LATERAL generate_series(m.grp * p.copies_a_group, (m.grp + 1) * p.copies_a_group - 1) AS c (copy)
"""
_ID: Final = sql.SQL("replace(t.{0}::text, p.marker, bench.marker_of(c.copy))")
_POSITION: Final = sql.SQL(
    "CASE WHEN t.{0} > p.before AND t.{0} <= p.before + p.events"
    " THEN p.before + (t.{0} - p.before - 1) * p.copies + c.copy + 1 ELSE t.{0} END"
)
_CODE: Final = sql.SQL("replace(replace(t.{0}, v.home, g.new_home), v.away, g.new_away) AS {0}")
_CODES: Final = sql.SQL(
    "string_to_array(replace(replace(array_to_string(t.{0}, ','), v.home, g.new_home), v.away, g.new_away), ',') AS {0}"
)


def rows_of_clones(connection: Connection[TupleRow], table: str) -> sql.Composed:
    """Return the query of a read model's rows, whose columns say what becomes of them by type and name."""
    columns: list[sql.Composable] = []
    codes: list[sql.Composable] = [sql.SQL("NULL AS nothing")]
    for name, kind in connection.execute(_COLUMNS, (table,)):
        column = sql.Identifier(name)
        if kind == "uuid" or name in _IDS:
            columns.append(sql.SQL("{}::{}").format(_ID.format(column), sql.Identifier(kind)))
        elif name in _POSITIONS:
            columns.append(_POSITION.format(column))
        elif kind in ("text", "_text"):
            codes.append((_CODE if kind == "text" else _CODES).format(column))
            columns.append(sql.SQL("m.{}").format(column))
        else:
            columns.append(sql.SQL("t.{}").format(column))
    return sql.SQL(_ROWS).format(
        columns=sql.SQL(", ").join(columns), codes=sql.SQL(", ").join(codes), table=sql.Identifier(table)
    )


def pour(
    reading: Connection[TupleRow], writing: Connection[TupleRow], query: sql.Composable, into: sql.Composable
) -> None:
    """Send what a query finds into a table made or emptied in the writer's transaction, frozen: nothing to vacuum."""
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)
    taken = sql.SQL("COPY {} FROM STDIN (FORMAT binary, FREEZE)").format(into)
    with reading.cursor() as reader, writing.cursor() as writer, reader.copy(out) as rows, writer.copy(taken) as copy:
        for block in _gathered(rows):
            copy.write(block)


def _gathered(rows: Copy) -> Iterator[bytes]:
    waiting: list[bytes | bytearray | memoryview] = []
    size = 0
    for row in rows:
        waiting.append(row)
        size += len(row)
        if size > _AT_ONCE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
