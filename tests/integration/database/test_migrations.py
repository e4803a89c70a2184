"""The migrations: applied once, in order, by one process at a time, and stopped by what is not as it was."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from infra.database.migrations import MigrationFailure, migrate, pending, read_migrations


@pytest.fixture
def empty(make_database):
    """A database without anything."""
    return make_database(migrated=False)


@pytest.fixture
def folder(tmp_path):
    """Two small migrations."""
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (id integer);\n")
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (id integer);\n")
    return tmp_path


def test_everything_is_applied_once(empty):
    names = tuple(migration.name for migration in read_migrations())
    assert pending(empty) == names
    assert migrate(empty).applied == names
    assert migrate(empty).applied == ()
    assert pending(empty) == ()


def test_processes_that_start_together_apply_each_step_once(empty, folder):
    with ThreadPoolExecutor(6) as threads:
        reports = list(threads.map(lambda _: migrate(empty, folder), range(6)))
    assert sorted(name for report in reports for name in report.applied) == ["0001_one", "0002_two"]


def test_databases_of_one_cluster_may_be_migrated_at_the_same_moment(make_database):
    urls = [make_database(migrated=False) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        reports = list(threads.map(migrate, urls))
    assert all(report.applied for report in reports)


def test_a_new_step_is_applied_to_a_database_that_has_the_former(empty, folder):
    migrate(empty, folder)
    (folder / "0003_three.sql").write_text("CREATE TABLE three (id integer);\n")
    assert migrate(empty, folder).applied == ("0003_three",)


def test_a_changed_file_stops_with_its_name(empty, folder):
    migrate(empty, folder)
    (folder / "0002_two.sql").write_text("CREATE TABLE two (id bigint);\n")
    with pytest.raises(MigrationFailure, match="0002_two was changed after it was applied"):
        migrate(empty, folder)


def test_a_database_of_a_newer_version_stops(empty, folder):
    migrate(empty, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(MigrationFailure, match="has 0002_two, which this program does not know"):
        migrate(empty, folder)


def test_a_step_that_fails_leaves_nothing_and_keeps_the_steps_before_it(empty, folder):
    (folder / "0003_wrong.sql").write_text("CREATE TABLE three (id integer);\nSELECT 1 / 0;\n")
    with pytest.raises(MigrationFailure, match="division by zero") as failure:
        migrate(empty, folder)
    assert "已全部撤销" in failure.value.zh
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('two'), to_regclass('three')").fetchone() == ("two", None)
    (folder / "0003_wrong.sql").write_text("CREATE TABLE three (id integer);\n")
    assert migrate(empty, folder).applied == ("0003_wrong",)


def test_a_database_that_cannot_be_reached_is_told_plainly():
    with pytest.raises(MigrationFailure, match="cannot be reached"):
        migrate("postgresql://kiteline@/kiteline?host=/nowhere")


@pytest.mark.parametrize("name", ["3_short.sql", "0002_zwei.sql", "0003-dash.sql"])
def test_a_misnamed_or_doubled_number_stops(folder: Path, name):
    (folder / name).write_text("SELECT 1;\n")
    with pytest.raises(MigrationFailure, match=name):
        read_migrations(folder)
