"""Builds and asks the Go program beside this file, which checks checkpoints and proofs by others' code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

_SOURCES = Path(__file__).parent / "proofs"
_GO = Path(sys.executable).parent / "go"


class OutsideChecker:
    """The program, once built: its modules come through the Go proxy that the machine is set up for."""

    def __init__(self, folder: Path) -> None:
        """Build it in this folder."""
        self._program = folder / "proofs"
        module = folder / "module"
        shutil.copytree(_SOURCES, module)
        environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
        subprocess.run([_GO, "build", "-o", self._program, "."], cwd=module, env=environment, check=True)

    def fault(
        self,
        key: str,
        note: str,
        *,
        origin: str,
        witnesses: Iterable[str] = (),
        leaves: list[bytes] | None = None,
        inclusion: Iterable[tuple[int, bytes, list[bytes]]] = (),
        consistency: Iterable[tuple[int, bytes, list[bytes]]] = (),
        evidence: bytes | None = None,
    ) -> str | None:
        """Return what the program finds wrong, None where everything holds; leaves are numbered from 0."""
        asked: dict[str, Any] = {
            "key": key,
            "origin": origin,
            "note": _text(note.encode()),
            "witnesses": list(witnesses),
        }
        asked["bundle"] = None if evidence is None else _text(evidence)
        asked["leaves"] = None if leaves is None else [_text(leaf) for leaf in leaves]
        asked["inclusion"] = [
            {"index": index, "leaf": _text(leaf), "hashes": [_text(one) for one in proof]}
            for index, leaf, proof in inclusion
        ]
        asked["consistency"] = [
            {"size": size, "root": _text(root), "hashes": [_text(one) for one in proof]}
            for size, root, proof in consistency
        ]
        done = subprocess.run([self._program], input=orjson.dumps(asked), capture_output=True, check=False)
        assert (done.returncode == 0) == (done.stdout == b"ok\n")
        return None if done.returncode == 0 else done.stderr.decode()


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
