"""The rows of one page of the log, gathered by table and written set-wise: one statement a table and kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from projections import statements
from projections.columns import Encoder, days, encoded, lists, numbers, plain, texts
from projections.day_ends import DayCount, by_day, count_days, with_sums
from projections.month_ends import Cell, Count, count, stored_by
from projections.values import CLOCK_HEAD, other_side

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from projections.segment import Segment
    from projections.trace import Trace

_ROSTER_ENCODERS: Final[tuple[Encoder, ...]] = (
    texts, texts, texts, texts, texts, texts, texts, texts, texts, texts, texts, numbers, texts, texts, texts, numbers,
    numbers, texts,
)  # fmt: skip
_CLOCK_ENCODERS: Final[tuple[Encoder, ...]] = (
    texts, numbers, numbers, days, texts,
    texts, texts, numbers, days, days, texts, texts, numbers, days, days, texts, texts, numbers, days, numbers,
)  # fmt: skip
_BOUNDS: Final[tuple[Encoder, ...]] = (numbers, numbers, numbers, numbers, numbers)
_DUTY_ENCODERS: Final[tuple[Encoder, ...]] = (texts, texts, texts, texts, numbers, days, numbers, days, days)
_LEG_ENCODERS: Final[tuple[Encoder, ...]] = (texts, texts, numbers, numbers, numbers, texts)

_MEMBER_ENCODERS: Final[tuple[Encoder, ...]] = (
    plain, numbers, numbers, texts, lists, lists, texts, texts, numbers, numbers, numbers, numbers,
    *_ROSTER_ENCODERS, *_CLOCK_ENCODERS,
)  # fmt: skip

_ROSTER_PAST: Final[tuple[Encoder, ...]] = (plain, *_BOUNDS, *_ROSTER_ENCODERS)
_CLOCK_PAST: Final[tuple[Encoder, ...]] = (plain, *_BOUNDS, texts, texts, texts, texts, lists, *_CLOCK_ENCODERS)
_DUTY_PAST: Final[tuple[Encoder, ...]] = (plain, texts, *_BOUNDS, *_DUTY_ENCODERS)
_LEG_PAST: Final[tuple[Encoder, ...]] = (plain, texts, numbers, numbers, numbers, *_LEG_ENCODERS)
_DUTY_NOW: Final[tuple[Encoder, ...]] = (plain, texts, numbers, numbers, *_DUTY_ENCODERS)
_LEG_NOW: Final[tuple[Encoder, ...]] = (plain, texts, numbers, numbers, *_LEG_ENCODERS)
_STATISTIC: Final[tuple[Encoder, ...]] = (texts, texts, texts, texts, texts, texts, numbers, numbers)
_DAYS: Final[tuple[Encoder, ...]] = (texts, numbers, numbers, texts, texts, texts, numbers, numbers)
_TALLY_ROWS: Final[tuple[Encoder, ...]] = (
    plain, texts, numbers, numbers, numbers, numbers, texts, texts, texts, numbers,
)  # fmt: skip

STATISTIC: Final = "statistic"
DAY_COUNT: Final = "day_count"
SUMS: Final = (STATISTIC, DAY_COUNT)
"""The tables whose rows belong to no member: several members add to each of them."""

_ROSTER: Final = 0
_CLOCK: Final = 1
_DUTY: Final = 2
_LEG: Final = 3
_TALLY: Final = 4

_Table = list[tuple[Any, ...]]


class Rows:
    """What a page changes. `columns` makes it ready to be sent, and lets go of everything that folding still moves."""

    def __init__(self, known_after: int = 0) -> None:
        """`known_after`: of members written anew, whose counts stand as they were known at that position."""
        self._known_after = known_after
        self.members: _Table = []
        self.past_rows: tuple[_Table, _Table, _Table, _Table, _Table] = ([], [], [], [], [])
        self.retired: tuple[_Table, _Table, _Table, _Table, _Table] = ([], [], [], [], [])
        self.duties: _Table = []
        self.legs: _Table = []
        self.gone_duties: _Table = []
        self.gone_legs: _Table = []
        self.counts: list[Count] = []
        self.day_counts: list[DayCount] = []
        self.gone_members: _Table = []

    def member(self, trace: Trace) -> None:
        """Write a member as it stands."""
        roster, clock, state = trace.roster, trace.clock, trace.state
        if roster is None or clock is None:
            return
        self.members.append((
            trace.member, trace.version, trace.position, state.liaison,
            ",".join(trace.regions()), ",".join(sorted(trace.places)), *other_side(state),
            roster.valid_from, roster.known_from, clock.valid_from, clock.known_from,
            *roster.values, *clock.values[CLOCK_HEAD:],
        ))  # fmt: skip

    def count(self, track: int, member: str, ident: Any, row: Segment) -> None:  # noqa: ANN401 - None, a key, or a pair
        """Note what a row that is about to be written adds to counts by month and day; before `stored` moves on."""
        if track != _LEG:
            known_after = self._known_after
            stored = stored_by(row, known_after) if known_after else row.stored
            count(self.counts, track, member, ident, row, stored)
            if track <= _CLOCK:
                count_days(self.day_counts, track, member, row, stored)

    def past(self, track: int, member: str, ident: Any, row: Segment) -> None:  # noqa: ANN401 - None, a key, or a pair
        """Write a row that has ended, or was taken back."""
        if track <= _CLOCK:
            values = (member, row.valid_from, row.valid_to, row.known_from, row.ended_from, row.known_to, *row.values)
        elif track == _DUTY:
            values = (
                member, ident, row.valid_from, row.valid_to, row.known_from, row.ended_from, row.known_to, *row.values,
            )  # fmt: skip
        elif track == _LEG:
            values = (member, *ident, row.known_from, row.known_to, *row.values)
        else:
            values = (member, *ident, row.valid_from, row.known_from, row.known_to, *row.values)
        self.past_rows[track].append(values)

    def retire(self, track: int, member: str, ident: Any, row: Segment) -> None:  # noqa: ANN401 - as above
        """Take back a row of the past."""
        if track == _DUTY:
            self.retired[track].append((member, ident, row.known_from, row.valid_from, row.known_to))
        elif track == _TALLY:
            self.retired[track].append((member, *ident, row.known_from, row.valid_from, row.known_to))
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
            len(self.members) + len(self.duties) + len(self.legs)
            + len(self.gone_duties) + len(self.gone_legs) + len(self.gone_members)
            + sum(map(len, self.past_rows)) + sum(map(len, self.retired))
        )  # fmt: skip

    def changes(self) -> list[tuple[str, list[str]]]:
        """Return the statements with their arrays, in an order in which they may run."""
        rosters, clocks, duties, legs, tallies = self.past_rows
        tables: list[tuple[str, tuple[Encoder, ...], _Table]] = [
            (statements.RETIRE_ROSTERS, (plain, numbers, numbers, numbers), self.retired[_ROSTER]),
            (statements.RETIRE_CLOCKS, (plain, numbers, numbers, numbers), self.retired[_CLOCK]),
            (statements.RETIRE_DUTIES, (plain, texts, numbers, numbers, numbers), self.retired[_DUTY]),
            (statements.RETIRE_TALLIES, (plain, texts, numbers, numbers, numbers, numbers), self.retired[_TALLY]),
            (statements.INSERT_ROSTERS, _ROSTER_PAST, rosters),
            (statements.INSERT_CLOCKS, _CLOCK_PAST, clocks),
            (statements.INSERT_DUTIES, _DUTY_PAST, duties),
            (statements.INSERT_LEGS, _LEG_PAST, legs),
            (statements.INSERT_TALLIES, _TALLY_ROWS, tallies),
            (statements.DELETE_DUTIES, (plain, texts), self.gone_duties),
            (statements.DELETE_LEGS, (plain, texts, numbers), self.gone_legs),
            (statements.DELETE_MEMBERS, (plain,), self.gone_members),
            (statements.UPSERT_DUTIES, _DUTY_NOW, self.duties),
            (statements.UPSERT_LEGS, _LEG_NOW, self.legs),
            (statements.UPSERT_MEMBERS, _MEMBER_ENCODERS, self.members),
            (statements.ADD_TO_STATISTICS, _STATISTIC, self.added_to_statistics()),
            (statements.ADD_TO_DAYS, _DAYS, with_sums(by_day(self.day_counts))),
        ]
        return [(statement, encoded(encoders, rows)) for statement, encoders, rows in tables if rows]

    def added_to_statistics(self) -> _Table:
        """Return what is added to each cell of a month."""
        sums: dict[tuple[Cell, int], int] = {}
        for _, month, cell, amount in self.counts:
            key = (cell, month)
            sums[key] = sums.get(key, 0) + amount
        return [(*cell, month, amount) for (cell, month), amount in sums.items() if amount]

    def unwritable(self) -> dict[str, Exception]:
        """Return the members whose rows cannot be put into arrays, and why; their rows are taken out."""
        found: dict[str, Exception] = {}
        every = self._every()
        for member in {row[0] for table in every for row in table}:
            alone = Rows()
            for table, copy in zip(every, alone._every(), strict=True):
                copy.extend(row for row in table if row[0] == member)
            try:
                alone.changes()
            except Exception as error:  # noqa: BLE001 - whatever a poison event has put into a row
                found[member] = error
        self._leave_out(set(found))
        return found

    def leave_out(self, member: str) -> None:
        """Take out whatever is to be written of one member."""
        self._leave_out({member})

    def _leave_out(self, members: set[str]) -> None:
        for table in self._every():
            table[:] = [row for row in table if row[0] not in members]

    def _every(self) -> list[list[Any]]:
        return [
            self.members, self.duties, self.legs, self.gone_duties, self.gone_legs, self.counts, self.gone_members,
            self.day_counts,
            *self.past_rows, *self.retired,
        ]  # fmt: skip

    def tables(self) -> list[tuple[str, tuple[Encoder, ...], list[tuple[Any, ...]]]]:
        """Return rows and encoders by table: of members who are written for the first time, these are all."""
        rosters, clocks, duties, legs, tallies = self.past_rows
        return [
            ("member", _MEMBER_ENCODERS, self.members),
            ("roster_past", _ROSTER_PAST, rosters),
            ("clock_past", _CLOCK_PAST, clocks),
            ("duty", _DUTY_NOW, self.duties),
            ("duty_past", _DUTY_PAST, duties),
            ("leg", _LEG_NOW, self.legs),
            ("leg_past", _LEG_PAST, legs),
            ("tally", _TALLY_ROWS, tallies),
            (STATISTIC, _STATISTIC, self.added_to_statistics()),
            (DAY_COUNT, _DAYS, by_day(self.day_counts)),
        ]

    def inserts(self, wanted: frozenset[str]) -> list[tuple[str, list[str]]]:
        """Return the statements that write some tables of members of whom they hold no rows but counts."""
        return [
            (_INSERTS[table], encoded(encoders, with_sums(rows) if table == DAY_COUNT else rows))
            for table, encoders, rows in self.tables()
            if rows and table in wanted
        ]


_INSERTS: Final = {
    "member": statements.UPSERT_MEMBERS,
    "roster_past": statements.INSERT_ROSTERS,
    "clock_past": statements.INSERT_CLOCKS,
    "duty": statements.UPSERT_DUTIES,
    "duty_past": statements.INSERT_DUTIES,
    "leg": statements.UPSERT_LEGS,
    "leg_past": statements.INSERT_LEGS,
    "tally": statements.INSERT_TALLIES,
    STATISTIC: statements.ADD_TO_STATISTICS,
    DAY_COUNT: statements.ADD_TO_DAYS,
}


def write(connection: Connection[TupleRow], changes: list[tuple[str, list[str]]]) -> None:
    """Run a page's statements within the caller's transaction."""
    for statement, arrays in changes:
        connection.execute(statement, arrays, prepare=True)
