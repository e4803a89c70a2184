"""People registered, found, changed and erased, as the database sees it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from domain.identity import make_identity_number
from infra.database.connections import connection_options
from infra.event_store.refusals import IdentityKnown
from infra.event_store.save import LogStoredEvent, Save
from infra.vault.cipher import Unreadable
from infra.vault.master_key import MasterKey, MasterKeyFailure
from infra.vault.queries import SEARCH
from infra.vault.upkeep import confirm_master_key, erase, refresh
from infra.vault.vault import Vault

KEYS = MasterKey({1: bytes(range(32))})
ROTATING = MasterKey({1: bytes(range(32)), 2: bytes(range(32, 64))})
TABLES = ("vault_key", "vault_field", "vault_index", "vault_token")
NAMES = ("测试甲", "测试乙", "样例一", "单样例", "测试甲乙")


@pytest.fixture
def vault():
    return Vault(KEYS)


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def number(sequence):
    return make_identity_number("990000", date(1991, 1, 1), sequence)


def save(member_id, write, version=1):
    return Save([LogStoredEvent(member_id, version, "member_registered", b"{}")], vault=write)


def register(recorder, vault, sequence, **fields):
    member_id = uuid4()
    recorder.record(save(member_id, vault.seal_person(member_id, fields, number(sequence))))
    return member_id


def rows_of(connection, member_id):
    count = sql.SQL("SELECT count(*) FROM {} WHERE member_id = %s")
    return {
        table: connection.execute(count.format(sql.Identifier(table)), [member_id]).fetchone()[0] for table in TABLES
    }


def test_what_was_registered_is_opened_again(recorder, vault, connection):
    person = {"name": "测试甲", "phone": "13900000001", "address": "样例路一号"}
    member_id = register(recorder, vault, 1, **person)
    assert vault.open_fields(connection, member_id) == person | {"identity_number": number(1)}
    assert vault.open_fields(connection, member_id, ["phone", "employer"]) == {"phone": "13900000001"}
    assert vault.open_fields(connection, uuid4()) == {}


def test_many_are_opened_and_found_in_one_query_each(recorder, vault, connection):
    ids = {number(sequence): register(recorder, vault, sequence, name=name) for sequence, name in enumerate(NAMES)}
    opened = vault.open_many(connection, list(ids.values()), ["name"])
    assert [opened[member_id]["name"] for member_id in ids.values()] == list(NAMES)
    asked = [*ids, f" {number(0).lower()} ", number(999)]
    assert vault.find_by_identities(connection, asked) == ids | {f" {number(0).lower()} ": ids[number(0)]}


def test_the_same_person_is_not_registered_twice_and_the_first_is_named(recorder, vault, connection):
    first = register(recorder, vault, 1, name="测试甲")
    second = uuid4()
    with pytest.raises(IdentityKnown) as caught:
        recorder.record(save(second, vault.seal_person(second, {"name": "测试甲"}, number(1))))
    assert caught.value.member_id == first
    assert set(rows_of(connection, second).values()) == {0}
    assert connection.execute("SELECT count(*) FROM log").fetchone() == (1,)


def test_two_desks_at_the_same_moment_register_one_person_once(recorder, vault, connection):
    def attempt(_):
        try:
            return register(recorder, vault, 1, name="测试甲")
        except IdentityKnown as clash:
            return clash.member_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(attempt, range(24)))) == 1
    assert connection.execute("SELECT count(*) FROM vault_key").fetchone() == (1,)


def test_people_are_found_by_name_pinyin_initials_telephone_and_number(recorder, vault, connection):
    ids = [register(recorder, vault, at, name=name, phone=f"1390000{at:04d}") for at, name in enumerate(NAMES)]
    found = {
        "测试": {0, 1, 4},
        "测试甲": {0, 4},
        "ceshi": {0, 1, 4},
        "csj": {0, 4},
        "shan": {3},
        "13900000002": {2},
        "0003": {3},
        number(1): {1},
        number(1).lower(): {1},
        number(900): set(),
        "无人": set(),
        "": set(),
    }
    for text, places in found.items():
        assert vault.search(connection, text, 10) == sorted(ids[place] for place in places), text


def test_a_search_is_paged_by_id_and_kept_to_those_one_may_see(recorder, vault, connection):
    ids = sorted(register(recorder, vault, at, name=f"测试{mark}") for at, mark in enumerate("甲乙丙丁戊己庚"))
    first = vault.search(connection, "测试", 3)
    assert first == ids[:3]
    assert vault.search(connection, "测试", 9, after=first[-1]) == ids[3:]
    mine = [ids[1], ids[5], uuid4()]
    assert vault.search(connection, "测试", 9, among=mine) == [ids[1], ids[5]]
    assert vault.search(connection, "测试", 9, among=mine, after=ids[1]) == [ids[5]]
    assert vault.search(connection, "测试", 9, among=[]) == []
    own = vault.open_fields(connection, ids[1])["identity_number"]
    assert vault.search(connection, own, 9, among=[ids[0]]) == []
    assert vault.search(connection, own, 9, among=[ids[1]]) == [ids[1]]


def test_a_common_name_is_read_off_the_index_and_stops_at_the_limit(recorder, vault, connection):
    for at in range(40):
        register(recorder, vault, at, name="测试甲")
    token = vault.query_tokens("测试")[0]
    connection.execute(
        "INSERT INTO vault_token SELECT %s, %s, gen_random_uuid() FROM generate_series(1, 20000)", [*token]
    )
    connection.execute("ANALYZE vault_token")
    asked = {"kinds": [token[0]], "tokens": [token[1]], "after": None, "limit": 50}
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {SEARCH}", asked))
    assert "Index Only Scan using vault_token_pkey" in plan
    assert "Seq Scan" not in plan
    assert "rows=50.00" in plan


def test_later_values_replace_earlier_ones_and_free_text_has_its_place(recorder, vault, connection):
    member_id = register(recorder, vault, 1, name="测试甲", phone="13900000001")
    key = vault.keys_of(connection, [member_id])[member_id]
    changed = vault.seal_fields(member_id, key, {"phone": "13900000002", "text:1": "样例原因"})
    recorder.record(save(member_id, changed, 2))
    opened = vault.open_fields(connection, member_id)
    assert (opened["phone"], opened["text:1"], opened["name"]) == ("13900000002", "样例原因", "测试甲")
    assert vault.search(connection, "13900000002", 9) == [member_id]


def test_after_a_refresh_what_was_replaced_finds_nobody(recorder, vault, connection):
    member_id = register(recorder, vault, 1, name="测试甲", phone="13900000001")
    key = vault.keys_of(connection, [member_id])[member_id]
    fields = {"name": "样例乙", "phone": "13900000002", "identity_number": number(2)}
    recorder.record(save(member_id, vault.seal_fields(member_id, key, fields), 2))
    assert vault.find_by_identity(connection, number(1)) == member_id
    refresh(connection, vault, member_id)
    for gone in ("测试甲", "csj", "13900000001", number(1)):
        assert vault.search(connection, gone, 9) == [], gone
    for kept in ("样例乙", "yly", "13900000002", number(2)):
        assert vault.search(connection, kept, 9) == [member_id], kept
    assert register(recorder, vault, 1, name="测试丙") != member_id


def test_a_refresh_does_not_take_another_members_number(recorder, vault, connection):
    register(recorder, vault, 1, name="测试甲")
    other = register(recorder, vault, 2, name="测试乙")
    key = vault.keys_of(connection, [other])[other]
    wrong = vault.seal_fields(other, key, {"identity_number": number(1)}).fields[0][1]
    connection.execute(
        "UPDATE vault_field SET ciphertext = %s WHERE member_id = %s AND field = 'identity_number'", [wrong, other]
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        refresh(connection, vault, other)
    assert vault.find_by_identity(connection, number(2)) == other


def test_who_is_erased_is_gone_from_every_table_and_is_somebody_new_later(recorder, vault, connection):
    member_id = register(recorder, vault, 1, name="测试甲", phone="13900000001")
    kept = register(recorder, vault, 2, name="测试甲")
    vault.open_fields(connection, member_id)  # its key is in memory now
    before = rows_of(connection, kept)
    with connection.transaction():
        assert erase(connection, member_id)
    assert set(rows_of(connection, member_id).values()) == {0}
    assert rows_of(connection, kept) == before
    assert vault.open_fields(connection, member_id) == {}
    assert vault.search(connection, "测试甲", 9) == [kept]
    assert not erase(connection, member_id)
    assert register(recorder, vault, 1, name="测试甲") != member_id


def test_an_erasure_that_is_rolled_back_erased_nothing(recorder, vault, connection):
    member_id = register(recorder, vault, 1, name="测试甲")
    with connection.transaction(force_rollback=True):
        erase(connection, member_id)
    assert vault.open_fields(connection, member_id)["name"] == "测试甲"


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE vault_field SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)",
        "UPDATE vault_field SET field = 'address' WHERE field = 'name'",
        "WITH moved AS (UPDATE vault_field SET member_id = '00000000-0000-4000-8000-000000000001') "  # noqa: ISC004
        "UPDATE vault_key SET member_id = '00000000-0000-4000-8000-000000000001'",
        "UPDATE vault_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)",
        "UPDATE vault_field SET ciphertext = substr(ciphertext, 1, 9)",
    ],
)
def test_a_row_that_was_altered_or_moved_does_not_open(tampering, recorder, vault, connection):
    member_id = register(recorder, vault, 1, name="测试甲")
    assert vault.open_fields(connection, member_id)
    connection.execute(tampering)
    ids = [member_id, UUID("00000000-0000-4000-8000-000000000001")]
    with pytest.raises(Unreadable):
        Vault(KEYS).open_many(connection, ids)


def test_no_table_holds_a_word_of_a_person(recorder, vault, connection):
    register(recorder, vault, 1, name="测试甲", phone="13900000001", address="样例路一号", note="样例备注")
    for table in (*TABLES, "log", "stream_head"):
        for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))):
            told = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
            for word in ("测试甲", "13900000001", "样例", number(1), "ceshi"):
                assert word.encode() not in told, table


def test_while_keys_are_rotated_old_people_are_known_and_new_ones_clash_under_both(recorder, vault, connection):
    rotating = Vault(ROTATING)
    old = register(recorder, vault, 1, name="测试甲")
    with pytest.raises(IdentityKnown):
        register(recorder, rotating, 1, name="测试甲")
    new = register(recorder, rotating, 2, name="测试甲")
    with pytest.raises(IdentityKnown):
        register(recorder, vault, 2, name="测试甲")
    assert rotating.search(connection, "测试甲", 9) == sorted([old, new])
    assert rotating.open_fields(connection, old)["name"] == rotating.open_fields(connection, new)["name"]
    refresh(connection, rotating, old)
    assert rows_of(connection, old)["vault_index"] == 2
    assert rotating.search(connection, "测试甲", 9) == sorted([old, new])


def test_a_wrong_master_key_is_told_before_anything_is_sealed_with_it(connection):
    confirm_master_key(connection, KEYS)
    confirm_master_key(connection, KEYS)
    with pytest.raises(MasterKeyFailure) as caught:
        confirm_master_key(connection, MasterKey({1: bytes(32)}))
    assert "KITELINE_MASTER_KEY" in caught.value.zh
    confirm_master_key(connection, ROTATING)
    with pytest.raises(MasterKeyFailure):
        confirm_master_key(connection, KEYS)  # what version 2 sealed could not be opened


def test_readers_find_and_open_and_cannot_write(recorder, vault, database_url):
    member_id = register(recorder, vault, 1, name="测试甲")
    options = connection_options("reader")
    with psycopg.connect(database_url, autocommit=True, options=options) as reader:
        assert vault.search(reader, "测试", 9) == [member_id]
        assert vault.open_fields(reader, member_id)["name"] == "测试甲"
        for statement in ("DELETE FROM vault_key", "UPDATE vault_field SET field = 'x'", "SELECT * FROM vault_master"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


def test_writers_may_erase(recorder, vault, database_url):
    member_id = register(recorder, vault, 1, name="测试甲")
    options = connection_options("writer")
    with psycopg.connect(database_url, autocommit=True, options=options) as writer:
        assert erase(writer, member_id)


def test_a_connection_with_other_row_shapes_serves_as_well(recorder, vault, database_url):
    member_id = register(recorder, vault, 1, name="测试甲")
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as connection:
        assert vault.open_fields(connection, member_id)["name"] == "测试甲"
        assert vault.find_by_identity(connection, number(1)) == member_id
        assert erase(connection, member_id)


def test_only_so_many_keys_stay_in_memory(recorder, connection):
    vault = Vault(KEYS, kept_keys=5)
    ids = [register(recorder, vault, at, name="测试甲") for at in range(12)]
    assert len(vault.open_many(connection, ids)) == 12
    assert len(vault._unwrapped) == 5
