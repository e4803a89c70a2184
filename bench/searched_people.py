"""Search tokens for every member of a large log, as the vault makes them: names that recur, and a telephone each.

Names are made up, and say so; their first characters are as uneven as surnames are, the most frequent one in fourteen
people. Nothing but tokens is kept: nobody can be read, all can be found.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from infra.demo.synthetic_people import NAME_ENDS
from infra.vault import names
from infra.vault.vault import Vault

_SURNAMES: Final = "甲乙丙丁戊己庚辛壬癸"
_PER_CENT: Final = (7, 7, 6, 5, 4, 3, 2, 2, 2, 2)
_NAMES: Final = 20_000
_AT_ONCE: Final = 20_000
_PHONES: Final = 13_900_000_000

_IS_MADE: Final = "SELECT FROM bench.made WHERE what = 'searched'"
_MADE: Final = "INSERT INTO bench.made (what) VALUES ('searched')"
_EMPTY: Final = "TRUNCATE vault_token"
_OF_NAMES: Final = "CREATE TEMPORARY TABLE name_token (number integer, kind text, token bytea)"
_COPY_NAMES: Final = "COPY name_token FROM STDIN"
_COPY_PHONES: Final = "COPY vault_token (kind, token, member_id) FROM STDIN"
_MEMBERS: Final = "SELECT member_id FROM member ORDER BY member_id"
_SPREAD: Final = """
INSERT INTO vault_token (kind, token, member_id)
SELECT n.kind, n.token, m.member_id
FROM member AS m
JOIN name_token AS n ON n.number = (hashtextextended(m.member_id::text, 6) & 9223372036854775807) %% %s
"""
_SETTLE: Final = "VACUUM (ANALYZE) vault_token"


@dataclass(frozen=True, slots=True)
class Searched:
    """Somebody who can be looked for, by what people type."""

    name: str
    phone: str

    @property
    def ways(self) -> tuple[str, str, str, str, str, str]:
        """Name, telephone, its last digits, the name's beginning, its initials, its first character."""
        initials = "".join(syllable[0] for syllable in next(iter(names.spellings(self.name))))
        return self.name, self.phone, self.phone[-4:], self.name[:2], initials, self.name[0]


def made_names() -> Iterator[str]:
    """Yield as many names as are given out, the same each time; frequent beginnings come as often as surnames do."""
    chance = random.Random(2020)
    rare = [one for one in NAME_ENDS if one not in _SURNAMES]
    others = [(100 - sum(_PER_CENT)) / len(rare)] * len(rare)
    for _ in range(_NAMES):
        (first,) = chance.choices([*_SURNAMES, *rare], [*_PER_CENT, *others])
        yield first + "".join(chance.choices(NAME_ENDS, k=chance.choice((1, 2, 2, 2))))


def searched_people(connection: Connection[Any], vault: Vault, members: int) -> list[Searched]:
    """Give every member tokens where they have none yet; return people who can be looked for."""
    given = list(made_names())
    if connection.execute(_IS_MADE).fetchone() is None:
        _make(connection, vault, given)
    chance = random.Random(7)
    return [Searched(name, str(_PHONES + chance.randrange(members))) for name in chance.sample(given, 2_000)]


def _make(connection: Connection[Any], vault: Vault, given: list[str]) -> None:
    connection.execute("SET lock_timeout = 0; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
    connection.execute(_EMPTY)
    connection.execute("SELECT bench.lay_indexes_aside('vault_token')")
    connection.execute(_OF_NAMES)
    with connection.cursor() as cursor, cursor.copy(_COPY_NAMES) as copy:
        for number, name in enumerate(given):
            for kind, token in vault.entries_of({"name": name})[1]:
                copy.write_row((number, kind, token))
    connection.execute(_SPREAD, (len(given),))
    ids = [row[0] for row in connection.execute(_MEMBERS)]
    for start in range(0, len(ids), _AT_ONCE):
        with connection.cursor() as cursor, cursor.copy(_COPY_PHONES) as copy:
            for ordinal, member in enumerate(ids[start : start + _AT_ONCE], start):
                for kind, token in vault.entries_of({"phone": str(_PHONES + ordinal)})[1]:
                    copy.write_row((kind, token, member))
    connection.execute("SELECT bench.bring_indexes_back('vault_token')")
    connection.execute(_SETTLE)
    connection.execute(_MADE)
