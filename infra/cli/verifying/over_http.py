"""Looks at a log from the outside, as anybody may: signature, tree and consistency; leaves with an auditor's token."""

from __future__ import annotations

import http.client
import ssl
from base64 import b64decode
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import orjson

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings
from infra.cli.verifying.trust import CannotVerify, Trust, same_log
from infra.notes.checkpoint import Checkpoint
from projections.log_tiles import WIDTH, tile_index
from projections.merkle import HASH_BYTES, GrowingTree, ProofRefused, check_consistency, leaf_hash

if TYPE_CHECKING:
    from infra.cli.verifying.findings import Progress

_TIMEOUT: Final = 30.0
_SPLIT: Final = Sentence(
    "检查点与上次所见的不一致：日志被改写或分叉（{why}）",
    "It is not consistent with the one seen last: rewritten or forked ({why}).",
)
_TILES: Final = Sentence("切片的根与检查点不符", "The root of the tiles is not that of the checkpoint.")
_AHEAD: Final = Sentence(
    "见证人已见 {size} 个事件，检查点只有 {ours}：日志被回退或分叉",
    "A witness saw {size} events, the checkpoint has {ours}: the log was rolled back or forked.",
)
_SHORT: Final = Sentence("切片 {where} 缺失", "Tile {where} is missing.")
_LEAF: Final = Sentence("位置 {position} 的条目与树不符", "The entry at {position} is not what the tree holds.")


class LogAt:
    """A log at an address, over one connection."""

    def __init__(self, url: str, token: str | None = None, *, below: str = "/v1/log/") -> None:
        """Connect when first asked; paths are `below` the address. Raises CannotVerify for an address that is none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CannotVerify(f"--url 应为 http(s) 地址：{url}。", f"--url is an http(s) address, not {url}.")
        secure = parts.scheme == "https"
        self._connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_TIMEOUT, context=ssl.create_default_context()
            )
            if secure
            else http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT)
        )
        self._prefix = parts.path.rstrip("/") + below
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> bytes | None:
        """Return what is there, None for 404. Raises CannotVerify for anything else."""
        try:
            self._connection.request("GET", self._prefix + path, headers=self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise CannotVerify(
                f"无法读取日志：{type(error).__name__}。", f"The log cannot be read: {type(error).__name__}."
            ) from error
        if answer.status == http.client.NOT_FOUND:
            return None
        if answer.status != http.client.OK:
            raise CannotVerify(f"日志答复 {answer.status}：{path}。", f"The log answers {answer.status} to {path}.")
        return body

    def needed(self, path: str) -> bytes:
        """Return what must be there. Raises CannotVerify."""
        body = self.get(path)
        if body is None:
            raise CannotVerify(f"没有 {path}。", f"There is no {path}.")
        return body

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def check_over_http(log: LogAt, trust: Trust, findings: Findings, progress: Progress, *, leaves: bool) -> str | None:
    """Check what a log serves; return its checkpoint's note where it bears a trusted signature."""
    with closing(log):
        before = findings.total
        note = log.needed("checkpoint").decode("utf-8", "replace")
        found = trust.checked(note, findings, "checkpoint")
        findings.looked_at(Sentence("签名", "signature"), str(found[0].size) if found else "-", before)
        if found is None:
            return None
        checkpoint = found[0]
        before = findings.total
        if same_log(trust, checkpoint, findings) and trust.state is not None:
            _check_state(log, trust.state, checkpoint, findings)
        findings.looked_at(Sentence("与上次一致", "consistent with the last"), _size_of(trust.state), before)
        before = findings.total
        _check_tree(log, checkpoint, findings, progress, leaves=leaves)
        what = Sentence("树与条目", "tree and entries") if leaves else Sentence("树", "tree")
        findings.looked_at(what, str(checkpoint.size), before)
        _compare_with_witnesses(log, trust, checkpoint, findings)
        return note


def seen_by_witnesses(origin: str, trust: Trust, findings: Findings) -> dict[str, Checkpoint]:
    """Return, by address, what witnesses saw last of a log, where it bears a trusted signature. Raises CannotVerify."""
    before = findings.total
    seen = {}
    for address in trust.witnesses:
        with closing(LogAt(address, below="/")) as witness:
            note = witness.get(f"witnessed?origin={quote(origin, safe='')}")
        found = None if note is None else trust.checked(note.decode("utf-8", "replace"), findings, address)
        if found is not None:
            seen[address] = found[0]
    if trust.witnesses:
        findings.looked_at(Sentence("见证人所见", "seen by witnesses"), f"{len(seen)}/{len(trust.witnesses)}", before)
    return seen


def _compare_with_witnesses(log: LogAt, trust: Trust, checkpoint: Checkpoint, findings: Findings) -> None:
    """Let the log prove that what each witness saw is the beginning of its checkpoint."""
    seen = seen_by_witnesses(checkpoint.origin, trust, findings)
    before = findings.total
    for address, theirs in seen.items():
        if theirs.size > checkpoint.size:
            findings.add("log_behind", address, _AHEAD.filled(size=theirs.size, ours=checkpoint.size))
        else:
            _check_state(log, theirs, checkpoint, findings, address)
    if seen:
        findings.looked_at(Sentence("与见证人一致", "consistent with witnesses"), str(len(seen)), before)


def _check_state(
    log: LogAt, state: Checkpoint, checkpoint: Checkpoint, findings: Findings, whose: str = "--state"
) -> None:
    answer = orjson.loads(log.needed(f"proof?from={state.size}&to={checkpoint.size}"))
    proof = [b64decode(one) for one in answer["hashes"]]
    try:
        check_consistency(state.size, checkpoint.size, state.root, checkpoint.root, proof)
    except ProofRefused as refused:
        findings.add("fork", f"{whose}: {state.size}→{checkpoint.size}", _SPLIT.filled(why=refused))


def _check_tree(log: LogAt, checkpoint: Checkpoint, findings: Findings, progress: Progress, *, leaves: bool) -> None:
    tree = GrowingTree()
    while tree.size < checkpoint.size:
        width = min(WIDTH, checkpoint.size - tree.size)
        index = tree.size // WIDTH
        path = tile_index(index) + ("" if width == WIDTH else f".p/{width}")
        tile = log.get(f"tile/0/{path}")
        if tile is None or len(tile) != width * HASH_BYTES:
            findings.add("tile_missing", path, _SHORT.filled(where=path))
            return
        hashes = [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
        if leaves:
            _check_entries(log.needed(f"tile/entries/{path}"), index * WIDTH, hashes, findings)
        for hashed in hashes:
            tree.add(hashed)
        progress(tree.size, checkpoint.size)
    if tree.root != checkpoint.root:
        findings.add("root_differs", checkpoint.size, _TILES)


def _check_entries(bundle: bytes, before: int, hashes: list[bytes], findings: Findings) -> None:
    for number, hashed in enumerate(hashes, before + 1):
        length = int.from_bytes(bundle[:2], "big")
        leaf, bundle = bundle[2 : 2 + length], bundle[2 + length :]
        if leaf_hash(leaf) != hashed:
            findings.add("event_altered", number, _LEAF.filled(position=number))


def _size_of(state: Checkpoint | None) -> str:
    return "-" if state is None else str(state.size)
