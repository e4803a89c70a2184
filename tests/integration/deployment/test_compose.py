"""compose.yaml by its structure: every setting, secret, volume and network that it names is there and fits.

No Docker engine ran it: there is none where these tests run. What can be held against the real thing is: the settings
are read by the service's own reader, from secrets that the script makes; PostgreSQL and Kafka are the versions tested.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from infra.broker.runtime import KAFKA, jars, java
from infra.database.embedded import EmbeddedPostgres
from infra.notes.log_keys import load_log_keys
from infra.settings import PREFIX, Settings, load_settings
from infra.vault.master_key import load_master_key

ROOT = Path(__file__).parent.parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KITELINE = SERVICES["kiteline"]
IN_CONTAINERS = "/run/secrets/"
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Make the secrets as an operator does."""
    subprocess.run([sys.executable, ROOT / "scripts" / "make_secrets.py", tmp_path / "secrets"], check=True)
    return tmp_path / "secrets"


def environment(service: dict[str, Any], secrets: Path) -> dict[str, str]:
    """Return what a container of a service is started with, its secrets lying where they were made."""
    said = {name: VARIABLE.sub(r"\2", str(value)) for name, value in service["environment"].items()}
    return {name: value.replace(IN_CONTAINERS, f"{secrets}/") for name, value in said.items()}


def settings(secrets: Path) -> Settings:
    return load_settings(environment(KITELINE, secrets))


def test_the_service_reads_all_its_settings(secrets: Path):
    read = settings(secrets)

    assert read.host == "0.0.0.0"  # noqa: S104 - within its container; published on loopback only
    assert load_master_key(read).current == 1
    assert len(load_log_keys(read).seeds) == 1
    mounted = {volume.split(":")[1] for volume in KITELINE["volumes"]}
    assert {str(read.home), str((read.erasure_list or read.home).parent)} == mounted


def test_a_setting_that_there_is_not_would_be_found(secrets: Path):
    with pytest.raises(Exception, match="KITELINE_DATABASE_URI"):
        load_settings({**environment(KITELINE, secrets), "KITELINE_DATABASE_URI": "x"})


def test_the_database_and_the_broker_are_where_the_service_looks_for_them(secrets: Path):
    read = settings(secrets)
    asked = conninfo_to_dict(read.database_url or "")
    given = environment(SERVICES["postgres"], secrets)

    assert (asked["host"], asked["port"]) == ("postgres", "5432")
    assert (asked["user"], asked["dbname"]) == (given["POSTGRES_USER"], given["POSTGRES_DB"])
    assert asked["password"] == Path(given["POSTGRES_PASSWORD_FILE"]).read_text(encoding="ascii").strip()
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert f"INSIDE://{read.kafka_bootstrap_servers}" in advertised


def test_secrets_come_from_files_that_only_their_owner_reaches_and_stay_when_made_again(secrets: Path):
    before = {file.name: file.read_bytes() for file in secrets.iterdir()}
    subprocess.run([sys.executable, ROOT / "scripts" / "make_secrets.py", secrets], check=True)

    assert {file.name: file.read_bytes() for file in secrets.iterdir()} == before
    assert before.keys() == COMPOSE["secrets"].keys()
    assert {one["file"] for one in COMPOSE["secrets"].values()} == {f"./secrets/{name}" for name in before}
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in secrets.iterdir()} == {0o444}
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_names_nothing_that_is_not_defined(name: str):
    service = SERVICES[name]
    assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
    assert {volume.split(":")[0] for volume in service["volumes"]} <= COMPOSE["volumes"].keys()
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert set(service.get("depends_on", ())) <= SERVICES.keys()
    for variable, value in service["environment"].items():
        if str(value).startswith(IN_CONTAINERS):
            assert variable.endswith("_FILE")
            assert str(value).removeprefix(IN_CONTAINERS) in service["secrets"]


def test_everything_defined_is_used():
    for kind in ("secrets", "networks"):
        assert {one for service in SERVICES.values() for one in service.get(kind, ())} == COMPOSE[kind].keys()
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert used == COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_right_that_it_does_not_need(name: str):
    service = SERVICES[name]
    assert str(service["user"]).split(":")[0] not in ("0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    # Kafka writes its configuration beside its programs when it starts.
    assert service.get("read_only", False) is (name != "kafka")


def test_what_is_published_is_published_on_loopback_only():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "ports" not in SERVICES["postgres"]
    assert [COMPOSE["networks"][name]["internal"] for name in SERVICES["postgres"]["networks"]] == [True]


def test_health_is_asked_where_the_service_listens_and_variables_are_called_as_settings(secrets: Path):
    read = settings(secrets)
    assert f"http://127.0.0.1:{read.port}/readyz" in KITELINE["healthcheck"]["test"][-1]
    assert KITELINE["ports"][0].endswith(f":{read.port}")
    texts = [*KITELINE["ports"], *KITELINE["environment"].values()]
    variables = {name for text in texts for name, _ in VARIABLE.findall(str(text))}
    assert len(variables) > 4
    assert {name.removeprefix(PREFIX).lower() for name in variables} <= Settings.model_fields.keys()


def test_images_are_those_versions_that_the_tests_run_on(postgres: EmbeddedPostgres):
    with psycopg.connect(postgres.url) as connection:
        major = connection.info.server_version // 10_000
    assert SERVICES["postgres"]["image"] == f"postgres:{major}"
    jars = KAFKA.split("+", maxsplit=1)[0].rsplit(":", maxsplit=1)[1]
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{jars}"
    assert re.fullmatch(r"kiteline:\d+\.\d+\.\d+", KITELINE["image"])


def test_the_database_is_made_as_the_one_that_the_tests_run_on(postgres: EmbeddedPostgres):
    told = SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    given = dict(argument.removeprefix("--").split("=") for argument in told if "=" in argument)
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(
            "SELECT datlocprovider, datlocale, datcollate, current_setting('server_encoding'),"
            " current_setting('data_checksums') FROM pg_database WHERE datname = 'template1'"
        ).fetchone()
    assert row == ("b", given["builtin-locale"], given["locale"], given["encoding"], "on")
    assert given["locale-provider"] == "builtin"
    assert given["auth"] == "scram-sha-256"
    assert "--data-checksums" in told


def formatted(properties: dict[str, str], folder: Path) -> str:
    """Let Kafka itself judge a configuration, as its image does before it starts; return what it finds wrong."""
    file = folder / "server.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="ascii")
    command = [str(java()), "-Xmx128m", "-cp", ":".join(map(str, jars())), "kafka.tools.StorageTool", "format"]
    done = subprocess.run(
        [*command, "-t", "5L6g3nShT-eMCtK--X86sw", "-c", str(file)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stderr or done.stdout)


def test_kafka_takes_its_configuration(tmp_path: Path):
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    data = tmp_path / "data"
    properties = {**given, "log.dirs": str(data)}

    assert formatted(properties, tmp_path) == ""
    assert (data / "meta.properties").exists()
    unreachable = {**properties, "advertised.listeners": "NOWHERE://kafka:9092"}
    assert "NOWHERE" in formatted(unreachable, tmp_path)
    assert given["log.dirs"] in SERVICES["kafka"]["volumes"][0]
