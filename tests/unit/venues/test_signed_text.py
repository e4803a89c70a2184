"""The text of a code: short, signed, the same again, and known under every key held."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.check_in_codes.signed_text import LENGTH, CodeSigner, CodeText
from infra.vault.master_key import MasterKey

CODE = CodeText(UUID("11111111-2222-4333-8444-555555555555"), 2, 1_780_000_000)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@pytest.fixture(scope="module")
def signer() -> CodeSigner:
    return CodeSigner(MasterKey({1: bytes(range(32))}))


def test_a_text_is_short_enough_for_a_small_qr_code_and_says_what_it_was_made_from(signer: CodeSigner):
    text = signer.write(CODE, 1)

    assert len(text) == LENGTH
    assert re.fullmatch("[A-Z2-7]+", text)
    assert signer.read(text) == CODE


def test_the_same_code_has_the_same_text_again(signer: CodeSigner):
    assert signer.write(CODE, 1) == signer.write(CodeText(CODE.venue_id, 2, 1_780_000_000), 1)


def test_a_text_is_read_as_people_type_it(signer: CodeSigner):
    text = signer.write(CODE, 1)
    typed = "-".join(text[at : at + 5] for at in range(0, LENGTH, 5)).lower().replace("o", "0").replace("i", "1")

    assert signer.read(f"  {typed} ") == CODE


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_no_letter_can_be_changed(at: int, letter: str):
    signer = CodeSigner(MasterKey({1: bytes(range(32))}))
    text = signer.write(CODE, 1)
    changed = text[:at] + letter + text[at + 1 :]

    assert (signer.read(changed) is None) is (changed != text)


@given(st.text(max_size=80))
def test_what_we_did_not_sign_is_no_code(text: str):
    assert CodeSigner(MasterKey({1: bytes(range(32))})).read(text) is None


def test_another_deployments_code_is_no_code(signer: CodeSigner):
    assert CodeSigner(MasterKey({1: bytes(32)})).read(signer.write(CODE, 1)) is None


def test_a_code_on_paper_outlives_a_change_of_the_master_key(signer: CodeSigner):
    rotated = CodeSigner(MasterKey({1: bytes(range(32)), 2: bytes(32)}))

    assert rotated.read(signer.write(CODE, 1)) == CODE
    assert rotated.write(CODE, 1) == signer.write(CODE, 1)
    assert rotated.write(CODE, 2) != signer.write(CODE, 1)
    assert rotated.key_version == 2


def test_codes_of_one_venue_have_secrets_of_their_own(signer: CodeSigner):
    venue = uuid4()
    secrets = {signer.secret(venue, number, 1) for number in range(2, 50)}

    assert len(secrets) == 48
    assert {len(secret) for secret in secrets} == {20}
