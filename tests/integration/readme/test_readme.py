"""Every command of the README's tour is run as it stands, in order, and answers what the README says it answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import served

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?P<kind>[a-z]+(?: tour)?)\n(?P<text>.*?)```", re.DOTALL)
ANYTHING = "…"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An empty service of its own, and a shell that finds it."""
    home = tmp_path_factory.mktemp("readme")
    with served(home) as port:
        yield {"PATH": os.environ["PATH"], "HOME": str(home), "KITELINE_HOME": str(home), "KITELINE_PORT": str(port)}


def _tour() -> list[tuple[str, str | None]]:
    """The tour's commands, each with the answer that follows it, if one does."""
    blocks = [(found["kind"], found["text"]) for found in BLOCK.finditer(README)]
    steps: list[tuple[str, str | None]] = []
    for number, (kind, text) in enumerate(blocks):
        if kind == "sh tour":
            following = blocks[number + 1] if number + 1 < len(blocks) else ("", "")
            steps.append((text, following[1] if following[0] == "json" else None))
    return steps


def test_the_tour_answers_what_the_readme_says(environment: dict[str, str]) -> None:
    steps = _tour()
    assert len(steps) > 8
    marker = "=====%d====="
    script = "set -e\n" + "".join(f"echo '{marker % number}'\n{text}\necho\n" for number, (text, _) in enumerate(steps))
    script = script.replace(".venv/bin/kiteline", f"{Path(sys.executable).parent}/kiteline")
    bash = shutil.which("bash")
    assert bash is not None
    run = subprocess.run([bash, "-c", script], env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    answers = re.split(r"=====\d+=====\n", run.stdout)[1:]
    for (text, expected), answer in zip(steps, answers, strict=True):
        if expected is None:
            assert "urn:kiteline:problem" not in answer, f"{text}\n{answer}"
        else:
            must_hold(json.loads(expected), json.loads(answer), text)


def must_hold(expected: Any, answer: Any, where: str) -> None:
    """Fail unless the answer says all that is expected; more may stand beside it."""
    if expected == ANYTHING:
        assert answer not in (None, ""), where
    elif isinstance(expected, dict):
        for name, value in expected.items():
            assert name in answer, f"{where}: {name} is missing"
            must_hold(value, answer[name], f"{where}: {name}")
    elif isinstance(expected, list):
        assert len(answer) == len(expected), f"{where}: {answer}"
        for number, value in enumerate(expected):
            must_hold(value, answer[number], f"{where}: {number}")
    else:
        assert answer == expected, where


def test_every_command_and_path_that_the_readme_names_is_there(environment: dict[str, str]) -> None:
    document = httpx.get(f"http://127.0.0.1:{environment['KITELINE_PORT']}/openapi.json", trust_env=False).json()
    served = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    table = README.partition("## What is recorded")[2].partition("## Registers")[0]
    named = re.findall(r"`([^`]+)`", table)
    verbs = {("POST", f"/v1/members/{{}}/{one}") for one in named if re.fullmatch(r"[a-z]+(-[a-z]+)*", one)}
    paths = {
        (one.split(" ")[0], re.sub(r"{\w+}", "{}", one.split(" ")[1]))
        for one in named
        if re.match(r"(POST|DELETE) /v1/[^…]*$", one)
    }
    assert len(verbs) > 40
    assert len(paths) > 12
    assert (verbs | paths) - served == set()


def test_the_comparison_notices_a_wrong_answer() -> None:
    with pytest.raises(AssertionError):
        must_hold({"items": [{"stage": "settled"}]}, {"items": [{"stage": "returned"}]}, "control")


def test_every_folder_and_command_that_the_readme_names_exists() -> None:
    for folder in re.findall(r"^\| `(\w+)/`", README, re.MULTILINE):
        assert (ROOT / folder / "__init__.py").exists() or folder == "docs", folder
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    listed = subprocess.run(
        [Path(sys.executable).parent / "kiteline", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for command in set(re.findall(r"kiteline (serve|token|import|replay|rebuild|doctor|status)\b", README)):
        assert command in listed, command
