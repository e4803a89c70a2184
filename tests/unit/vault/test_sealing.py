"""What sealing gives: rows that tell nothing, bound to one member and one field."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from domain.identity import make_identity_number
from infra.vault.cipher import Unreadable, cipher, decrypt
from infra.vault.fields import text_of
from infra.vault.master_key import MasterKey
from infra.vault.vault import Vault, WrappedKey

KEYS = MasterKey({1: bytes(range(32))})
MEMBER = UUID("6a2f41a3-c54c-4b7e-8f0a-0123456789ab")
NUMBER = make_identity_number("990000", date(1991, 1, 1), 7)
PERSON = {"name": "测试甲", "phone": "13900000001", "address": "样例路一号", "note": ""}


@pytest.fixture
def vault():
    return Vault(KEYS)


def everything(write):
    return b"".join(
        [write.wrapped_key or b"", *(sealed for _, sealed in write.fields), *(digest for _, digest in write.index)]
        + [token for _, token in write.tokens]
    )


def test_a_person_is_sealed_with_all_that_is_given_and_nothing_empty(vault):
    write = vault.seal_person(MEMBER, PERSON, NUMBER)
    assert (write.member_id, write.master_version) == (MEMBER, 1)
    assert {name for name, _ in write.fields} == {"name", "phone", "address", "identity_number"}
    assert [version for version, _ in write.index] == [1]
    assert {kind for kind, _ in write.tokens} == {"name", "latin", "phone", "phone_end"}


def test_no_row_holds_a_word_of_what_was_sealed(vault):
    rows = everything(vault.seal_person(MEMBER, PERSON, NUMBER))
    for text in (*PERSON.values(), NUMBER):
        assert not text or text.encode() not in rows


def test_the_same_person_sealed_twice_shares_index_and_tokens_and_not_one_ciphertext(vault):
    one, two = vault.seal_person(MEMBER, PERSON, NUMBER), vault.seal_person(MEMBER, PERSON, NUMBER)
    assert (one.index, one.tokens) == (two.index, two.tokens)
    assert not {sealed for _, sealed in one.fields} & {sealed for _, sealed in two.fields}
    assert one.wrapped_key != two.wrapped_key


def test_a_number_is_indexed_alike_however_it_is_written(vault):
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in NUMBER.lower())
    assert vault.seal_person(MEMBER, {}, f" {wide} ").index == vault.seal_person(uuid4(), {}, NUMBER).index


def test_another_master_key_makes_other_index_entries_and_tokens(vault):
    other = Vault(MasterKey({1: bytes(32)})).seal_person(MEMBER, PERSON, NUMBER)
    ours = vault.seal_person(MEMBER, PERSON, NUMBER)
    assert not set(ours.index) & set(other.index)
    assert not set(ours.tokens) & set(other.tokens)


def test_while_keys_are_rotated_a_number_is_indexed_under_both(vault):
    both = Vault(MasterKey({1: bytes(range(32)), 2: bytes(32)})).seal_person(MEMBER, PERSON, NUMBER)
    assert both.master_version == 2
    assert set(vault.seal_person(MEMBER, PERSON, NUMBER).index) < set(both.index)


def test_later_values_are_sealed_under_the_key_the_member_has(vault):
    person = vault.seal_person(MEMBER, PERSON, NUMBER)
    assert person.wrapped_key is not None
    note = text_of(uuid4())
    write = vault.seal_fields(MEMBER, WrappedKey(1, person.wrapped_key), {"phone": "13900000002", note: "样例原因"})
    assert (write.master_version, write.wrapped_key, write.index) == (None, None, ())
    assert [name for name, _ in write.fields] == ["phone", note]
    assert {kind for kind, _ in write.tokens} == {"phone", "phone_end"}


def test_a_key_does_not_open_for_another_member(vault):
    person = vault.seal_person(MEMBER, PERSON, NUMBER)
    assert person.wrapped_key is not None
    with pytest.raises(Unreadable):
        vault.seal_fields(uuid4(), WrappedKey(1, person.wrapped_key), {"phone": "13900000002"})


def test_the_first_byte_says_the_algorithm_and_another_is_not_guessed_at():
    with pytest.raises(Unreadable, match="algorithm"):
        decrypt(cipher(bytes(32)), b"\x09" + bytes(40), b"")


@pytest.mark.parametrize("cut", [0, 1, 5, 13, 28])
def test_a_ciphertext_cut_short_is_unreadable(cut, vault):
    sealed = vault.seal_person(MEMBER, PERSON).fields[0][1][:cut]
    with pytest.raises(Unreadable):
        decrypt(cipher(bytes(32)), sealed, b"")


def test_a_keyed_hash_depends_on_key_purpose_and_data(vault):
    hashes = {
        vault.keyed_hash("idempotency_key", b"a"),
        vault.keyed_hash("idempotency_body", b"a"),
        vault.keyed_hash("idempotency_key", b"b"),
        Vault(MasterKey({1: bytes(32)})).keyed_hash("idempotency_key", b"a"),
    }
    assert len(hashes) == 4
    assert vault.keyed_hash("idempotency_key", b"a") in hashes


def test_a_rotation_leaves_keyed_hashes_as_they_were(vault):
    rotated = Vault(MasterKey({1: bytes(range(32)), 2: bytes(32)}))
    assert rotated.keyed_hash("idempotency_key", b"a") == vault.keyed_hash("idempotency_key", b"a")
