"""The master key: read, made once, told wrong without being told."""

import base64
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.settings import load_settings
from infra.vault.master_key import MasterKey, MasterKeyFailure, load_master_key, master_key, retire, rotate

ONE = base64.b64encode(bytes(range(32))).decode()
TWO = base64.b64encode(bytes(range(32, 64))).decode()


def test_the_setting_is_version_one(tmp_path):
    key = master_key(ONE, tmp_path)
    assert (key.current, key.versions[1]) == (1, bytes(range(32)))
    assert not (tmp_path / "keys").exists()


def test_the_settings_name_the_key_or_the_home_it_lies_in(tmp_path):
    named = {"KITELINE_HOME": str(tmp_path), "KITELINE_MASTER_KEY": ONE}
    assert load_master_key(load_settings(named)).versions[1] == bytes(range(32))
    made = load_master_key(load_settings({"KITELINE_HOME": str(tmp_path)}))
    assert made.versions == master_key(None, tmp_path).versions != {1: bytes(range(32))}


def test_during_a_rotation_several_versions_are_held_and_the_highest_seals(tmp_path):
    key = master_key(f"1:{ONE}, 2:{TWO}", tmp_path)
    assert (key.current, sorted(key.versions)) == (2, [1, 2])
    assert key.hashing == master_key(ONE, tmp_path).hashing != master_key(TWO, tmp_path).hashing


def test_without_a_setting_a_file_is_made_that_only_its_owner_reads_and_the_next_start_finds_it(tmp_path):
    made = master_key(None, tmp_path)
    file = tmp_path / "keys" / "master"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert master_key(None, tmp_path).versions == made.versions
    assert [path.name for path in file.parent.iterdir()] == ["master"]


def test_many_that_start_at_once_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: master_key(None, tmp_path), range(64)))
    assert len({key.versions[1] for key in keys}) == 1


@pytest.mark.parametrize(
    "text", ["", "short", f"hash:{ONE}", ONE[:-8], f"1:{ONE},1:{TWO}", f"0:{ONE}", "é" * 43 + "=", ONE + ONE]
)
def test_what_is_no_key_is_refused_in_two_languages_without_being_shown(text, tmp_path):
    with pytest.raises(MasterKeyFailure) as caught:
        master_key(text, tmp_path)
    assert "base64" in caught.value.zh
    assert "base64" in caught.value.en
    assert len(text) < 20 or text not in str(caught.value)


def test_a_damaged_file_is_refused_and_kept(tmp_path):
    file = tmp_path / "keys" / "master"
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe half a key")
    with pytest.raises(MasterKeyFailure):
        master_key(None, tmp_path)
    assert file.read_bytes() == b"\xff\xfe half a key"


def test_every_purpose_and_version_has_a_key_of_its_own():
    key = MasterKey({1: bytes(32), 2: bytes(range(32))})
    derived = {key.derive(version, purpose) for version in (1, 2) for purpose in ("wrap", "index", "search", "hash")}
    assert len(derived) == 8


def test_a_repr_shows_no_key():
    assert "\\x" not in repr(MasterKey({1: bytes(range(32))}))


def command_of(tmp_path, script):
    file = tmp_path / "kms.py"
    file.write_text(script)
    return load_settings({"KITELINE_HOME": str(tmp_path), "KITELINE_MASTER_KEY_COMMAND": f"{sys.executable} {file}"})


def test_a_command_gives_the_key_and_no_file_is_made(tmp_path):
    settings = command_of(tmp_path, f"print('1:{ONE}')\nprint('2:{TWO}')")
    assert load_master_key(settings).versions == {1: bytes(range(32)), 2: bytes(range(32, 64))}
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "script",
    ["import sys; print('secret'); sys.exit(7)", "print('secret')", "print('\u00e9')", "raise OSError('secret')"],
)
def test_a_command_that_gives_no_key_is_refused_without_telling_what_it_printed(script, tmp_path):
    with pytest.raises(MasterKeyFailure) as caught:
        load_master_key(command_of(tmp_path, script))
    assert "KITELINE_MASTER_KEY_COMMAND" in caught.value.zh
    assert "secret" not in f"{caught.value.zh} {caught.value.en}"


def test_a_command_that_is_not_there_is_refused(tmp_path):
    settings = load_settings({"KITELINE_HOME": str(tmp_path), "KITELINE_MASTER_KEY_COMMAND": "/no/such/command"})
    with pytest.raises(MasterKeyFailure, match="FileNotFoundError"):
        load_master_key(settings)


def test_setting_and_command_together_are_refused(tmp_path):
    named = {"KITELINE_HOME": str(tmp_path), "KITELINE_MASTER_KEY": ONE, "KITELINE_MASTER_KEY_COMMAND": "true"}
    with pytest.raises(MasterKeyFailure, match="not both"):
        load_master_key(load_settings(named))


def test_a_rotation_adds_a_version_to_the_file_and_ends_without_losing_the_hashes(tmp_path):
    settings = load_settings({"KITELINE_HOME": str(tmp_path)})
    first = load_master_key(settings)
    rotated = rotate(settings)
    assert (rotated.current, rotated.versions[1]) == (2, first.versions[1])
    assert load_master_key(settings) == rotated
    with pytest.raises(MasterKeyFailure, match="2"):
        retire(settings, 2)
    retired = retire(settings, 1)
    assert load_master_key(settings) == retired
    assert retired.versions == {2: rotated.versions[2]}
    assert retired.hashing == first.hashing
    assert rotate(settings).hashing == first.hashing
    assert stat.S_IMODE((tmp_path / "keys" / "master").stat().st_mode) == 0o600


def test_a_key_that_is_set_elsewhere_is_not_rotated_here(tmp_path):
    settings = load_settings({"KITELINE_HOME": str(tmp_path), "KITELINE_MASTER_KEY": ONE})
    with pytest.raises(MasterKeyFailure, match="setting or a command"):
        rotate(settings)
