"""What a verification is measured by: the keys that the caller brings, and the checkpoint that was right last time."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from domain.errors import Sentence
from infra.cli.verifying.findings import Findings
from infra.failures import OperatorFailure
from infra.notes import signed_note
from infra.notes.checkpoint import Checkpoint, read_signed, read_text
from infra.notes.signed_note import NoteRefused, SignedNote, Verifier


class CannotVerify(OperatorFailure):
    """The log cannot be looked at, or what the caller brought cannot be read; nothing is said about the log."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys of the log, its own or brought, the checkpoint of the state file, and addresses of witnesses."""

    keys: tuple[Verifier, ...]
    state: Checkpoint | None
    witnesses: tuple[str, ...] = ()

    def or_own(self, keys: Iterable[Verifier]) -> Trust:
        """Return the same, with the log's own keys where none were brought."""
        return self if self.keys else replace(self, keys=tuple(keys))

    def checked(self, note: str, findings: Findings, where: str) -> tuple[Checkpoint, SignedNote] | None:
        """Read a checkpoint whose origin is the trusted keys' and whose signature is theirs, or note why not."""
        try:
            return read_signed(note, self.keys)
        except NoteRefused as refused:
            names = ", ".join(sorted({key.name for key in self.keys}))
            sentence = Sentence(
                f"检查点没有可信密钥（{names}）的签名：{refused}", f"No trusted key ({names}) signed it: {refused}."
            )
            findings.add("signature_refused", where, sentence)
            return None


def read_keys(lines: list[str]) -> tuple[Verifier, ...]:
    """Read verifier key lines. Raises CannotVerify."""
    try:
        return tuple(signed_note.read_verifier(line) for line in lines)
    except NoteRefused as refused:
        raise CannotVerify(
            f"--key 不是验证公钥行：{refused}。", f"--key is no verifier key line: {refused}."
        ) from refused


def read_state(file: Path | None) -> Checkpoint | None:
    """Read the checkpoint that was right last time; None without a file. Raises CannotVerify."""
    if file is None or not file.exists():
        return None
    try:
        return read_text(signed_note.read(file.read_bytes()).text)
    except (OSError, NoteRefused) as error:
        raise CannotVerify(
            f"状态文件 {file} 无法读取：{error}。", f"The state file {file} cannot be read: {error}."
        ) from error


def keep_state(file: Path, note: str) -> None:
    """Replace the state file with a checkpoint that was found right."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    with draft.open("x", encoding="utf-8") as opened:
        opened.write(note)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def same_log(trust: Trust, checkpoint: Checkpoint, findings: Findings) -> bool:
    """Whether a checkpoint goes on from the state's: the same origin, and no smaller."""
    state = trust.state
    if state is None:
        return True
    if state.origin != checkpoint.origin:
        findings.add(
            "origin_changed",
            checkpoint.origin,
            Sentence(
                f"日志现称 {checkpoint.origin}，上次为 {state.origin}：宣布了新纪元，或是另一个日志",
                f"The log is {checkpoint.origin} now, it was {state.origin}: a new epoch, or another log.",
            ),
        )
        return False
    if checkpoint.size < state.size:
        findings.add(
            "checkpoint_older",
            checkpoint.size,
            Sentence(
                f"检查点只有 {checkpoint.size} 个事件，上次已见 {state.size}：旧检查点被重放，或日志被回退",
                f"The checkpoint has {checkpoint.size} events, the last one seen had {state.size}: an old one is "
                "replayed, or the log was rolled back.",
            ),
        )
        return False
    return True
