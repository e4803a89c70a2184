"""A log that is not the one that was signed is neither signed nor served, until a new epoch is declared."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from api.log_keeping import LogUnsound
from api.service import open_service
from infra.cli.main import app
from infra.database.embedded import EmbeddedPostgres
from infra.event_store.epochs import TreeBeingWritten, declare_epoch
from infra.notes import log_keys, signed_note
from infra.notes.checkpoint import Checkpoint, read_signed, read_text
from infra.notes.outside_copy import OutsideCopy
from infra.settings import Settings
from tests.running_service import Running, running_service

ORIGIN = "urn:kiteline:local:1"
WITHIN = 20.0


@pytest.fixture
def restore(postgres: EmbeddedPostgres) -> Iterator[Callable[[str], str]]:
    """Copy a database as it is now, as a backup would, and return the copy's URL."""
    made = []

    def copy(url: str) -> str:
        name = f"backup_{uuid4().hex}"
        database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(str(database))))
        made.append(name)
        return url.replace(f"/{database}?", f"/{name}?")

    yield copy
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def record(running: Running, members: int) -> Checkpoint:
    for _ in range(members):
        running.department.register("MQ-1")
    note = running.department.http.get("/v1/log/checkpoint").text
    return read_text(signed_note.read(note).text)


def awaited(running: Running, path: str, status: int) -> httpx.Response:
    deadline = monotonic() + WITHIN
    while True:
        answer = running.department.http.get(path)
        if answer.status_code == status or monotonic() > deadline:
            assert answer.status_code == status, answer.text
            return answer
        sleep(0.05)


def two_lives(home: Path, url: str, restore: Callable[[str], str]) -> tuple[str, Checkpoint]:
    """Record, take a backup, record more; return the backup and what was signed last."""
    with running_service(home, url) as running:
        running.department.organise("MQ-1", "620621")
        record(running, 3)
    backup = restore(url)
    with running_service(home, url) as running:
        return backup, record(running, 3)


def test_a_restored_backup_is_not_served_before_a_new_epoch(
    home: Path, database_url: str, restore: Callable[[str], str]
):
    backup, signed = two_lives(home, database_url, restore)
    kept = OutsideCopy(home).last(ORIGIN)

    with running_service(home, backup) as running:
        ready = running.department.http.get("/readyz")
        refused = running.department.post("/v1/organisations", {"code": "MQ-2"})
        assert (ready.status_code, ready.json()["code"]) == (503, "log_unsound")
        assert (refused.status_code, refused.json()["code"]) == (503, "log_unsound")
        assert running.department.http.get("/v1/log/checkpoint").status_code == 503
        assert running.department.http.get("/livez").status_code == 200
        assert OutsideCopy(home).last(ORIGIN) == kept

        source, position = declare_epoch(backup, "local", OutsideCopy(home).latest_epoch(ORIGIN))
        awaited(running, "/readyz", 200)
        tree = record(running, 2)
        auditor = running.as_role("auditor", region="000000").http
        items = auditor.get("/v1/log/entries", params={"from": position, "to": position}).json()["items"]

    assert (source, tree.origin) == ("urn:kiteline:local:2", "urn:kiteline:local:2")
    assert position == signed.size - 3 + 1
    assert len(items) == 1
    assert OutsideCopy(home).last(ORIGIN) == kept


def test_without_the_copy_outside_nobody_here_would_know(home: Path, database_url: str, restore: Callable[[str], str]):
    backup, _ = two_lives(home, database_url, restore)
    for file in (home / "log").iterdir():
        file.unlink()

    with running_service(home, backup) as running:
        awaited(running, "/readyz", 200)


def test_a_restored_log_that_went_on_elsewhere_is_not_signed(
    home: Path, database_url: str, restore: Callable[[str], str], tmp_path: Path
):
    backup, signed = two_lives(home, database_url, restore)
    elsewhere = tmp_path / "elsewhere"
    (home / "keys").rename(tmp_path / "keys")
    elsewhere.mkdir()
    (tmp_path / "keys").rename(elsewhere / "keys")
    with running_service(elsewhere, backup) as running:
        assert record(running, 5).size > signed.size
    (elsewhere / "keys").rename(home / "keys")
    kept = OutsideCopy(home).last(ORIGIN)

    with running_service(home, backup) as running:
        answer = running.department.http.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "log_unsound")
        assert "not those of the checkpoint" in answer.json()["detail"]
    assert OutsideCopy(home).last(ORIGIN) == kept


def test_a_backup_from_before_the_present_epoch_is_not_served(
    home: Path, database_url: str, restore: Callable[[str], str]
):
    backup, _ = two_lives(home, database_url, restore)
    earlier = restore(backup)
    declare_epoch(backup, "local", 1)
    with running_service(home, backup) as running:
        assert record(running, 1).origin == "urn:kiteline:local:2"

    with running_service(home, earlier) as running:
        assert running.department.http.get("/readyz").status_code == 503
        assert declare_epoch(earlier, "local", OutsideCopy(home).latest_epoch(ORIGIN))[0] == "urn:kiteline:local:3"
        awaited(running, "/readyz", 200)


def test_no_new_epoch_is_declared_under_a_service_that_finds_its_log_sound(home: Path, database_url: str):
    with running_service(home, database_url) as running:
        record(running, 0)
        with pytest.raises(TreeBeingWritten):
            declare_epoch(database_url, "local", 1)


def test_a_key_that_signed_nothing_before_signs_nothing_now(home: Path, database_url: str):
    with running_service(home, database_url) as running:
        record(running, 0)
        running.department.organise("MQ-1", "620621")
    (home / "keys" / "log").unlink()

    with running_service(home, database_url, checkpoint_seconds=0.1) as running:
        running.department.register("MQ-1")
        assert awaited_part(running, "log") == "key refused"
        note = running.department.http.get("/v1/log/checkpoint").text
        assert read_text(signed_note.read(note).text).size < running.latest
        fresh = log_keys.load_log_keys(Settings(home=home)).signers(ORIGIN)
        assert signed_note.read(note).vouched_by(one.verifier for one in fresh) == []


def awaited_part(running: Running, part: str) -> str:
    deadline = monotonic() + WITHIN
    while (state := running.department.http.get("/readyz").json()["parts"][part]) == "ok" and monotonic() < deadline:
        sleep(0.05)
    return str(state)


def test_a_rotated_key_is_vouched_for_by_the_former_and_takes_over(home: Path, database_url: str):
    settings = Settings(home=home)
    with running_service(home, database_url) as running:
        running.department.organise("MQ-1", "620621")
        record(running, 1)
        http = running.department.http
        (former,) = http.get("/v1/log/key").text.splitlines()
        log_keys.rotate(settings)
        newer, older = http.get("/v1/log/key").text.splitlines()
        assert older == former
        record(running, 1)
        both = http.get("/v1/log/checkpoint").text
        for line in (newer, older):
            read_signed(both, [signed_note.read_verifier(line)])

        log_keys.retire(settings)
        record(running, 1)
        note = http.get("/v1/log/checkpoint").text
        assert http.get("/v1/log/key").text == f"{newer}\n"

    read_signed(note, [signed_note.read_verifier(newer)])
    with pytest.raises(signed_note.NoteRefused):
        read_signed(note, [signed_note.read_verifier(older)])
    assert (home / "keys" / "log").stat().st_mode & 0o777 == 0o600


def test_a_process_that_only_answers_refuses_too_and_imports_do(
    home: Path, database_url: str, restore: Callable[[str], str]
):
    backup, _ = two_lives(home, database_url, restore)

    with open_service(Settings(home=home, database_url=backup), backup, projecting=False) as service:
        refusal = service.refusal()
        assert refusal is not None
        assert refusal.code == "log_unsound"
        with pytest.raises(LogUnsound, match="backup of an earlier time"):
            service.log_keeping.must_be_sound()


def test_the_commands_declare_and_rotate(home: Path, database_url: str, restore: Callable[[str], str]):
    backup, _ = two_lives(home, database_url, restore)
    environment = {"KITELINE_HOME": str(home), "KITELINE_DATABASE_URL": backup}

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["log", *arguments], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    declared = run("new-epoch")
    assert "urn:kiteline:local:2" in declared
    with running_service(home, backup) as running:
        record(running, 1)
        assert running.department.http.get("/v1/log/key").text.strip() in declared

    newer, former = run("rotate-key").splitlines()
    early = CliRunner().invoke(app, ["log", "rotate-key", "--retire"], env=environment)
    assert early.exit_code == 1
    assert "has not signed a checkpoint yet" in early.output
    with running_service(home, backup) as running:
        record(running, 1)
    assert run("rotate-key", "--retire") == f"{newer}\n"
    assert former in declared


def test_what_nobody_asks_about_is_signed_all_the_same(home: Path, database_url: str):
    with running_service(home, database_url, checkpoint_seconds=0.2) as running:
        running.department.organise("MQ-1", "620621")
        deadline = monotonic() + WITHIN
        while size_outside(home) < running.latest and monotonic() < deadline:
            sleep(0.05)
        assert size_outside(home) == running.latest


def size_outside(home: Path) -> int:
    note = OutsideCopy(home).last(ORIGIN)
    return -1 if note is None else read_text(signed_note.read(note).text).size
