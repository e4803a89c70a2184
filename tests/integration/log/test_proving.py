"""Everything recorded is in a signed tree at once, and every event can be proved to be in it."""

from base64 import b64decode
from hashlib import sha256

import httpx
import orjson

from infra.notes import checkpoint, signed_note
from projections.merkle import check_consistency, check_inclusion, leaf_hash
from tests.running_service import Running


def anonymous(running: Running) -> httpx.Client:
    return httpx.Client(base_url=running.url, timeout=30, trust_env=False)


def signed_tree(running: Running) -> checkpoint.Checkpoint:
    with anonymous(running) as http:
        keys = [signed_note.read_verifier(line) for line in http.get("/v1/log/key").text.splitlines()]
        answer = http.get("/v1/log/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    found, _ = checkpoint.read_signed(answer.text, keys)
    return found


def hashes(http: httpx.Client, **asked: int | str) -> list[bytes]:
    answer = http.get("/v1/log/proof", params=asked)
    assert answer.status_code == 200, answer.text
    return [b64decode(one) for one in answer.json()["hashes"]]


def test_what_was_just_recorded_is_in_the_checkpoint_that_is_asked_for_next(running: Running):
    running.department.register("MQ-1")

    tree = signed_tree(running)

    assert tree.origin == "urn:kiteline:local:1"
    assert tree.size >= running.latest


def test_every_entry_is_proved_by_its_exact_bytes(running: Running):
    for _ in range(5):
        running.department.register("MQ-1")
    tree = signed_tree(running)
    auditor = running.as_role("auditor", region="000000")

    entries = auditor.http.get("/v1/log/entries", params={"from": 1, "to": tree.size}).json()["items"]

    assert [entry["position"] for entry in entries] == list(range(1, tree.size + 1))
    with anonymous(running) as http:
        for entry in entries:
            leaf = b64decode(entry["leaf"])
            event = orjson.loads(leaf)
            assert event["position"] == entry["position"]
            assert event["source"] == tree.origin
            assert len(event["nonce"]) == 32
            assert not {"feedposition", "prevposition"} & set(event)
            assert leaf == orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
            proof = hashes(http, position=entry["position"], size=tree.size)
            check_inclusion(entry["position"] - 1, tree.size, leaf_hash(leaf), proof, tree.root)


def test_an_older_tree_is_the_beginning_of_a_newer_one(running: Running):
    older = signed_tree(running)
    running.department.register("MQ-1")
    newer = signed_tree(running)

    with anonymous(running) as http:
        proof = hashes(http, **{"from": older.size, "to": newer.size})

    assert newer.size > older.size
    check_consistency(older.size, newer.size, older.root, newer.root, proof)


def test_a_history_proves_each_of_its_events(running: Running):
    member = running.department.register("MQ-1")
    running.department.command(member, "report-departure", "2025-03-01", destination={"region": "620102"})

    answer = running.department.ask(f"/v1/members/{member}/history", proof="true")

    tree = checkpoint.read_text(signed_note.read(answer["checkpoint"]).text)
    assert len(answer["items"]) == 2
    for item in answer["items"]:
        leaf, proof = b64decode(item["proof"]["leaf"]), [b64decode(one) for one in item["proof"]["hashes"]]
        assert orjson.loads(leaf)["id"] == item["event_id"]
        assert item["proof"]["size"] == tree.size
        check_inclusion(item["position"] - 1, tree.size, leaf_hash(leaf), proof, tree.root)
    assert "proof" not in running.department.ask(f"/v1/members/{member}/history")["items"][0]


def test_tiles_hold_the_hashes_of_the_leaves_and_bundles_the_leaves(running: Running):
    size = signed_tree(running).size
    auditor = running.as_role("auditor", region="000000").http
    with anonymous(running) as http:
        tile = http.get(f"/v1/log/tile/0/000.p/{size}")
        smaller = http.get("/v1/log/tile/0/000.p/1")
    bundle = auditor.get(f"/v1/log/tile/entries/000.p/{size}")

    assert {tile.headers["content-type"], bundle.headers["content-type"]} == {"application/octet-stream"}
    leaves, rest = [], bundle.content
    while rest:
        length = int.from_bytes(rest[:2], "big")
        leaves.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    assert tile.content == b"".join(sha256(b"\x00" + leaf).digest() for leaf in leaves)
    assert smaller.content == tile.content[:32]


def test_what_is_not_in_the_tree_is_not_there(running: Running):
    auditor = running.as_role("auditor", region="000000").http
    missing = [
        "0/001",
        "0/000.p/0",
        "0/000.p/256",
        "0/0",
        "0/x000/000",
        "8/000",
        "64/000",
        "00/000",
        "entries/009",
        "data/1",
    ]
    assert {path: auditor.get(f"/v1/log/tile/{path}").status_code for path in missing} == dict.fromkeys(missing, 404)
    assert auditor.get("/v1/log/proof", params={"position": 1, "size": 10**9}).status_code == 404
    for wrong in ({}, {"position": 1}, {"position": 2, "size": 1}, {"from": 2, "to": 1}, {"position": 1, "to": 2}):
        assert auditor.get("/v1/log/proof", params=wrong).status_code == 422
    assert auditor.get("/v1/log/entries", params={"from": 2, "to": 1}).status_code == 422
    assert auditor.get("/v1/log/entries", params={"from": 10**9, "to": 10**9}).json() == {"items": []}


def test_entries_are_for_auditors_of_the_whole_country(running: Running):
    asked = ("/v1/log/entries?from=1&to=1", "/v1/log/tile/entries/000.p/1")
    with anonymous(running) as http:
        assert [http.get(path).status_code for path in asked] == [401, 401]
    provincial = running.as_role("auditor", region="620000").http
    department = running.department.http
    sister = running.as_role("sister_system", region="000000").http
    for other in (provincial, department, sister):
        assert [other.get(path).status_code for path in asked] == [403, 403]
