"""Whatever a database's owner does to the log, `kiteline verify` says what, where, since when; untouched, it passes."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from infra.database.embedded import EmbeddedPostgres
from infra.notes.log_keys import load_log_keys
from infra.notes.outside_copy import OutsideCopy
from infra.settings import Settings
from projections.merkle import leaf_hash
from tests.faults.signed_logs import SignedLog, run_verify
from tests.running_service import Running, service_on_fresh_database

ORIGIN = "urn:kiteline:local:1"


@pytest.fixture(scope="module")
def recorded(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedLog]:
    """Record ten events and sign them, twice, with the first checkpoint kept in `state`."""
    folder = tmp_path_factory.mktemp("recorded")
    fresh = SignedLog(postgres.url, postgres.url.replace("@/kiteline?", "@/kiteline_template?"), folder / "none")
    fresh.home.mkdir()
    log = fresh.copy(folder)
    with log.served() as running:
        running.department.organise("MQ-1", "620621")
        for _ in range(4):
            running.department.register("MQ-1")
        (log.home / "state").write_text(running.department.http.get("/v1/log/checkpoint").text)
        (log.home / "key").write_text(running.department.http.get("/v1/log/key").text)
        for _ in range(4):
            running.department.register("MQ-1")
        running.department.http.get("/v1/log/checkpoint")
        running.department.ask("/v1/rosters", organisation="MQ-1")
        log.await_feeds()
    yield log
    fresh.drop_copies()


@pytest.fixture
def log(recorded: SignedLog, tmp_path: Path) -> SignedLog:
    """Copy the recorded log."""
    return recorded.copy(tmp_path)


def brought(log: SignedLog) -> list[str]:
    """Return the arguments of somebody who kept the key and the first checkpoint."""
    return ["--key", (log.home / "key").read_text().strip(), "--state", str(log.home / "state")]


def test_an_untouched_log_passes_and_the_state_moves_on(log: SignedLog):
    before = (log.home / "state").read_text()

    verified = log.verify(*brought(log))

    assert (verified.exit_code, verified.findings) == (0, [])
    assert len(verified.checks) == 6
    assert all(check["holds"] for check in verified.checks)
    assert [part.split()[-1] for part in verified.seconds] == ["events", "feeds", "vault", "models"]
    assert (log.home / "state").read_text() == OutsideCopy(log.home).last(ORIGIN) != before


def test_an_event_altered_is_named_with_the_checkpoint_that_it_was_right_at(log: SignedLog):
    log.tamper("UPDATE log SET state = replace(convert_from(state, 'UTF8'), 'API', 'BULK')::bytea WHERE position = 3")
    signed_at = log.ask("SELECT signed_at FROM log_checkpoint WHERE size >= 3 ORDER BY size LIMIT 1")

    verified = log.verify()

    assert verified.exit_code == 1
    assert verified.where("event_altered") == ["3"]
    since = next(one["since"] for one in verified.findings if one["code"] == "event_altered")
    assert since[:19] == signed_at.strftime("%Y-%m-%dT%H:%M:%S")


def test_an_event_deleted_is_missed(log: SignedLog):
    log.tamper("DELETE FROM log WHERE position = 6")
    verified = log.verify()
    assert verified.exit_code == 1
    assert verified.where("event_missing") == ["6–6"]
    assert "event_altered" not in verified.codes


def test_the_last_event_deleted_is_missed(log: SignedLog):
    head = log.ask("SELECT max(position) FROM log")
    log.tamper("DELETE FROM log WHERE position = (SELECT max(position) FROM log)")
    assert log.verify().where("log_behind")[0] == f"{head}–{head}"


def test_an_event_inserted_in_the_middle_is_found_where_it_stands(log: SignedLog):
    log.tamper(
        "UPDATE log SET position = -position WHERE position >= 5",
        "UPDATE log SET position = 1 - position WHERE position < 0",
        """INSERT INTO log SELECT 5, gen_random_uuid(), 1, topic, state, concerns, epoch, recorded_at
        FROM log WHERE position = 4""",
    )
    assert log.verify().where("event_altered")[0] == "5"


def test_events_that_changed_places_are_found(log: SignedLog):
    log.tamper(
        "UPDATE log SET position = -5 WHERE position = 5",
        "UPDATE log SET position = 5 WHERE position = 6",
        "UPDATE log SET position = 6 WHERE position = -5",
    )
    assert log.verify().where("event_altered") == ["5", "6"]


def test_a_version_that_does_not_follow_is_found(log: SignedLog):
    log.tamper("UPDATE log SET originator_version = 7 WHERE position = 4")
    assert {"version_gap", "stream_head"} <= log.verify().codes


def test_a_hash_altered_in_the_tree_is_told_from_an_event_altered(log: SignedLog):
    log.tamper("UPDATE log_tile SET hashes = set_byte(hashes, 64, get_byte(hashes, 64) # 1)")
    verified = log.verify()
    assert verified.where("tile_altered") == ["3"]
    assert "event_altered" not in verified.codes


def test_an_event_rewritten_together_with_its_hash_is_found_by_the_signed_root(log: SignedLog):
    rewrite(log, 3)
    verified = log.verify()
    assert verified.exit_code == 1
    assert verified.where("root_differs")
    first, last = map(int, verified.where("root_differs")[0].split("–"))
    assert first <= 3 <= last


def rewrite(log: SignedLog, position: int) -> None:
    """Alter an event, and the tree to fit."""
    from infra.event_store.recorder import KitelineRecorder
    from infra.recording.mapper import cloud_event

    log.tamper(
        """UPDATE log SET state = replace(convert_from(state, 'UTF8'), 'API', 'BULK')::bytea
        WHERE position = %(position)s""",
        position=position,
    )
    recorder = KitelineRecorder(log.url, readers=1)
    try:
        hashed = leaf_hash(cloud_event(recorder.read_log(position, 1)[0], ORIGIN))
    finally:
        recorder.close()
    log.tamper(
        "UPDATE log_tile SET hashes = overlay(hashes PLACING %(hashed)s FROM %(at)s) WHERE level = 0",
        hashed=hashed,
        at=(position - 1) * 32 + 1,
    )


def rewritten_and_signed_again(log: SignedLog) -> None:
    """Rewrite an event as somebody who has database, disk and key, and let the service sign the whole anew."""
    rewrite(log, 3)
    log.tamper("DELETE FROM log_checkpoint")
    for file in (log.home / "log").iterdir():
        file.unlink()
    with log.served() as running:
        assert running.department.http.get("/v1/log/checkpoint").status_code == 200


def test_a_log_rewritten_whole_is_found_by_who_kept_a_checkpoint_and_by_nobody_else(log: SignedLog):
    rewritten_and_signed_again(log)

    assert "root_differs" in log.verify(*brought(log)).codes
    alone = log.verify("--key", (log.home / "key").read_text())
    assert (alone.exit_code, alone.findings) == (0, [])


def test_a_swapped_key_is_found_by_who_kept_the_key_and_by_nobody_else(log: SignedLog):
    log.tamper("DELETE FROM log_checkpoint")
    for file in (log.home / "log").iterdir():
        file.unlink()
    (log.home / "keys" / "log").unlink()
    with log.served() as running:
        assert running.department.http.get("/v1/log/checkpoint").status_code == 200

    assert "signature_refused" in log.verify(*brought(log)).codes
    assert log.verify().exit_code == 0


def test_a_checkpoint_replayed_is_found_by_who_saw_a_later_one(log: SignedLog):
    assert log.verify(*brought(log)).exit_code == 0  # the state is now the last checkpoint
    older = log.ask("SELECT note FROM log_checkpoint ORDER BY size DESC OFFSET 1 LIMIT 1")
    log.tamper("DELETE FROM log_checkpoint WHERE size = (SELECT max(size) FROM log_checkpoint)")
    OutsideCopy(log.home).keep(ORIGIN, older)

    assert log.verify(*brought(log)).codes == {"checkpoint_older"}
    assert log.verify().exit_code == 0


def test_a_restored_backup_that_went_on_is_a_fork_to_who_saw_the_other(log: SignedLog, tmp_path: Path):
    backup = log.copy(tmp_path)
    with log.served() as running:
        running.department.register("MQ-1")
        running.department.http.get("/v1/log/checkpoint")
    assert log.verify(*brought(log)).exit_code == 0
    with backup.served() as running:
        for _ in range(2):
            running.department.register("MQ-1")
        running.department.http.get("/v1/log/checkpoint")
    (backup.home / "state").write_text((log.home / "state").read_text())

    assert "root_differs" in backup.verify(*brought(backup)).codes
    assert backup.verify().exit_code == 0


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (
            "DELETE FROM vault_index WHERE member_id = (SELECT max(member_id::text)::uuid FROM vault_key)",
            "blind_index_differs",
        ),
        ("UPDATE vault_index SET digest = sha256(digest)", "blind_index_differs"),
        ("INSERT INTO vault_index VALUES (1, 'x', gen_random_uuid())", "blind_index_orphan"),
        (
            "UPDATE vault_field SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)",
            "vault_unreadable",
        ),
        ("UPDATE member SET liaison = gen_random_uuid()::text", "read_model_differs"),
        ("DELETE FROM member WHERE member_id = (SELECT max(member_id::text)::uuid FROM member)", "read_model_differs"),
        ("UPDATE statistic SET amount = amount + 1", "read_model_differs"),
        ("UPDATE stream_head SET version = version + 1", "stream_head"),
        ("UPDATE feed_head SET feedposition = feedposition + 1", "feed_head"),
        ("UPDATE feed_entry SET position = position - 1 WHERE feedposition = 3", "feed_differs"),
        ("UPDATE feed_entry SET event_id = gen_random_uuid() WHERE feedposition = 3", "feed_differs"),
        ("INSERT INTO feed_entry VALUES ('999999', 1, 2, gen_random_uuid())", "feed_differs"),
        ("UPDATE log SET concerns = '{}' WHERE position = 3", "feed_differs"),
    ],
)
def test_what_was_made_of_the_log_is_compared_with_it(log: SignedLog, statement: str, code: str):
    log.tamper(statement)
    verified = log.verify()
    assert verified.exit_code == 1
    assert verified.codes - {"feed_head"} == {code} - {"feed_head"}
    assert code in verified.codes


def test_from_the_outside_tree_and_fork_are_seen_and_entries_with_a_token(log: SignedLog):
    with log.served() as running:
        token = running.as_role("auditor", region="000000").token
        at, full = ["--url", running.url], ["--url", running.url, "--token", token]
        assert [run_verify(*at).exit_code, run_verify(*full, *brought(log)).exit_code] == [0, 0]

        log.tamper(
            "UPDATE log SET state = replace(convert_from(state, 'UTF8'), 'API', 'BULK')::bytea WHERE position = 3"
        )
        assert run_verify(*at).exit_code == 0
        assert run_verify(*full).where("event_altered") == ["3"]

        log.tamper("UPDATE log_tile SET hashes = set_byte(hashes, 64, get_byte(hashes, 64) # 1)")
        assert "root_differs" in run_verify(*at).codes


def test_from_the_outside_a_log_rewritten_whole_is_a_fork(log: SignedLog):
    rewritten_and_signed_again(log)
    with log.served() as running:
        assert run_verify("--url", running.url).exit_code == 0
        assert "fork" in run_verify("--url", running.url, *brought(log)).codes


def test_a_fork_shown_to_two_witnesses_is_found(log: SignedLog, postgres: EmbeddedPostgres, tmp_path: Path):
    fork = log.copy(tmp_path)
    line = (log.home / "key").read_text().strip()
    with ExitStack() as stack:
        witnesses = []
        for name in ("west", "east"):
            told = {"witnessed_logs": {ORIGIN: line}, "witness_name": f"{name}-witness"}
            witness = stack.enter_context(service_on_fresh_database(postgres, tmp_path / name, **told))
            witnesses.append(f"{witness.url}/v1/log")
        for one, members, address in ((log, 1, witnesses[0]), (fork, 2, witnesses[1])):
            key = httpx.get(f"{address}/witness-key", trust_env=False).text.strip()
            with one.served(witnesses={address: key}) as running:
                for _ in range(members):
                    running.department.register("MQ-1")
                cosigned(running)
        west, east = (["--key", line, "--witness", address] for address in witnesses)

        assert (log.verify(*west).exit_code, fork.verify(*east).exit_code) == (0, 0)
        assert log.verify(*east).where("log_behind")
        assert fork.verify(*west, *east[2:]).where("root_differs")
        with fork.served() as running:
            assert run_verify("--url", running.url, *east).exit_code == 0
            assert run_verify("--url", running.url, *west, *east[2:]).codes == {"fork"}


def cosigned(running: Running) -> None:
    """Ask for the checkpoint until the witness has answered."""
    for _ in range(60):
        if running.department.http.get("/v1/log/checkpoint").text.count("\n— ") == 2:
            return
    raise AssertionError("no cosignature")


def test_what_cannot_be_read_is_no_verdict(log: SignedLog, tmp_path: Path):
    (tmp_path / "broken").write_text("no note")
    for arguments in (["--key", "no+key"], ["--state", str(tmp_path / "broken")], ["--url", "http://127.0.0.1:1"]):
        assert log.verify(*arguments).exit_code == 3


def test_after_a_rotation_either_key_proves_the_log_until_the_former_is_retired(log: SignedLog):
    from infra.notes import log_keys

    settings = Settings(home=log.home)
    log_keys.rotate(settings)
    with log.served() as running:
        running.department.register("MQ-1")
        running.department.http.get("/v1/log/checkpoint")
        newer, former = running.department.http.get("/v1/log/key").text.splitlines()
    assert len(load_log_keys(settings).seeds) == 2
    for line in (newer, former):
        assert log.verify("--key", line).exit_code == 0


def tampered_in_many_ways(log: SignedLog) -> None:
    log.tamper(
        "UPDATE log SET state = replace(convert_from(state, 'UTF8'), 'API', 'BULK')::bytea WHERE position IN (3, 9)",
        "DELETE FROM log WHERE position IN (5, 6)",
        "UPDATE log SET recorded_at = recorded_at - interval '1 year' WHERE position = 8",
        "UPDATE stream_head SET version = version + 1 WHERE version = 1",
        "UPDATE vault_index SET digest = sha256(digest)",
        "UPDATE member SET liaison = gen_random_uuid()::text",
    )


def test_several_processes_find_what_one_finds(log: SignedLog, monkeypatch: pytest.MonkeyPatch):
    assert log.verify("--processes", "2").exit_code == 0
    tampered_in_many_ways(log)
    alone, together = log.verify("--processes", "1"), log.verify("--processes", "3")
    assert alone.codes > {"event_altered", "event_missing", "time_runs_back", "blind_index_differs", "stream_head"}
    assert (together.checks, together.findings) == (alone.checks, alone.findings)
    assert alone.where("event_missing") == ["5–6"]

    monkeypatch.setattr("infra.cli.verifying.crew._MAIN", "raise SystemExit(1)")
    assert log.verify("--processes", "2").exit_code == 3


def test_a_log_of_many_stretches_is_one_log(log: SignedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rewritten = log.copy(tmp_path)
    rewrite(rewritten, 3)
    tampered = log.copy(tmp_path)
    tampered_in_many_ways(tampered)
    whole = [one.verify().findings for one in (rewritten, tampered)]

    for module, name, value in (("leaves", "STRETCH", 2), ("log_check", "STRETCH", 2), ("log_check", "LEVEL", 1)):
        monkeypatch.setattr(f"infra.cli.verifying.{module}.{name}", value)
    assert [one.verify().findings for one in (rewritten, tampered)] == whole
    assert log.verify(*brought(log)).findings == []
