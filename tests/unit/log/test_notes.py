"""Notes are C2SP's: a note that another implementation signed is read, and ours is what it would have written."""

from base64 import b64decode

import pytest

from infra.notes import checkpoint, signed_note
from infra.notes.checkpoint import Checkpoint
from infra.notes.signed_note import NoteRefused, Signer, Verifier
from projections.merkle import EMPTY_ROOT

# The example of C2SP signed-note and of Go's note package; its secret key is the last 32 bytes.
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]


def test_the_example_is_signed_as_others_sign_it():
    signer = Signer.of("PeterNeumann", SEED)
    assert signer.verifier.line == KEY
    assert signer.sign(TEXT) == LINE


def test_the_example_is_read_and_vouched_for():
    note = signed_note.read(f"{TEXT}\n{LINE}\n")
    assert note.text == TEXT
    assert note.vouched_by([signed_note.read_verifier(KEY)]) == [signed_note.read_verifier(KEY)]


def test_a_note_of_which_a_word_was_changed_is_refused():
    note = signed_note.read(f"{TEXT.replace('answer', 'answers')}\n{LINE}\n")
    with pytest.raises(NoteRefused, match="false"):
        note.vouched_by([signed_note.read_verifier(KEY)])


def test_a_signature_of_an_unknown_key_vouches_for_nothing():
    note = signed_note.read(f"{TEXT}\n{LINE}\n")
    assert note.vouched_by([Signer.of("PeterNeumann", bytes(32)).verifier]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "text\n", "text\n\n", f"{TEXT}\n{LINE}", f"{TEXT}{LINE}\n", f"te\txt\n\n{LINE}\n"),
        *(f"text\n\n{LINE}\nmore\n", "text\n\n— name\n", "text\n\n— na+me AAAAAAAA\n", "text\n\n— name AAAA\n"),
    ],
)
def test_what_is_no_note_is_refused(wrong: str):
    with pytest.raises(NoteRefused):
        signed_note.read(wrong)


@pytest.mark.parametrize(
    "wrong", ["", KEY[:-1], KEY.replace("c74f20a3", "c74f20a4"), KEY.replace("Peter", "Pet er"), "a+b"]
)
def test_what_is_no_key_line_is_refused(wrong: str):
    with pytest.raises(NoteRefused):
        signed_note.read_verifier(wrong)


def test_a_checkpoint_is_three_lines_and_read_back():
    empty = Checkpoint("urn:kiteline:local:1", 0, EMPTY_ROOT)
    assert empty.text == "urn:kiteline:local:1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert checkpoint.read_text(empty.text) == empty


@pytest.mark.parametrize("size", ["01", "-1", "1.0", "", "٣", "1" + "0" * 19])
def test_a_size_is_written_in_one_way(size: str):
    with pytest.raises(NoteRefused):
        checkpoint.read_text(f"origin\n{size}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")


def test_a_checkpoint_counts_when_a_key_of_its_own_log_signed_it():
    signer, stranger = Signer.of("log", SEED), Signer.of("other", SEED)
    text = Checkpoint("log", 0, EMPTY_ROOT).text
    ours = signed_note.write(text, [signer.sign(text)])
    theirs = signed_note.write(text, [stranger.sign(text)])

    assert checkpoint.read_signed(ours, [signer.verifier])[0].size == 0
    for note, keys in ((ours, []), (ours, [stranger.verifier]), (theirs, [signer.verifier, stranger.verifier])):
        with pytest.raises(NoteRefused):
            checkpoint.read_signed(note, keys)


def test_a_key_of_another_kind_has_another_id():
    one = Signer.of("log", SEED).verifier
    assert one.key_id != Verifier(one.name, one.public, 4).key_id
