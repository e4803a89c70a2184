"""Makes evidence of a member's history: the replay, the leaves behind it, their proofs, a signature over all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from api.asking import as_of_moment
from api.histories import items_of, told_and_known
from api.log_asking import origin_of, proofs_of
from domain.times import rfc3339_utc
from infra.evidence import bundle, signed_sheet
from infra.evidence.sheet import render
from infra.notes.log_keys import load_log_keys
from projections.effects import state_of, tell_effects

if TYPE_CHECKING:
    from api.service import Service
    from domain.reference import Reference


def evidence_of(
    service: Service, member: UUID, *, as_of: str | None, known_at: str | None, made_by: str, most: int | None = None
) -> bytes | None:
    """Return the signed bundle of a member's history on two clocks; None where it has more than `most` items. Blocks.

    Raises Problem: 404 where nothing was known, 422 for moments that cannot be read, 503 while the tree has not grown
    there; MergedInto for a record that was another's by then.
    """
    moment = as_of_moment(service, as_of)
    told, known, _ = told_and_known(service, member, known_at)
    items = items_of(service, told, known, moment)
    if most is not None and len(items) > most:
        return None
    reference = service.kiteline.reference_at(known)
    tell_effects(items, told.known, reference, moment, states=True)
    note, proofs = proofs_of(service, sorted({item["position"] for item in items}))
    origin = origin_of(service)
    signers = load_log_keys(service.settings).signers(origin)
    evidence = {
        "format": bundle.FORMAT,
        "origin": origin,
        "member_id": str(member),
        "asked": {
            "as_of": as_of or rfc3339_utc(moment),
            "known_at": known_at or rfc3339_utc(service.now_us),
            "known_position": known,
        },
        "made_at": rfc3339_utc(service.now_us),
        "made_by": made_by,
        "checkpoint": note,
        "keys": [one.verifier.line for one in signers],
        "events": [
            {"position": position, "leaf": one["leaf"], "hashes": one["hashes"]} for position, one in proofs.items()
        ],
        "history": items,
        "state": state_of(told.known(known), reference, moment, str(member)),
        "names": _names(items, reference),
    }
    return bundle.write(evidence, signers)


def sheet_of(service: Service, member: UUID, content: bytes, personal: dict[str, str]) -> bytes:
    """Print a bundle as a PDF, with personal data that was asked for, and sign that too. Blocks."""
    origin = origin_of(service)
    signers = load_log_keys(service.settings).signers(origin)
    return signed_sheet.write(render(content, personal), origin, str(member), signers)


def _names(items: list[dict[str, Any]], reference: Reference) -> dict[str, dict[str, str]]:
    """Return what the organisations and regions are called that the history names, by their codes."""
    texts = {text for item in items for text in _texts([item["data"], item["organisation"], item["state"]])}
    organisations = {text: found.name for text in texts if (found := reference.organisations.get(text)) is not None}
    regions = {}
    for text in texts:
        spans = reference.regions.history(text) if text.isascii() and text.isdigit() and len(text) >= 6 else ()
        if spans:
            regions[text] = spans[-1].name
    return {"organisations": organisations, "regions": regions}


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(_texts, below)) if below else set()
