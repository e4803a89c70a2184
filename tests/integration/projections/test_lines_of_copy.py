"""Lines of COPY say what the rows say, whatever characters stand in them; what no column can hold is refused."""

from datetime import date
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from projections.copying import COPIED, COPY_OPTIONS, copy_blocks
from projections.rows import Rows

MEMBER: Final = "0f8fad5b-d9cb-469f-a165-70867728950e"
DUE: Final = date(2026, 1, 2)
AWKWARD: Final = [
    "", "null", "NULL", "\\N", "\\.", "None", "风", "C620102-B1", " a ", "a,b", "a\tb", "a\nb", "a\r\nb", "a\bb\fc",
    "a\x01b", 'a"b', '"', "\\", 'a\\"b', "\\n", "\\\\n\n", "[a]", "],[", "{a}", "'", "\x7f\x85",
]  # fmt: skip


def copied(connection: Connection[TupleRow], key: Any) -> list[tuple[Any, ...]]:
    """Write a duty with an awkward key by COPY, and return it as the table holds it."""
    rows = Rows()
    rows.duties.append((MEMBER, key, 1, 2, "kind", None, key, "", 5, DUE, True, None, None))
    ((table, block),) = copy_blocks(rows, frozenset(COPIED))
    connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS copied (LIKE public.duty)")
    connection.execute("TRUNCATE copied")
    columns = ", ".join(COPIED[table])
    with connection.cursor() as cursor, cursor.copy(f"COPY copied ({columns}) FROM STDIN {COPY_OPTIONS}") as copy:
        copy.write(block)
    return connection.execute("SELECT key, region, organisation, subject, due_on, provisional FROM copied").fetchall()


@pytest.mark.parametrize("text", AWKWARD)
def test_a_text_comes_out_as_it_went_in(connection: Connection[TupleRow], text: str) -> None:
    assert copied(connection, text) == [(text, text, None, "", DUE, True)]


@pytest.mark.parametrize("value", [7, False, 1.5, {"a": 1}])
def test_what_is_no_text_is_refused(connection: Connection[TupleRow], value: Any) -> None:
    with pytest.raises(TypeError):
        copied(connection, value)


@pytest.mark.parametrize("code", [text for text in AWKWARD if text and "," not in text])
def test_a_list_of_codes_comes_out_as_it_went_in(connection: Connection[TupleRow], code: str) -> None:
    rows = Rows()
    values: list[Any] = [None] * len(COPIED["clock_past"])
    values[0], values[1:6], values[COPIED["clock_past"].index("organisations")] = MEMBER, [1] * 5, f"{code},B"
    rows.past_rows[1].append(tuple(values))
    ((_, block),) = copy_blocks(rows, frozenset({"clock_past"}))
    connection.execute("CREATE TEMPORARY TABLE listed (LIKE public.clock_past)")
    for (name,) in connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'listed'::regclass AND attnum > 0 AND attnotnull"
    ).fetchall():
        connection.execute(f"ALTER TABLE listed ALTER {name} DROP NOT NULL")
    columns = ", ".join(COPIED["clock_past"])
    with connection.cursor() as cursor, cursor.copy(f"COPY listed ({columns}) FROM STDIN {COPY_OPTIONS}") as copy:
        copy.write(block)
    assert connection.execute("SELECT organisations FROM listed").fetchall() == [([code, "B"],)]
