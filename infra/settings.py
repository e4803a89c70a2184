"""The settings of a deployment: read from KITELINE_* variables, or from the files that KITELINE_*_FILE name."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from infra.failures import OperatorFailure
from infra.webhooks.targets import AllowedTargets

PREFIX = "KITELINE_"
FILE_SUFFIX = "_FILE"


class SettingsError(OperatorFailure):
    """A KITELINE_ variable is unknown, or its value cannot be used."""

    exit_code = 2


class SisterSettings(BaseModel):
    """A sister deployment: what is hers, the key that signs her introductions, and her Kafka where it is another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    regions: list[Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]] = Field(min_length=1)
    key: str = Field(min_length=1)
    kafka_bootstrap_servers: str | None = None


class Settings(BaseSettings):
    """Every setting, each with the reason to change it; all have a default that serves on one machine."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(Path(".kiteline"), description="folder of the embedded database, broker and keys")
    deployment: str = Field(
        "local", pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", description="name in every event's source"
    )
    host: str = Field("127.0.0.1", min_length=1, description="address the service listens on")
    port: int = Field(8080, ge=1, le=65535, description="port the service listens on")

    database_url: str | None = Field(None, description="PostgreSQL to use instead of the embedded one")
    reader_database_url: str | None = Field(
        None, description="the same database, by a login that holds kiteline_reader alone: questions are asked by it"
    )
    database_pool_size: int = Field(8, ge=1, le=200, description="connections for queries, per process")

    kafka_bootstrap_servers: str | None = Field(None, description="host:port[,host:port] of a Kafka to use")
    kafka_options: dict[str, Any] = Field(
        default_factory=dict, description="JSON object handed to the Kafka clients (SASL, TLS)"
    )

    webhook_allowed_targets: str = Field(
        "", description="hosts and CIDRs, comma-separated, that webhooks may call although private, or by plain http"
    )

    master_key: SecretStr | None = Field(
        None, description="vault master key, base64; without it home/keys/master is made"
    )
    master_key_command: str | None = Field(
        None, min_length=1, description="command that prints the master key, as of a key management service; no shell"
    )
    vault_cipher: Literal["AES-256-GCM", "SM4-GCM"] = Field(
        "AES-256-GCM", description="how personal data is sealed; what the other sealed opens as well"
    )
    erasure_list: Path | None = Field(
        None, description="list of erasures, to keep apart from the database's backups; default home/erasures"
    )
    log_key: SecretStr | None = Field(
        None, description="Ed25519 key that signs the log, base64; without it home/keys/log is made"
    )
    checkpoint_seconds: float = Field(
        20.0, gt=0, le=60, description="longest time until what was recorded is in a checkpoint"
    )
    witness_key: SecretStr | None = Field(
        None, description="Ed25519 key that cosigns sisters' logs, base64; without it home/keys/witness is made"
    )
    witness_name: str | None = Field(
        None, pattern=r"^[!-*,-~]+$", description="name of that key; without it urn:kiteline:<deployment>:witness"
    )
    witnessed_logs: dict[str, str] = Field(
        default_factory=dict, description="JSON object: origin of a sister's log to its key lines, to cosign it"
    )
    witnesses: dict[str, str] = Field(
        default_factory=dict, description="JSON object: address of a witness to its key line, to be cosigned by it"
    )
    sisters: dict[str, SisterSettings] = Field(
        default_factory=dict,
        description="JSON object: deployment of a sister to her regions (beginnings of codes), key line and Kafka",
    )
    introduction_key: SecretStr | None = Field(
        None, description="Ed25519 key that signs introductions, base64; without it home/keys/introduction is made"
    )
    token_issuer: str = Field("urn:kiteline:local", min_length=1, description="issuer that tokens must name")
    token_audience: str = Field("kiteline", min_length=1, description="audience that tokens must name")
    token_jwks_url: str | None = Field(
        None, pattern=r"^(https?|file)://", description="keys of an outside issuer; without it the local issuer's"
    )
    token_lifetime_seconds: int = Field(28_800, ge=60, le=2_592_000, description="life of a local issuer's token")

    console_address: str | None = Field(
        None,
        pattern=r"^https?://[^/]+$",
        description="address by which people reach the console, without a path; without it that of their request",
    )
    console_client_id: str = Field("kiteline-console", min_length=1, description="the console's name at the issuer")
    console_client_secret: SecretStr | None = Field(
        None, description="the console's secret at an outside issuer; without it a public client, by PKCE alone"
    )
    console_session_seconds: int = Field(
        28_800, ge=300, le=86_400, description="after how long a person signs in to the console again"
    )
    ready_persons: Path | None = Field(
        None, description="file of persons to sign in as without a password, to try things out; `kiteline demo` has one"
    )

    searches_per_minute: int = Field(60, ge=1, description="searches for people that a caller has in a minute")
    searches_per_day: int = Field(1_000, ge=1, description="searches for people that a caller has in a day")
    reads_kept_days: int = Field(
        1_095, ge=730, description="how long it is kept who read whose personal data, in days; two years at least"
    )

    max_body_bytes: int = Field(1_048_576, ge=1_024, description="largest JSON body accepted")
    max_upload_bytes: int = Field(33_554_432, ge=1_024, description="largest register accepted")
    request_timeout_seconds: float = Field(30.0, gt=0, le=600, description="longest time a request may take")
    shutdown_timeout_seconds: float = Field(20.0, gt=0, le=600, description="time given to requests at a stop")
    max_listeners: int = Field(10_000, ge=1, description="streams and long polls of feeds open at once, per process")
    stream_heartbeat_seconds: float = Field(
        15.0, gt=0, le=300, description="longest silence of a stream in which nothing happens"
    )
    stream_stall_seconds: float = Field(
        10.0, gt=0, le=300, description="how long a subscriber may take nothing before it is cut off"
    )
    one_core: bool = Field(
        True, description="keep a process's threads on one core at a time; the interpreter uses no more"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe log line written")

    @field_validator("home")
    @classmethod
    def _home_is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url", "reader_database_url")
    @classmethod
    def _database_url_names_postgresql(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql://", "postgres://")):
            message = "must begin with postgresql://"
            raise ValueError(message)
        return value

    @field_validator("webhook_allowed_targets")
    @classmethod
    def _allowed_targets_can_be_read(cls, value: str) -> str:
        AllowedTargets.read(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load_settings` alone, which knows where each came from."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting's value came from: `default`, the variable's name, or the variable and the file it names."""

    field: str
    variable: str
    source: str
    shown: str
    description: str


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment, anew at every call.

    Raises SettingsError that lists everything wrong at once.
    """
    raw, _ = _read(os.environ if environ is None else environ)
    try:
        return Settings(**raw)
    except ValidationError as error:
        raise _unusable(error) from None


def origins(settings: Settings, environ: Mapping[str, str] | None = None) -> list[Origin]:
    """Tell for every setting its effective value, secrets masked, and where it came from."""
    _, sources = _read(os.environ if environ is None else environ)
    return [
        Origin(name, _variable(name), sources.get(name, "default"), _shown(name, settings), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _read(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for variable in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        field = _field_of(variable)
        if field is None:
            problems.append(_unknown(variable))
        elif environ[variable].strip() == "":
            continue  # an empty variable is how shells and compose files say "not set"
        elif field in values:
            problems.append(
                (f"{_variable(field)} 与其 _FILE 变量只能设置一个。", f"Set {variable} or its twin, not both.")
            )
        else:
            try:
                values[field], sources[field] = _value(variable, field, environ[variable])
            except (OSError, ValueError) as error:
                problems.append((f"{variable}：无法读取（{error}）。", f"{variable} cannot be read: {error}."))
    if problems:
        raise SettingsError("\n".join(zh for zh, _ in problems), "\n".join(en for _, en in problems))
    return values, sources


def _value(variable: str, field: str, text: str) -> tuple[Any, str]:
    source = variable
    if variable.endswith(FILE_SUFFIX):
        source = f"{variable} ({text})"
        text = Path(text).expanduser().read_text(encoding="utf-8").strip()
    if _is_json(Settings.model_fields[field]):
        try:
            return json.loads(text), source
        except json.JSONDecodeError as error:
            message = f"not JSON at character {error.pos + 1}"
            raise ValueError(message) from None
    return text, source


def _field_of(variable: str) -> str | None:
    name = variable[len(PREFIX) :]
    for candidate in (name, name.removesuffix(FILE_SUFFIX)):
        if variable == variable.upper() and candidate.lower() in Settings.model_fields:
            return candidate.lower()
    return None


def _is_json(field: FieldInfo) -> bool:
    return field.default_factory is dict


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _unknown(variable: str) -> tuple[str, str]:
    known = [_variable(name) for name in Settings.model_fields]
    near = ", ".join(get_close_matches(variable.upper(), known)) or ", ".join(known)
    return (
        f"不认识的设置 {variable}。是否想用：{near}？（kiteline doctor 列出全部。）",
        f"Unknown setting {variable}. Did you mean: {near}? (kiteline doctor lists them all.)",
    )


def _unusable(error: ValidationError) -> SettingsError:
    # The value itself stays out of the message: it may be a secret.
    lines = [(_variable(str(item["loc"][0])), item["msg"]) for item in error.errors()]
    return SettingsError(
        "\n".join(f"{variable} 的值不可用：{message}。" for variable, message in lines),
        "\n".join(f"The value of {variable} cannot be used: {message}." for variable, message in lines),
    )


def _shown(name: str, settings: Settings) -> str:
    value = getattr(settings, name)
    if value is None:
        return "-"
    if name == "kafka_options":
        return ", ".join(f"{key}=***" for key in sorted(value)) or "-"
    if name == "sisters":
        return ", ".join(f"{one}: {' '.join(value[one].regions)}" for one in sorted(value)) or "-"
    if name in {"database_url", "reader_database_url"}:
        parts = urlsplit(value)
        return f"{parts.scheme}://***@{parts.hostname or ''}:{parts.port or 5432}{parts.path}"
    return str(value)  # a SecretStr masks itself
