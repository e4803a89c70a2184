"""The domain is pure: what import-linter cannot tell, because it knows other packages by their first name only."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Modules of the standard library that reach outside, or wait.
IMPURE = {"asyncio", "http", "io", "multiprocessing", "os", "random", "shutil", "signal", "socket", "sqlite3", "ssl"}
IMPURE |= {"subprocess", "tempfile", "threading", "time", "urllib"}


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module


def _impure(source: str) -> list[str]:
    allowed = (sys.stdlib_module_names - IMPURE) | {"domain"}
    return [
        name for name in _imported(source) if name.partition(".")[0] not in allowed and name != "eventsourcing.domain"
    ]


@pytest.mark.parametrize(
    "module", sorted((ROOT / "domain").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_domain_imports_only_itself_the_standard_library_and_the_librarys_domain(module: Path):
    assert _impure(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["import psycopg", "from eventsourcing.persistence import Recorder", "import os", "from infra import logs"],
)
def test_the_check_notices_what_is_not_allowed(source: str):
    assert _impure(source) != []
