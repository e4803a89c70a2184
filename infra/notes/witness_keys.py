"""Who witnesses whom: our own witness key, the sisters' logs that it cosigns, and the witnesses that cosign ours."""

from __future__ import annotations

from infra.notes.cosignature import COSIGNATURE, read_witness
from infra.notes.log_keys import LogKeyFailure, load_log_keys, load_witness_key
from infra.notes.signed_note import NoteRefused, Signer, Verifier, read_verifier
from infra.settings import Settings


def own_witness(settings: Settings) -> Signer:
    """Return the key that cosigns sisters' checkpoints. Raises LogKeyFailure; it must not be a key of the log."""
    seed = load_witness_key(settings).seeds[0]
    if seed in load_log_keys(settings).seeds:
        raise LogKeyFailure(
            "见证密钥不可与日志密钥相同：请另给 KITELINE_WITNESS_KEY。",
            "The witness key must not be a key of the log: give another as KITELINE_WITNESS_KEY.",
        )
    return Signer.of(settings.witness_name or f"urn:kiteline:{settings.deployment}:witness", seed, COSIGNATURE)


def witnessed_logs(settings: Settings) -> dict[str, tuple[Verifier, ...]]:
    """Return the keys of each sister's log, by origin. Raises LogKeyFailure for what is no key line of hers."""
    found = {}
    for origin, lines in settings.witnessed_logs.items():
        try:
            keys = tuple(read_verifier(line) for line in lines.split())
        except NoteRefused as refused:
            raise _unusable("KITELINE_WITNESSED_LOGS", origin, refused) from refused
        if not keys or any(key.name != origin for key in keys):
            raise _unusable("KITELINE_WITNESSED_LOGS", origin, "not its key lines")
        found[origin] = keys
    return found


def witnesses(settings: Settings) -> dict[str, Verifier]:
    """Return the witnesses that cosign our log, by address. Raises LogKeyFailure."""
    found = {}
    for address, line in settings.witnesses.items():
        try:
            found[address.rstrip("/")] = read_witness(line)
        except NoteRefused as refused:
            raise _unusable("KITELINE_WITNESSES", address, refused) from refused
        if not address.startswith(("http://", "https://")):
            raise _unusable("KITELINE_WITNESSES", address, "not an http(s) address")
    return found


def _unusable(variable: str, entry: str, why: object) -> LogKeyFailure:
    return LogKeyFailure(f"{variable} 中 {entry} 不可用：{why}。", f"{variable}: {entry} cannot be used: {why}.")
