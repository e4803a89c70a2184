"""schemathesis sends what the document allows and what it does not: no 5xx, no answer that is not documented."""

import subprocess
import sys
from pathlib import Path

from tests.running_service import Running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
)
# One worker: with several, CPython 3.11's ast.parse now and then fails inside hypothesis ("recursion depth mismatch").
PHASES = ("examples", "coverage", "fuzzing", "stateful")
SECONDS = 60
# A position that has not been reached is a 503 by design; asked for at random it would hide a 503 that is not. A long
# poll waits as long as it is told to. A stream has no end to wait for: tests/integration/feeds reads it.
CONFIGURATION = """
warnings = false

[parameters]
"query.min_position" = 1
"query.after_position" = 1
"query.timeout" = 10

[[operations]]
include-operation-id = "stream_feed"
enabled = false
"""


def test_no_5xx_and_no_undocumented_answer(running: Running, tmp_path: Path):
    department = running.department
    member = department.register("MQ-1")
    department.command(member, "depart", "2025-03-02", destination={"region": "620102"})
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {department.token}", "--checks", ",".join(CHECKS)]
    command += ["--phases", ",".join(PHASES), "--max-time", str(SECONDS), "--max-examples", "4"]
    command += ["--suppress-health-check", "all", "--seed", "20250305", "--no-color", "--continue-on-failure"]

    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS * 10, check=False)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
