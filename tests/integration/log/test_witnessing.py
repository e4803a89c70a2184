"""We witness sisters' logs by C2SP's rules, and sisters witness ours."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from infra.database.embedded import EmbeddedPostgres
from infra.notes import signed_note
from infra.notes.checkpoint import read_signed
from infra.notes.cosignature import cosigned_at, read_witness
from infra.notes.log_keys import LogKeyFailure, load_log_keys
from infra.notes.signed_note import Signer
from infra.notes.witness_keys import own_witness
from infra.settings import Settings
from tests.integration.log.sister import SisterLog
from tests.running_service import Running, service_on_fresh_database


@pytest.fixture(scope="module")
def sister() -> SisterLog:
    return SisterLog("sister.example/log").grow("a", "b", "c", "d", "e", "f", "g")


@pytest.fixture(scope="module")
def known(sister: SisterLog) -> dict[str, str]:
    """Name logs that are witnessed: the sister's, and as many as tests need that begin anew."""
    return {sister.signer.verifier.name: sister.signer.verifier.line}


@pytest.fixture
def witness(postgres: EmbeddedPostgres, tmp_path: Path, known: dict[str, str]) -> Iterator[Running]:
    with service_on_fresh_database(
        postgres, tmp_path / "witness", witnessed_logs=known, witness_name="west-witness"
    ) as running:
        yield running


def submit(witness: Running, body: str) -> httpx.Response:
    return httpx.post(f"{witness.url}/v1/log/add-checkpoint", content=body.encode(), trust_env=False, timeout=30)


def get(running: Running, path: str) -> str:
    answer = httpx.get(f"{running.url}/v1/log/{path}", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_what_goes_on_from_the_last_checkpoint_is_cosigned(witness: Running, sister: SisterLog):
    key = read_witness(get(witness, "witness-key").strip())
    for old, size in ((0, 3), (3, 3), (3, 7)):
        answer = submit(witness, sister.request(old, size))
        assert answer.status_code == 200, answer.text
        signature = signed_note.read_signature(answer.text.removesuffix("\n"))
        assert cosigned_at(key, sister.checkpoint(size).text, signature) > 1_700_000_000
    assert key.name == "west-witness"
    assert get(witness, "witnessed?origin=sister.example/log") == sister.note(7)


def test_nothing_else_is_cosigned(witness: Running, sister: SisterLog):
    stranger = Signer.of(sister.signer.verifier.name, bytes(32))
    unknown = SisterLog("unknown.example/log").grow("a")
    assert submit(witness, unknown.request(0, 1)).status_code == 404
    assert submit(witness, sister.request(0, 1, stranger)).status_code == 403
    assert submit(witness, sister.request(4, 3)).status_code == 400
    assert submit(witness, sister.request(0, 4)).status_code == 200

    for old in (0, 3, 5):
        conflict = submit(witness, sister.request(old, 6))
        assert (conflict.status_code, conflict.text) == (409, "4\n")
        assert conflict.headers["content-type"] == "text/x.tlog.size"
    # A fork by the sister's own hand: her key signs another tree.
    fork = SisterLog(sister.signer.verifier.name).grow("a", "b", "X", "d", "e", "f")
    fork.signer = sister.signer
    assert submit(witness, fork.request(4, 6)).status_code == 422
    assert submit(witness, fork.request(4, 4)).status_code == 409
    assert get(witness, "witnessed?origin=sister.example/log") == sister.note(4)
    assert submit(witness, sister.request(4, 6)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[:0],
        lambda body: body.replace("old 0", "old 00", 1),
        lambda body: body.replace("old 0", "new 0", 1),
        lambda body: body.replace("old 0\n", "old 0\nAAAA\n", 1),
        lambda body: body.replace("old 0\n", "old 0\n" + "A" * 43 + "=\n" * 64, 1),
        lambda body: body.removesuffix("\n"),
    ],
)
def test_what_is_no_request_is_refused(witness: Running, sister: SisterLog, change):
    assert submit(witness, change(sister.request(0, 2))).status_code == 400


def test_of_two_that_go_on_from_the_same_only_one_is_cosigned(witness: Running, sister: SisterLog):
    assert submit(witness, sister.request(0, 2)).status_code == 200
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda size: submit(witness, sister.request(2, size)), (3, 4, 5, 6, 7, 3)))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409, 409]


def test_a_witness_key_is_never_a_log_key(tmp_path: Path):
    seed = "A" * 43 + "="
    with pytest.raises(LogKeyFailure):
        own_witness(Settings(home=tmp_path, log_key=seed, witness_key=seed))
    assert own_witness(Settings(home=tmp_path, log_key=seed)).verifier.kind == 4


def test_the_checkpoint_served_carries_the_cosignatures(postgres: EmbeddedPostgres, tmp_path: Path):
    home = tmp_path / "log"
    log_line = load_log_keys(Settings(home=home)).signers("urn:kiteline:local:1")[0].verifier.line
    with service_on_fresh_database(
        postgres, tmp_path / "w", witnessed_logs={"urn:kiteline:local:1": log_line}, witness_name="west-witness"
    ) as west:
        witness_line = get(west, "witness-key").strip()
        with service_on_fresh_database(postgres, home, witnesses={f"{west.url}/v1/log": witness_line}) as log:
            for code in ("MQ-1", "MQ-2"):
                log.department.organise(code, "620621")
                note = _cosigned_note(log)
                checkpoint, signed = read_signed(note, [signed_note.read_verifier(log_line)])
                assert checkpoint.size == log.latest
                (line,) = signed.by(read_witness(witness_line))
                assert cosigned_at(read_witness(witness_line), signed.text, line) > 0
            assert get(log, "witness-keys").strip() == witness_line
            ready = httpx.get(f"{log.url}/readyz", trust_env=False).json()
            assert ready["parts"]["witnesses"] == "ok"


def _cosigned_note(log: Running) -> str:
    """Ask until the witness has answered; it is asked as soon as there is a checkpoint."""
    for _ in range(60):
        note = get(log, "checkpoint")
        if note.count("\n— ") == 2:
            return note
    raise AssertionError("no cosignature")
