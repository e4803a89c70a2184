"""The address that was looked at is the one connected to, whatever a resolver says next; TLS is still of the name."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.webhooks.sending import Attempt, Sender
from infra.webhooks.targets import AllowedTargets, read_target
from tests.receiving import Receiver, Reply

NAME = "receiver.test"
INSIDE = "127.0.0.2"
"""An address that the setting of these tests does not allow."""


class Resolver:
    """Says what it is told, one answer after another, and counts how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, _port: int) -> list[str]:
        assert host == NAME
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def names() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def posting(
    url: str, resolver: Resolver, names: ThreadPoolExecutor, times: int = 1, tls: ssl.SSLContext | None = None
) -> list[Attempt]:
    """Post so many times with one sender that may go to 127.0.0.1 only."""

    async def run() -> list[Attempt]:
        allowed = AllowedTargets.read("127.0.0.1/32")
        sender = Sender(
            read_target(url), allowed, names=names, tls=tls or httpx.create_ssl_context(), resolve=resolver, seconds=5
        )
        made = [await sender.post({"webhook-id": str(number)}, b"{}") for number in range(times)]
        await sender.close()
        return made

    return asyncio.run(run())


def test_a_name_that_leads_inside_once_it_was_looked_at_leads_nowhere(
    make_receiver: Callable[..., Receiver], names: ThreadPoolExecutor
):
    outside = make_receiver()
    inside = make_receiver(INSIDE, outside.port)
    resolver = Resolver(["127.0.0.1"], [INSIDE])
    first, second, third = posting(f"http://{NAME}:{outside.port}/hook", resolver, names, times=3)
    assert (first.status, first.delivered) == (204, True)
    assert [(one.status, one.error) for one in (second, third)] == [(None, "target_not_allowed")] * 2
    assert (len(outside.received), len(inside.received)) == (1, 0)
    assert outside.received[0].headers["host"] == f"{NAME}:{outside.port}"
    assert resolver.asked == 3, "each attempt looks the name up once, and connects to what that said"
    # The control: what connects to the name's second answer does reach the inside.
    assert httpx.post(f"http://{INSIDE}:{inside.port}/hook", trust_env=False).status_code == 204


def test_of_several_answers_the_forbidden_ones_are_not_tried_and_the_others_one_by_one(
    make_receiver: Callable[..., Receiver], names: ThreadPoolExecutor
):
    outside = make_receiver()
    inside = make_receiver(INSIDE, outside.port)
    (one,) = posting(f"http://{NAME}:{outside.port}/", Resolver([INSIDE, "::1", "127.0.0.1"]), names)
    assert (one.status, len(outside.received), len(inside.received)) == (204, 1, 0)


def test_a_redirect_inside_is_not_followed(make_receiver: Callable[..., Receiver], names: ThreadPoolExecutor):
    outside = make_receiver()
    inside = make_receiver(INSIDE, outside.port)
    outside.answering = lambda _number, _request: Reply(302, {"location": inside.url})
    (one,) = posting(f"http://{NAME}:{outside.port}/", Resolver(["127.0.0.1"]), names)
    assert (one.status, one.delivered, inside.received) == (302, False, [])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make self-signed certificates, each with its key in one file."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(named)
            .issuer_name(named)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        file = folder / name
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return file

    return make


@pytest.mark.parametrize(("named", "expected"), [(NAME, (204, None)), ("other.test", (None, "tls_failed"))])
def test_the_certificate_is_checked_against_the_name_not_the_address(
    named: str,
    expected: tuple[int | None, str | None],
    certificates: Callable[[str], Path],
    make_receiver: Callable[..., Receiver],
    names: ThreadPoolExecutor,
):
    file = certificates(named)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    receiving = make_receiver(tls=serving)
    trusting = ssl.create_default_context(cafile=str(file))
    attempts = posting(f"https://{NAME}:{receiving.port}/", Resolver(["127.0.0.1"]), names, times=2, tls=trusting)
    assert [(one.status, one.error) for one in attempts] == [expected] * 2
    assert len(receiving.received) == (2 if expected[0] else 0)


def test_an_unknown_certificate_is_refused(
    certificates: Callable[[str], Path], make_receiver: Callable[..., Receiver], names: ThreadPoolExecutor
):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificates(NAME))
    receiving = make_receiver(tls=serving)
    (one,) = posting(f"https://{NAME}:{receiving.port}/", Resolver(["127.0.0.1"]), names)
    assert (one.status, one.error, receiving.received) == (None, "tls_failed", [])
