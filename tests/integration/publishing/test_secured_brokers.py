"""KITELINE_KAFKA_OPTIONS reach the brokers: TLS with a certificate of one's own, and a login."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.broker import lifecycle
from infra.broker.node import free_port
from infra.kafka.client_options import librdkafka_options
from infra.settings import SettingsError
from tests.integration.publishing.feeding import acknowledged, await_that, in_topic

_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_kite="line";'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate of loopback, signed by itself; and with its key, as Kafka keeps them."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kiteline test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(made)
    (folder / "broker.pem").write_bytes(private + made)
    return folder / "ca.pem", folder / "broker.pem"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[tuple[str, str]]:
    """Start a broker with a second listener that wants TLS and a login; returns the address of each."""
    home, port = tmp_path_factory.mktemp("secured"), free_port()
    plain = free_port()
    properties = {
        "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{free_port()},SASL_SSL://127.0.0.1:{port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": _LOGIN,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate[1]),
    }
    controller = properties["listeners"].split("CONTROLLER://")[1].split(",")[0]
    properties["controller.quorum.voters"] = f"1@{controller}"
    running = lifecycle.start(home, plain, properties)
    yield running.bootstrap_servers, f"127.0.0.1:{port}"
    lifecycle.stop(home)


def _login(password: str, certificate: tuple[Path, Path]) -> dict[str, Any]:
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "kite",
        "sasl_plain_password": password,
        "ssl_cafile": str(certificate[0]),
    }


def test_it_is_published_over_tls_with_a_login(log, publish, secured, certificate, region):
    plain, address = secured
    log.feed(5, region)

    publish(address, **_login("line", certificate))
    await_that(lambda: acknowledged(log, region) == 5)

    assert [record.value for record in in_topic(plain, region)] == log.feed_of(region)
    assert lifecycle.answers(address, **_login("line", certificate)), "the same options serve kafka-python"


def test_a_refused_login_is_kafka_away_and_publishes_nothing(log, publish, secured, certificate, region):
    plain, address = secured
    log.feed(2, region)

    publishing = publish(address, **_login("cut", certificate))

    await_that(lambda: publishing.state == "kafka away")
    with pytest.raises(KafkaException):
        in_topic(plain, region, **{"socket.timeout.ms": 1_000})


def test_an_option_that_nobody_knows_stops_the_start_and_its_value_is_not_told():
    with pytest.raises(SettingsError, match="sasl_pasword, which is unknown") as told:
        librdkafka_options("127.0.0.1:9092", {"sasl_pasword": "secret"})

    assert "secret" not in str(told.value)
