"""The rows of one page of the log, gathered by table and written set-wise: one statement a table and kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from projections.columns import Encoder, days, encoded, numbers, plain, texts

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from projections.segment import Segment
    from projections.trace import Trace

_ROSTER_ENCODERS: Final[tuple[Encoder, ...]] = (
    texts, texts, texts, texts, texts, texts, texts, texts, texts, texts, texts, numbers, texts, texts, texts, numbers,
    numbers,
)  # fmt: skip
_CLOCK_ENCODERS: Final[tuple[Encoder, ...]] = (
    texts, numbers, numbers, days, texts,
    texts, texts, numbers, days, texts, texts, numbers, days, texts, texts, numbers, days, numbers,
)  # fmt: skip
_BOUNDS: Final[tuple[Encoder, ...]] = (numbers, numbers, numbers, numbers, numbers)
_DUTY_ENCODERS: Final[tuple[Encoder, ...]] = (texts, texts, texts, texts, numbers, days, numbers, days, days)
_LEG_ENCODERS: Final[tuple[Encoder, ...]] = (texts, texts, numbers, numbers, numbers, texts)

_UPSERT_MEMBERS: Final = """
INSERT INTO member (
    member_id, version, position, membership, liaison, regions, places, roster_from, roster_known,
    affiliation, affiliation_region, responsible, holder, accepted_by, branch, stage, view,
    origin_region, declared_region, region, leg, movement_id, category, scope, since_us, abroad, clock_from, clock_known,
    last_contact_at, last_contact_us, lost, first_due_on, subject,
    origin_owner, origin_owner_region, origin_since_us, origin_month,
    destination_owner, destination_owner_region, destination_since_us, destination_month,
    review_owner, review_owner_region, review_since_us, review_due_on, review_provisional
)
SELECT a, b, c, d, e, string_to_array(f, ','), string_to_array(g, ','), h, i,
    r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17, j, k,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18
FROM unnest(
    %s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::boolean[],
    %s::text[], %s::bigint[], %s::boolean[], %s::date[], %s::text[],
    %s::text[], %s::text[], %s::bigint[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[]
) AS one (
    a, b, c, d, e, f, g, h, i, j, k, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18
)
ON CONFLICT (member_id) DO UPDATE SET
    version = excluded.version, position = excluded.position, membership = excluded.membership,
    liaison = excluded.liaison, regions = excluded.regions, places = excluded.places,
    roster_from = excluded.roster_from, roster_known = excluded.roster_known,
    affiliation = excluded.affiliation, affiliation_region = excluded.affiliation_region,
    responsible = excluded.responsible, holder = excluded.holder, accepted_by = excluded.accepted_by,
    branch = excluded.branch, stage = excluded.stage, view = excluded.view, origin_region = excluded.origin_region,
    declared_region = excluded.declared_region, region = excluded.region, leg = excluded.leg,
    movement_id = excluded.movement_id, category = excluded.category, scope = excluded.scope,
    since_us = excluded.since_us, abroad = excluded.abroad, clock_from = excluded.clock_from, clock_known = excluded.clock_known,
    last_contact_at = excluded.last_contact_at, last_contact_us = excluded.last_contact_us, lost = excluded.lost,
    first_due_on = excluded.first_due_on, subject = excluded.subject, origin_owner = excluded.origin_owner,
    origin_owner_region = excluded.origin_owner_region, origin_since_us = excluded.origin_since_us,
    origin_month = excluded.origin_month, destination_owner = excluded.destination_owner,
    destination_owner_region = excluded.destination_owner_region,
    destination_since_us = excluded.destination_since_us, destination_month = excluded.destination_month,
    review_owner = excluded.review_owner, review_owner_region = excluded.review_owner_region,
    review_since_us = excluded.review_since_us, review_due_on = excluded.review_due_on,
    review_provisional = excluded.review_provisional
"""
_MEMBER_ENCODERS: Final[tuple[Encoder, ...]] = (
    plain, numbers, numbers, texts, texts, texts, texts, numbers, numbers, numbers, numbers,
    *_ROSTER_ENCODERS, *_CLOCK_ENCODERS,
)  # fmt: skip

_INSERT_ROSTERS: Final = """
INSERT INTO roster_past (
    member_id, valid_from, valid_to, known_from, ended_from, known_to,
    affiliation, affiliation_region, responsible, holder, accepted_by, branch, stage, view,
    origin_region, declared_region, region, leg, movement_id, category, scope, since_us, abroad
)
SELECT * FROM unnest(
    %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::bigint[],
    %s::boolean[]
)
"""
_INSERT_CLOCKS: Final = """
INSERT INTO clock_past (
    member_id, valid_from, valid_to, known_from, ended_from, known_to, affiliation_region, region, organisations,
    last_contact_at, last_contact_us, lost, first_due_on, subject,
    origin_owner, origin_owner_region, origin_since_us, origin_month,
    destination_owner, destination_owner_region, destination_since_us, destination_month,
    review_owner, review_owner_region, review_since_us, review_due_on, review_provisional
)
SELECT b1, b2, b3, b4, b5, b6, s1, s2, string_to_array(s3, ','),
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18
FROM unnest(
    %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[],
    %s::text[], %s::bigint[], %s::boolean[], %s::date[], %s::text[],
    %s::text[], %s::text[], %s::bigint[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[],
    %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[]
) AS one (
    b1, b2, b3, b4, b5, b6, s1, s2, s3,
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18
)
"""
_INSERT_DUTIES: Final = """
INSERT INTO duty_past (
    member_id, key, valid_from, valid_to, known_from, ended_from, known_to,
    kind, organisation, region, subject, since_us, due_on, provisional, month_from, month_until
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[], %s::date[], %s::date[]
)
"""
_INSERT_LEGS: Final = """
INSERT INTO leg_past (
    member_id, movement_id, leg, known_from, known_to,
    origin_region, destination, departed_us, arrived_us, ended_us, ended_how
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::integer[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[]
)
"""
_UPSERT_DUTIES: Final = """
INSERT INTO duty (
    member_id, key, valid_from, known_from,
    kind, organisation, region, subject, since_us, due_on, provisional, month_from, month_until
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::bigint[], %s::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::date[], %s::boolean[], %s::date[], %s::date[]
)
ON CONFLICT (member_id, key) DO UPDATE SET
    valid_from = excluded.valid_from, known_from = excluded.known_from, kind = excluded.kind,
    organisation = excluded.organisation, region = excluded.region, subject = excluded.subject,
    since_us = excluded.since_us, due_on = excluded.due_on, provisional = excluded.provisional,
    month_from = excluded.month_from, month_until = excluded.month_until
"""
_UPSERT_LEGS: Final = """
INSERT INTO leg (
    member_id, movement_id, leg, known_from, origin_region, destination, departed_us, arrived_us, ended_us, ended_how
)
SELECT * FROM unnest(
    %s::uuid[], %s::text[], %s::integer[], %s::bigint[],
    %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[]
)
ON CONFLICT (member_id, movement_id, leg) DO UPDATE SET
    known_from = excluded.known_from, origin_region = excluded.origin_region, destination = excluded.destination,
    departed_us = excluded.departed_us, arrived_us = excluded.arrived_us, ended_us = excluded.ended_us,
    ended_how = excluded.ended_how
"""
_DELETE_DUTIES: Final = """
DELETE FROM duty AS d USING unnest(%s::uuid[], %s::text[]) AS g (member_id, key)
WHERE d.member_id = g.member_id AND d.key = g.key
"""
_DELETE_LEGS: Final = """
DELETE FROM leg AS l USING unnest(%s::uuid[], %s::text[], %s::integer[]) AS g (member_id, movement_id, leg)
WHERE l.member_id = g.member_id AND l.movement_id = g.movement_id AND l.leg = g.leg
"""
_RETIRE_ROSTERS: Final = """
UPDATE roster_past AS r SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) AS g (member_id, known_from, valid_from, known_to)
WHERE r.member_id = g.member_id AND r.known_from = g.known_from AND r.valid_from = g.valid_from
"""
_RETIRE_CLOCKS: Final = """
UPDATE clock_past AS c SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) AS g (member_id, known_from, valid_from, known_to)
WHERE c.member_id = g.member_id AND c.known_from = g.known_from AND c.valid_from = g.valid_from
"""
_RETIRE_DUTIES: Final = """
UPDATE duty_past AS d SET known_to = g.known_to
FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS g (member_id, key, known_from, valid_from, known_to)
WHERE d.member_id = g.member_id AND d.key = g.key AND d.known_from = g.known_from AND d.valid_from = g.valid_from
"""

_ROSTER: Final = 0
_CLOCK: Final = 1
_DUTY: Final = 2

_Table = list[tuple[Any, ...]]


class Rows:
    """What a page changes. `columns` makes it ready to be sent, and lets go of everything that folding still moves."""

    def __init__(self) -> None:
        self.members: _Table = []
        self.past_rows: tuple[_Table, _Table, _Table, _Table] = ([], [], [], [])
        self.retired: tuple[_Table, _Table, _Table] = ([], [], [])
        self.duties: _Table = []
        self.legs: _Table = []
        self.gone_duties: _Table = []
        self.gone_legs: _Table = []

    def member(self, trace: Trace) -> None:
        """Write a member as it stands."""
        roster, clock, state = trace.roster, trace.clock, trace.state
        if roster is None or clock is None:
            return
        self.members.append((
            trace.member, trace.version, trace.position, state.membership, state.liaison,
            ",".join(trace.regions()), ",".join(sorted(trace.places)),
            roster.valid_from, roster.known_from, clock.valid_from, clock.known_from,
            *roster.values, *clock.values[3:],
        ))  # fmt: skip

    def past(self, track: int, member: str, ident: Any, row: Segment) -> None:  # noqa: ANN401 - None, a key, or a pair
        """Write a row that has ended, or was taken back."""
        if track <= _CLOCK:
            values = (
                member, row.valid_from, row.valid_to, row.known_from, row.ended_from, row.known_to, *row.values,
            )  # fmt: skip
        elif track == _DUTY:
            values = (
                member, ident, row.valid_from, row.valid_to, row.known_from, row.ended_from, row.known_to, *row.values,
            )  # fmt: skip
        else:
            values = (member, *ident, row.known_from, row.known_to, *row.values)
        self.past_rows[track].append(values)

    def retire(self, track: int, member: str, ident: Any, row: Segment) -> None:  # noqa: ANN401 - as above
        """Take back a row of the past."""
        if track == _DUTY:
            self.retired[track].append((member, ident, row.known_from, row.valid_from, row.known_to))
        else:
            self.retired[track].append((member, row.known_from, row.valid_from, row.known_to))

    def current(self, track: int, member: str, ident: Any, row: Segment) -> None:  # noqa: ANN401 - as above
        """Write a duty or a leg as it stands."""
        if track == _DUTY:
            self.duties.append((member, ident, row.valid_from, row.known_from, *row.values))
        else:
            self.legs.append((member, *ident, row.known_from, *row.values))

    def gone(self, track: int, member: str, ident: Any) -> None:  # noqa: ANN401 - as above
        """Remove a duty or a leg that stands no more."""
        if track == _DUTY:
            self.gone_duties.append((member, ident))
        else:
            self.gone_legs.append((member, *ident))

    def __len__(self) -> int:
        """How many row changes there are."""
        return (
            len(self.members) + len(self.duties) + len(self.legs) + len(self.gone_duties) + len(self.gone_legs)
            + sum(map(len, self.past_rows)) + sum(map(len, self.retired))
        )  # fmt: skip

    def statements(self) -> list[tuple[str, list[str]]]:
        """Return the statements with their arrays, in an order in which they may run."""
        rosters, clocks, duties, legs = self.past_rows
        tables: list[tuple[str, tuple[Encoder, ...], _Table]] = [
            (_RETIRE_ROSTERS, (plain, numbers, numbers, numbers), self.retired[_ROSTER]),
            (_RETIRE_CLOCKS, (plain, numbers, numbers, numbers), self.retired[_CLOCK]),
            (_RETIRE_DUTIES, (plain, texts, numbers, numbers, numbers), self.retired[_DUTY]),
            (_INSERT_ROSTERS, (plain, *_BOUNDS, *_ROSTER_ENCODERS), rosters),
            (_INSERT_CLOCKS, (plain, *_BOUNDS, texts, texts, texts, *_CLOCK_ENCODERS), clocks),
            (_INSERT_DUTIES, (plain, texts, *_BOUNDS, *_DUTY_ENCODERS), duties),
            (_INSERT_LEGS, (plain, texts, numbers, numbers, numbers, *_LEG_ENCODERS), legs),
            (_DELETE_DUTIES, (plain, texts), self.gone_duties),
            (_DELETE_LEGS, (plain, texts, numbers), self.gone_legs),
            (_UPSERT_DUTIES, (plain, texts, numbers, numbers, *_DUTY_ENCODERS), self.duties),
            (_UPSERT_LEGS, (plain, texts, numbers, numbers, *_LEG_ENCODERS), self.legs),
            (_UPSERT_MEMBERS, _MEMBER_ENCODERS, self.members),
        ]
        return [(statement, encoded(encoders, rows)) for statement, encoders, rows in tables if rows]


def write(connection: Connection[TupleRow], statements: list[tuple[str, list[str]]]) -> None:
    """Run a page's statements within the caller's transaction."""
    for statement, arrays in statements:
        connection.execute(statement, arrays, prepare=True)
