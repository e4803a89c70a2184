"""KITELINE_KAFKA_OPTIONS in the words of librdkafka, which publishes: the setting is in those of kafka-python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from infra.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: Final = {
    "client_id": "client.id",
    "connections_max_idle_ms": "connections.max.idle.ms",
    "request_timeout_ms": "socket.timeout.ms",
    "sasl_kerberos_service_name": "sasl.kerberos.service.name",
    "sasl_mechanism": "sasl.mechanisms",
    "sasl_plain_password": "sasl.password",
    "sasl_plain_username": "sasl.username",
    "security_protocol": "security.protocol",
    "ssl_cafile": "ssl.ca.location",
    "ssl_certfile": "ssl.certificate.location",
    "ssl_ciphers": "ssl.cipher.suites",
    "ssl_crlfile": "ssl.crl.location",
    "ssl_keyfile": "ssl.key.location",
    "ssl_password": "ssl.key.password",
}
_CHECK_HOSTNAME: Final = "ssl_check_hostname"


def librdkafka_options(bootstrap_servers: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what librdkafka's clients are configured with to reach this Kafka.

    Raises SettingsError for an option that it does not know, whose value is not shown: it may be a secret.
    """
    unknown = sorted(options.keys() - _NAMES.keys() - {_CHECK_HOSTNAME})
    if unknown:
        known = ", ".join(sorted([*_NAMES, _CHECK_HOSTNAME]))
        raise SettingsError(
            f"KITELINE_KAFKA_OPTIONS 中有不认识的项 {', '.join(unknown)}；可用：{known}。",
            f"KITELINE_KAFKA_OPTIONS names {', '.join(unknown)}, which is unknown; there are: {known}.",
        )
    told = {_NAMES[name]: value for name, value in options.items() if name != _CHECK_HOSTNAME}
    if _CHECK_HOSTNAME in options:
        told["ssl.endpoint.identification.algorithm"] = "https" if options[_CHECK_HOSTNAME] else "none"
    return {"bootstrap.servers": bootstrap_servers, **told}
