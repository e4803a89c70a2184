"""Looks at evidence offline: a bundle's signatures, every leaf's proof, what is shown; a printed sheet's signature."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any, Final

import orjson

from domain.errors import Sentence
from domain.times import parse_occurred
from infra.cli.verifying.findings import Findings
from infra.cli.verifying.trust import CannotVerify, Trust, read_keys, same_log
from infra.evidence import bundle, signed_sheet
from infra.evidence.bundle import Bundle, BundleRefused
from infra.evidence.signed_sheet import SheetRefused, SignedSheet
from infra.notes.checkpoint import Checkpoint
from infra.notes.signed_note import NoteRefused
from projections.merkle import ProofRefused, check_inclusion, leaf_hash

_UNSIGNED: Final = Sentence("证据的签名不成立：{why}", "The signature of the evidence does not hold: {why}.")
_NOT_IN_TREE: Final = Sentence("位置 {position} 的事件不在检查点的树中：{why}", "The event at {position}: {why}.")
_ANOTHER: Final = Sentence(
    "位置 {position} 所示的 {name} 与记录不符",
    "What is shown of {position} is not what was recorded: {name}.",
)
_ENVELOPE: Final = frozenset({"actor", "after", "occurred_at", "occurred_precision", "organisation", "via", "text"})


def check_evidence(file: Path, trust: Trust, findings: Findings) -> str | None:
    """Check a bundle; return its checkpoint's note where that bears a trusted signature. Of a PDF, its signature.

    Keys that were not brought are taken from the file: it is then proved by its own key only. Raises CannotVerify.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CannotVerify(f"无法读取 {file}。", f"{file} cannot be read.") from error
    if signed_sheet.is_sheet(content):
        _check_sheet(content, trust, file.name, findings)
        return None
    try:
        held = bundle.read(content)
    except BundleRefused as refused:
        findings.add("evidence_altered", file.name, _UNSIGNED.filled(why=refused))
        findings.looked_at(Sentence("证据签名", "signature of the evidence"), "-", -1)
        return None
    trust = trust.or_own(read_keys(held.evidence["keys"]))
    before = findings.total
    _check_signature(held, trust, file.name, findings)
    findings.looked_at(Sentence("证据签名", "signature of the evidence"), held.evidence["member_id"], before)
    before = findings.total
    found = trust.checked(held.evidence["checkpoint"], findings, "checkpoint")
    if found is not None:
        same_log(trust, found[0], findings)
    findings.looked_at(Sentence("检查点", "checkpoint"), str(found[0].size) if found else "-", before)
    if found is None:
        return None
    before = findings.total
    leaves = _leaves(held.evidence, found[0], findings)
    findings.looked_at(Sentence("包含证明", "inclusion proofs"), str(len(leaves)), before)
    before = findings.total
    for item in held.evidence["history"]:
        _check_item(item, leaves.get(item["position"]), findings)
    _check_corrected(held.evidence["history"], leaves, findings)
    findings.looked_at(Sentence("所示即所记", "shown as recorded"), str(len(held.evidence["history"])), before)
    return str(held.evidence["checkpoint"])


def _check_sheet(content: bytes, trust: Trust, where: str, findings: Findings) -> None:
    """Check that a printed sheet is as it was signed, and by whom; its proofs are checked in the bundle."""
    before, member = findings.total, "-"
    try:
        held = signed_sheet.read(content)
    except SheetRefused as refused:
        findings.add("evidence_altered", where, _UNSIGNED.filled(why=refused))
    else:
        member = held.member_id
        _check_signature(held, trust.or_own(read_keys(held.keys)), where, findings)
    findings.looked_at(Sentence("证据单的签名", "signature of the sheet"), member, before)


def _check_signature(held: Bundle | SignedSheet, trust: Trust, where: str, findings: Findings) -> None:
    try:
        vouched = held.vouched_by(trust.keys)
    except NoteRefused as refused:
        findings.add("signature_refused", where, _UNSIGNED.filled(why=refused))
        return
    if not vouched:
        findings.add("signature_refused", where, _UNSIGNED.filled(why="no trusted key signed it"))


def _leaves(evidence: dict[str, Any], checkpoint: Checkpoint, findings: Findings) -> dict[int, dict[str, Any]]:
    """Return the leaves that are in the tree, by position."""
    found = {}
    for one in evidence["events"]:
        position, leaf = one["position"], b64decode(one["leaf"])
        proof = [b64decode(hashed) for hashed in one["hashes"]]
        try:
            check_inclusion(position - 1, checkpoint.size, leaf_hash(leaf), proof, checkpoint.root)
        except ProofRefused as refused:
            findings.add("leaf_not_in_tree", position, _NOT_IN_TREE.filled(position=position, why=refused))
        else:
            found[position] = orjson.loads(leaf)
    return found


def _check_item(item: dict[str, Any], leaf: dict[str, Any] | None, findings: Findings) -> None:
    """Compare what is shown with the leaf: of a corrected event, what is shown as first recorded."""
    if leaf is None:
        told = _ANOTHER.filled(position=item["position"], name="event_id")
        findings.add("not_recorded", item["position"], told)
        return
    recorded = item.get("as_recorded") or item
    data = leaf["data"]
    pairs = {
        "event_id": (item["event_id"], leaf["id"]),
        "type": (f"org.kiteline.{item['type']}", leaf["type"].rpartition(".v")[0]),
        "stream": (item["stream"], leaf["subject"]),
        "position": (item["position"], leaf["position"]),
        "recorded_at": (item["recorded_at"], leaf["time"]),
        "actor": (item["actor"], data["actor"]),
        "channel": (item["channel"], data["via"]),
        "occurred_at": (recorded["occurred_at"], data["occurred_at"]),
        "occurred_precision": (recorded["occurred_precision"], data["occurred_precision"]),
        "organisation": (recorded["organisation"], data.get("organisation")),
        "data": (recorded["data"], {name: value for name, value in data.items() if name not in _ENVELOPE}),
    }
    for name, (shown, was) in pairs.items():
        if shown != was:
            _is_not_as_recorded(item, name, findings)


def _check_corrected(history: list[dict[str, Any]], leaves: dict[int, dict[str, Any]], findings: Findings) -> None:
    """Compare what is shown of corrected events with what the corrections recorded, one after the other."""
    stood = {item["event_id"]: _stood(item["as_recorded"]) for item in history if item.get("as_recorded")}
    for item in sorted(history, key=lambda one: int(one["position"])):
        event = (item.get("effect") or {}).get("event")
        if event is None or event["event_id"] not in stood:
            continue
        leaf, after = leaves.get(item["position"]), event["after"] and _stood(event["after"])
        if leaf is not None and item["type"] == "event_corrected" and after is not None:
            before = event["before"] and _stood(event["before"])
            if before is None or after != _with_changes(before, leaf["data"]["changes"]):
                _is_not_as_recorded(item, "effect", findings)
        stood[event["event_id"]] = after
    for item in history:
        if item.get("as_recorded") and stood[item["event_id"]] != _stood(item):
            _is_not_as_recorded(item, "correction", findings)


def _stood(told: dict[str, Any]) -> dict[str, Any]:
    return {"occurred_at": told["occurred_at"], "organisation": told["organisation"], **told["data"]}


def _with_changes(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    named = dict(changes)
    if "occurred_at" in named:
        named["occurred_at"] = parse_occurred(named["occurred_at"]).text
    return {**before, **named}


def _is_not_as_recorded(item: dict[str, Any], name: str, findings: Findings) -> None:
    findings.add("not_as_recorded", item["position"], _ANOTHER.filled(position=item["position"], name=name))
