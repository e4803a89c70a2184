"""Go's checksum-database code and transparency.dev's formats find our checkpoints, trees and proofs right.

Only that: each kind of proof is also shown to them falsified, and refused.
"""

from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.database.embedded import EmbeddedPostgres
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint, read_text
from infra.notes.log_keys import load_log_keys
from infra.notes.witness_keys import own_witness
from infra.settings import Settings
from tests.outside.checker import OutsideChecker
from tests.running_service import Running, service_on_fresh_database

ORIGIN = "urn:kiteline:local:1"


@dataclass
class Log:
    """What was fetched: key and note, the trees on the way, all leaves."""

    key: str
    note: str
    trees: list[Checkpoint]
    leaves: list[bytes]
    running: Running

    def proof(self, **asked: int) -> list[bytes]:
        answer = self.running.department.http.get("/v1/log/proof", params=asked)
        assert answer.status_code == 200
        return [b64decode(one) for one in answer.json()["hashes"]]

    def inclusion(self) -> list[tuple[int, bytes, list[bytes]]]:
        size = len(self.leaves)
        return [(at, leaf, self.proof(position=at + 1, size=size)) for at, leaf in enumerate(self.leaves)]

    def consistency(self) -> list[tuple[int, bytes, list[bytes]]]:
        size = len(self.leaves)
        return [(one.size, one.root, self.proof(**{"from": one.size, "to": size})) for one in self.trees if one.size]


@pytest.fixture
def log(running: Running) -> Log:
    http = running.department.http
    trees = []
    for _ in range(6):
        running.department.register("MQ-1")
        note = http.get("/v1/log/checkpoint").text
        trees.append(read_text(signed_note.read(note).text))
    auditor = running.as_role("auditor", region="000000").http
    items = auditor.get("/v1/log/entries", params={"from": 1, "to": trees[-1].size}).json()["items"]
    leaves = [b64decode(item["leaf"]) for item in items]
    return Log(http.get("/v1/log/key").text.strip(), note, trees, leaves, running)


def test_checkpoint_leaves_and_all_proofs_hold(checker: OutsideChecker, log: Log):
    assert len({tree.size for tree in log.trees}) == 6
    fault = checker.fault(
        log.key,
        log.note,
        origin=ORIGIN,
        leaves=log.leaves,
        inclusion=log.inclusion(),
        consistency=log.consistency(),
    )
    assert fault is None


def test_whatever_is_falsified_is_found(checker: OutsideChecker, log: Log):
    altered = [*log.leaves[:-1], log.leaves[-1].replace(b"MQ-1", b"MQ-2")]
    assert altered != log.leaves
    at, _, proof = log.inclusion()[0]
    size, root, chain = log.consistency()[0]

    assert "the leaves make" in (checker.fault(log.key, log.note, origin=ORIGIN, leaves=altered) or "")
    assert "leaf 0" in (checker.fault(log.key, log.note, origin=ORIGIN, inclusion=[(at, altered[-1], proof)]) or "")
    assert "tree of" in (checker.fault(log.key, log.note, origin=ORIGIN, consistency=[(size, root[::-1], chain)]) or "")
    assert checker.fault(log.key, log.note.replace(f"\n{len(log.leaves)}\n", "\n3\n"), origin=ORIGIN) is not None
    assert checker.fault(log.key, log.note, origin="urn:kiteline:local:2") is not None


def test_a_cosigned_checkpoint_holds_for_them_too(checker: OutsideChecker, postgres: EmbeddedPostgres, tmp_path: Path):
    home = tmp_path / "log"
    key = load_log_keys(Settings(home=home)).signers(ORIGIN)[0].verifier.line
    witnessing = {"witnessed_logs": {ORIGIN: key}, "witness_name": "west-witness"}
    with service_on_fresh_database(postgres, tmp_path / "west", **witnessing) as west:
        line = west.department.http.get("/v1/log/witness-key").text.strip()
        with service_on_fresh_database(postgres, home, witnesses={f"{west.url}/v1/log": line}) as log:
            log.department.organise("MQ-1", "620621")
            note = next(
                text
                for _ in range(60)
                if (text := log.department.http.get("/v1/log/checkpoint").text).count("\n— ") == 2
            )

    other = own_witness(Settings(home=tmp_path / "east", witness_name="west-witness")).verifier.line
    assert checker.fault(key, note, origin=ORIGIN, witnesses=[line]) is None
    assert "not 2" in (checker.fault(key, note, origin=ORIGIN, witnesses=[other]) or "")
