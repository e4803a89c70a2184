"""Both ciphers: against published vectors, and each opening what the other sealed."""

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from hypothesis import given
from hypothesis import strategies as st

from infra.vault.cipher import Unreadable, cipher, decrypt, encrypt

ALGORITHMS = ("AES-256-GCM", "SM4-GCM")
KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
NONCE = bytes(12)


def test_sm4_gcm_is_that_of_rfc_8998():
    key = cipher(KEY, "SM4-GCM")
    key._sm4 = algorithms.SM4(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    plain = b"".join(bytes([one]) * 8 for one in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    bound_to = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    sealed = encrypt(key, bytes.fromhex("00001234567800000000ABCD"), plain, bound_to)
    # RFC 8998, appendix A.1.
    assert sealed[13:].hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )


def test_aes_256_gcm_is_that_of_the_gcm_specification():
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14: a key, a nonce and a block of zeros.
    sealed = encrypt(cipher(bytes(32)), NONCE, bytes(16), b"")
    assert sealed[13:].hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


@pytest.mark.parametrize("sealing", ALGORITHMS)
@pytest.mark.parametrize("opening", ALGORITHMS)
@given(plain=st.binary(max_size=80), bound_to=st.binary(max_size=20))
def test_what_one_seals_opens_under_the_setting_of_the_other(sealing, opening, plain, bound_to):
    sealed = encrypt(cipher(KEY, sealing), NONCE, plain, bound_to)
    assert sealed[0] == 1 + ALGORITHMS.index(sealing)
    assert decrypt(cipher(KEY, opening), sealed, bound_to) == plain


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_nothing_opens_altered_moved_shortened_or_under_another_key(algorithm):
    key = cipher(KEY, algorithm)
    sealed = encrypt(key, NONCE, b"plain", b"here")
    attempts = [(key, sealed, b"there"), (cipher(OTHER, algorithm), sealed, b"here")]
    attempts += [(key, sealed[:length], b"here") for length in range(len(sealed))]
    attempts += [(key, bytes([*sealed[:at], sealed[at] ^ 1, *sealed[at + 1 :]]), b"here") for at in range(len(sealed))]
    attempts.append((key, bytes([3 - sealed[0]]) + sealed[1:], b"here"))
    for one, text, bound_to in attempts:
        with pytest.raises(Unreadable):
            decrypt(one, text, bound_to)
