"""Settings come from the environment or from the files it names, and a mistake there is told, not guessed around."""

from pathlib import Path

import pytest

from infra.settings import FILE_SUFFIX, PREFIX, Settings, SettingsError, load_settings, origins


def test_without_a_variable_every_setting_has_a_default():
    settings = load_settings({})

    assert settings.host == "127.0.0.1"
    assert settings.port == 8080
    assert settings.database_url is None
    assert settings.home == Path.cwd() / ".kiteline"
    assert {origin.source for origin in origins(settings, {})} == {"default"}


def test_a_value_is_read_from_its_variable():
    settings = load_settings({"KITELINE_PORT": "9090", "KITELINE_KAFKA_OPTIONS": '{"security_protocol": "SSL"}'})

    assert settings.port == 9090
    assert settings.kafka_options == {"security_protocol": "SSL"}


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_can_come_from_a_file(field: str, tmp_path: Path):
    values = {
        "home": "/tmp/elsewhere",  # noqa: S108 - only a name here
        "database_url": "postgresql://someone:secret@db/kiteline",
        "reader_database_url": "postgresql://reader:secret@db/kiteline",
        "kafka_options": "{}",
        "witnessed_logs": "{}",
        "witnesses": "{}",
        "sisters": "{}",
        "checkpoint_seconds": "30",
        "stream_heartbeat_seconds": "30",
        "stream_stall_seconds": "30",
        "token_jwks_url": "https://issuer.example/jwks",
        "console_address": "https://console.example",
        "log_level": "ERROR",
        "one_core": "false",
        "vault_cipher": "SM4-GCM",
    }
    value = values.get(field, "2048")
    file = tmp_path / "value"
    file.write_text(value + "\n", encoding="utf-8")
    variable = f"{PREFIX}{field.upper()}{FILE_SUFFIX}"
    environ = {variable: str(file)}

    if field == "database_pool_size":
        file.write_text("16\n", encoding="utf-8")
    elif field.endswith("_timeout_seconds"):
        file.write_text("5\n", encoding="utf-8")

    settings = load_settings(environ)
    told = {origin.field: origin.source for origin in origins(settings, environ)}

    assert told.pop(field) == f"{variable} ({file})"
    assert set(told.values()) == {"default"}


def test_no_setting_is_named_like_the_file_of_another():
    assert not [field for field in Settings.model_fields if field.upper().endswith(FILE_SUFFIX)]


def test_secrets_are_masked_in_what_is_shown():
    environ = {
        "KITELINE_DATABASE_URL": "postgresql://someone:hunter2@db.internal:6543/kiteline",
        "KITELINE_MASTER_KEY": "aHVudGVyMg==",
        "KITELINE_KAFKA_OPTIONS": '{"sasl_plain_password": "hunter2"}',
    }
    settings = load_settings(environ)

    shown = " ".join(origin.shown for origin in origins(settings, environ)) + repr(settings.master_key)

    assert "hunter2" not in shown
    assert "aHVudGVyMg" not in shown
    assert "postgresql://***@db.internal:6543/kiteline" in shown


def test_an_unknown_variable_is_refused_with_the_nearest_known_one():
    with pytest.raises(SettingsError) as refused:
        load_settings({"KITELINE_DATABASE_URI": "postgresql://x/y"})

    assert "KITELINE_DATABASE_URI" in refused.value.zh
    assert "KITELINE_DATABASE_URL" in refused.value.en


def test_all_mistakes_of_value_are_told_at_once_without_the_values():
    with pytest.raises(SettingsError) as refused:
        load_settings({"KITELINE_PORT": "99999", "KITELINE_DATABASE_URL": "mysql://someone:hunter2@db/x"})

    assert "KITELINE_PORT" in refused.value.en
    assert "KITELINE_DATABASE_URL" in refused.value.zh
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"KITELINE_MASTER_KEY_FILE": "/nowhere/at/all"},
        {"KITELINE_KAFKA_OPTIONS": "{not json"},
        {"KITELINE_PORT": "1", "KITELINE_PORT_FILE": "/dev/null"},
        {"kiteline_port": "8081"},
    ],
)
def test_what_cannot_be_read_is_refused_and_named(environ: dict[str, str]):
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)

    assert any(name in refused.value.en for name in environ)


def test_an_empty_variable_counts_as_not_set():
    assert load_settings({"KITELINE_DATABASE_URL": ""}).database_url is None
