"""A narrow reach is read through its indexes and holds exactly whom row-level security lets through, page by page."""

from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from infra.database.connections import connect_pool
from infra.event_store.recorder import KitelineRecorder
from projections import in_reach
from projections.runner import Runner
from tests.integration.projections.lives import COUNTIES, Lives, branch, committee
from tests.integration.projections.steady_lives import transfer

_TOKENS = """
INSERT INTO vault_token SELECT 'name', substring(sha256(member_id::text::bytea) FOR 1), member_id FROM member
UNION ALL SELECT 'all', '\\x01', member_id FROM member
"""
_SETTINGS = """
SELECT set_config('kiteline.regions', %s, false), set_config('kiteline.organisations', %s, false),
       set_config('kiteline.partners', %s, false)
"""
_SEEN = "SELECT member_id FROM member ORDER BY member_id"
_SEEN_WITH = """
SELECT member_id FROM member
WHERE member_id IN (SELECT member_id FROM vault_token WHERE kind = %s AND token = ANY (%s)) ORDER BY member_id
"""
_NEW = """
UPDATE member SET other_region = %s, other_side = %s
WHERE member_id IN (SELECT member_id FROM member WHERE affiliation_region <> %s ORDER BY member_id LIMIT 3)
"""
_BEFORE_ALL = UUID(int=0)
SCOPES = [
    ("-", "-", "-"),
    *((county, "-", "-") for county in COUNTIES),
    (f"{COUNTIES[0]},{COUNTIES[1]}", branch(COUNTIES[2], 0), "-"),
    *(("-", branch(county, number), "-") for county in COUNTIES for number in range(2)),
    ("-", f"{committee(COUNTIES[0])},{branch(COUNTIES[0], 1)}", "-"),
    ("-", committee(COUNTIES[0]), f"{branch(COUNTIES[1], 0)},{branch(COUNTIES[2], 1)}"),
    (COUNTIES[0][:4], "-", "-"),
]


@pytest.fixture
def reader(
    recorder: KitelineRecorder, make_runner: Callable[..., Runner], database_url: str, connection: Connection[TupleRow]
) -> Iterator[Connection[TupleRow]]:
    lives = Lives(67)
    lives.reference()
    lives.play(members=60, steps=500)
    transfer(lives, members=6)
    lives.record(recorder)
    make_runner().catch_up()
    connection.execute(_TOKENS)
    connection.execute(_NEW, (COUNTIES[0], branch(COUNTIES[2], 0), COUNTIES[0]))
    connection.commit()
    with connect_pool(database_url, role="reader") as pool, pool.connection() as reader:
        yield reader


def paged(page: Callable[[UUID], list[UUID]]) -> list[UUID]:
    found: list[UUID] = []
    while some := page(found[-1] if found else _BEFORE_ALL):
        assert len(some) <= 7
        found += some
    return found


@pytest.mark.parametrize("bound", [3_000, 12, 0], ids=["narrow", "some narrow", "wide"])
def test_pages_hold_exactly_whom_row_level_security_lets_through(
    reader: Connection[TupleRow], monkeypatch: pytest.MonkeyPatch, bound: int
) -> None:
    monkeypatch.setattr(in_reach, "_bound", lambda _people, _limit: bound)
    monkeypatch.setattr(in_reach, "_FREQUENT", 2)
    sizes = []
    for settings in SCOPES:
        reader.execute(_SETTINGS, settings)
        seen = [row[0] for row in reader.execute(_SEEN)]
        assert paged(lambda after: [row.member_id for row in in_reach.rows_after(reader, after, 7)]) == seen, settings
        sizes.append(len(seen))
        for kind, tokens in (("all", [b"\x01"]), ("name", [b"\x07"]), ("name", [bytes([one]) for one in range(128)])):
            held = [(kind, token) for token in tokens]
            wanted = [row[0] for row in reader.execute(_SEEN_WITH, (kind, tokens))]
            found = partial(in_reach.holders_after, reader, held, in_reach.holders(reader, held), limit=7)
            assert paged(found) == wanted, settings
    assert sizes[0] == 0
    assert sum(size > 0 for size in sizes) > len(sizes) // 2
    assert max(sizes) > 20
