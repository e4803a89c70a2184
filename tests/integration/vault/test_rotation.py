"""The vault's keys change beside whoever registers, reads and erases; nobody is lost and no event is touched."""

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from domain.identity import make_identity_number
from infra.cli.main import app
from infra.event_store.refusals import IdentityKnown
from infra.event_store.save import LogStoredEvent, Save
from infra.vault.cipher import Unreadable
from infra.vault.master_key import MasterKey
from infra.vault.rotation import (
    change_data_keys,
    forget_version,
    members_by_version,
    rewrap,
    settle_data_keys,
    still_needed,
)
from infra.vault.upkeep import confirm_master_key, erase
from infra.vault.vault import Vault

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
FIRST, BOTH, SECOND = MasterKey({1: OLD}), MasterKey({1: OLD, 2: NEW}), MasterKey({2: NEW})


def nothing(_done, _total):
    """Take no notice of progress."""


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def number(sequence):
    return make_identity_number("990000", date(1991, 1, 1), sequence)


def register(recorder, vault, sequence):
    member_id, fields = uuid4(), {"name": f"测试{sequence}", "phone": f"139{sequence:08}"}
    write = vault.seal_person(member_id, fields, number(sequence))
    recorder.record(Save([LogStoredEvent(member_id, 1, "member_registered", b"{}")], vault=write))
    return member_id


def names(connection, vault, ids):
    opened = vault.open_many(connection, ids, ["name"])
    return [opened[member_id]["name"] for member_id in ids]


def test_wrapped_anew_everybody_opens_is_found_and_clashes_under_the_new_key_alone(recorder, connection):
    ids = [register(recorder, Vault(FIRST), sequence) for sequence in range(230)]
    before = connection.execute("SELECT ciphertext FROM vault_field ORDER BY member_id, field").fetchall()
    assert rewrap(connection, Vault(BOTH), nothing) == 230
    assert rewrap(connection, Vault(BOTH), nothing) == 0
    assert members_by_version(connection) == {2: 230}
    forget_version(connection, 1)
    alone = Vault(SECOND)
    assert names(connection, alone, ids) == [f"测试{sequence}" for sequence in range(230)]
    assert alone.find_by_identity(connection, number(7)) == ids[7]
    assert alone.search(connection, "13900000007", 5) == [ids[7]]
    with pytest.raises(IdentityKnown):
        register(recorder, alone, 7)
    assert connection.execute("SELECT ciphertext FROM vault_field ORDER BY member_id, field").fetchall() == before


def test_new_data_keys_open_what_was_sealed_before_and_the_former_keys_open_nothing(recorder, connection):
    vault = Vault(FIRST)
    ids = [register(recorder, vault, sequence) for sequence in range(5)]
    former_keys = vault.keys_of(connection, ids)
    stolen = dict(connection.execute("SELECT member_id, ciphertext FROM vault_field WHERE field = 'name'").fetchall())
    by_setting = Vault(FIRST, algorithm="SM4-GCM")
    assert change_data_keys(connection, by_setting, nothing) == 5
    assert settle_data_keys(connection, by_setting, nothing) == 5
    assert names(connection, Vault(FIRST), ids) == [f"测试{sequence}" for sequence in range(5)]
    kept = dict(connection.execute("SELECT member_id, ciphertext FROM vault_field WHERE field = 'name'").fetchall())
    assert {sealed[0] for sealed in stolen.values()} == {1}
    assert {sealed[0] for sealed in kept.values()} == {2}
    for member_id in ids:
        with pytest.raises(Unreadable):
            vault.resealed(member_id, [former_keys[member_id]], "name", kept[member_id])
    assert connection.execute("SELECT count(*) FROM vault_key WHERE former IS NOT NULL").fetchone() == (0,)


def test_what_was_sealed_under_a_key_read_before_the_change_still_opens_and_is_settled(recorder, connection):
    vault = Vault(FIRST)
    member_id = register(recorder, vault, 1)
    key = vault.keys_of(connection, [member_id])[member_id]
    change_data_keys(connection, vault, nothing)
    belated = vault.seal_fields(member_id, key, {"phone": "13900000009"})
    recorder.record(Save([LogStoredEvent(member_id, 2, "phone_changed", b"{}")], vault=belated))
    assert Vault(FIRST).open_fields(connection, member_id)["phone"] == "13900000009"
    rewrap(connection, Vault(BOTH), nothing)
    settle_data_keys(connection, Vault(BOTH), nothing)
    assert Vault(SECOND).open_fields(connection, member_id, ["name", "phone"]) == {
        "name": "测试1",
        "phone": "13900000009",
    }


def test_keys_change_beside_people_who_change_and_are_erased(recorder, connection, database_url):
    ids = [register(recorder, Vault(FIRST), sequence) for sequence in range(120)]
    erased, left = ids[::10], [member_id for member_id in ids if member_id not in ids[::10]]
    vault = Vault(BOTH)  # as a service started after the new version was added

    def change_phones():
        with psycopg.connect(database_url, autocommit=True) as own:
            for version in range(2, 8):
                for member_id in left:
                    key = vault.keys_of(own, [member_id])[member_id]
                    write = vault.seal_fields(member_id, key, {"phone": f"13{version}{ids.index(member_id):08}"})
                    event = LogStoredEvent(member_id, version, "phone_changed", b"{}")
                    recorder.record(Save([event], vault=write))

    def erase_some():
        with psycopg.connect(database_url, autocommit=True) as own:
            return [erase(own, member_id) for member_id in erased]

    with ThreadPoolExecutor(2) as pool:
        changing, erasing = pool.submit(change_phones), pool.submit(erase_some)
        change_data_keys(connection, Vault(BOTH), nothing)
        rewrap(connection, Vault(BOTH), nothing)
        changing.result()
        assert all(erasing.result())
    rewrap(connection, Vault(BOTH), nothing)
    settle_data_keys(connection, Vault(BOTH), nothing)
    opened = Vault(SECOND).open_many(connection, ids, ["name", "phone"])
    assert sorted(opened) == sorted(left)
    for member_id in left:
        sequence = ids.index(member_id)
        assert opened[member_id] == {"name": f"测试{sequence}", "phone": f"137{sequence:08}"}


def test_a_row_moved_to_another_member_is_told_and_leaves_the_rest_unchanged(recorder, connection):
    vault = Vault(FIRST)
    one, two = register(recorder, vault, 1), register(recorder, vault, 2)
    wrapped = vault.keys_of(connection, [one])[one].wrapped
    connection.execute("UPDATE vault_key SET wrapped = %s WHERE member_id = %s", (wrapped, two))
    with pytest.raises(Unreadable):
        rewrap(connection, Vault(BOTH), nothing)
    assert members_by_version(connection) == {1: 2}


def test_an_operator_rotates_and_retires_the_master_key_by_the_command_line(
    recorder, connection, database_url, tmp_path, monkeypatch
):
    monkeypatch.setenv("KITELINE_HOME", str(tmp_path))
    monkeypatch.setenv("KITELINE_DATABASE_URL", database_url)
    file = tmp_path / "keys" / "master"
    file.parent.mkdir()
    file.write_bytes(b"1:" + base64.b64encode(OLD))
    ids = [register(recorder, Vault(FIRST), sequence) for sequence in range(3)]
    confirm_master_key(connection, FIRST)

    def run(*arguments):
        return CliRunner().invoke(app, ["keys", *arguments])

    assert run("rotate-master").exit_code == 0
    refused = run("retire-master", "1")
    assert refused.exit_code != 0
    assert still_needed(connection, 1)["members"] == 3
    assert re.search(r"^1\t持有 held\t3", run("status").output, re.MULTILINE)
    assert "3" in run("rewrap").output
    assert run("rotate-data", "--settle-after", "0").exit_code == 0
    assert run("retire-master", "1").exit_code == 0
    assert run("retire-master", "2").exit_code != 0
    held = dict(line.split(":", 1) for line in file.read_text().split())
    assert sorted(held) == ["2", "hash"]
    alone = Vault(MasterKey({2: base64.b64decode(held["2"])}))
    assert names(connection, alone, ids) == ["测试0", "测试1", "测试2"]
    assert connection.execute("SELECT version FROM vault_master").fetchall() in ([], [(2,)])
