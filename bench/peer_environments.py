"""Installs a peer in an environment of its own, so that its libraries and ours never meet, or ends the benchmark."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.harness import missing_peer

_LOCKS = Path(__file__).parent / "peers"
_ENVIRONMENTS = Path(__file__).parent / ".peers"


def peer_environment(name: str) -> Path:
    """Return the `bin` folder of a peer, installed exactly as `peers/<name>.lock` says; made at the first call."""
    lock = _LOCKS / f"{name}.lock"
    folder = _ENVIRONMENTS / name
    ready = folder / "installed"
    wanted = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {sys.version}"
    if ready.exists() and ready.read_text() == wanted:
        return folder / "bin"
    print(f"  installing {name} in {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    finished = subprocess.run(
        [*pip, "install", "--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)], check=False
    )
    if finished.returncode:
        missing_peer(name, f"It could not be installed from {lock}.")
    ready.write_text(wanted)
    return folder / "bin"
