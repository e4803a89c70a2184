"""The master key: read, made once, told wrong without being told."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.settings import load_settings
from infra.vault.master_key import MasterKey, MasterKeyFailure, load_master_key, master_key

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
    assert (key.current, key.oldest, sorted(key.versions)) == (2, 1, [1, 2])


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


@pytest.mark.parametrize("text", ["", "short", ONE[:-8], f"1:{ONE},1:{TWO}", f"0:{ONE}", "é" * 43 + "=", ONE + ONE])
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
