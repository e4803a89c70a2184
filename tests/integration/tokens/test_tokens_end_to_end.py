"""From `kiteline token` or an issuer's web server to a principal."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from infra.settings import load_settings
from infra.tokens.configured import local_issuer, token_verifier
from infra.tokens.key_sources import TokenKeyFailure
from infra.tokens.principal import Role
from infra.tokens.refusal import TokenRefused

MEMBER = "6a2f41a3-c54c-4b7e-8f0a-0123456789ab"
KEY = ECKey.generate_key("P-256", auto_kid=True)


def kiteline_token(home, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KITELINE_")}
    return subprocess.run(
        [sys.executable, "-c", "from infra.cli.main import app; app()", "token", *arguments],
        env=environment | {"KITELINE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def web_server(answer: bytes, status: int = 200, **headers: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(home, url=None):
    chosen = {"KITELINE_HOME": str(home), "KITELINE_TOKEN_ISSUER": "https://issuer.example"}
    return load_settings(chosen | ({"KITELINE_TOKEN_JWKS_URL": url} if url else {}))


def outside_token():
    claims = {"iss": "https://issuer.example", "aud": "kiteline", "sub": "u1", "exp": 2**33, "role": "auditor"}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
    return jwt.encode(header, claims | {"region": "620000"}, KEY, algorithms=["ES256"])


def test_the_command_prints_a_token_and_nothing_else_and_the_service_takes_it(tmp_path):
    printed = kiteline_token(tmp_path, "--role", "member", "--member", MEMBER)
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.count("\n") == 1
    principal = token_verifier(load_settings({"KITELINE_HOME": str(tmp_path)})).verify(printed.stdout.strip())
    assert (principal.role, principal.member_id) == (Role.MEMBER, UUID(MEMBER))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--role", "member"),
        ("--role", "liaison", "--region", "620621"),
        ("--role", "auditor"),
        ("--role", "sister_system"),
        ("--role", "auditor", "--region", "62"),
        ("--role", "boss"),
    ],
)
def test_a_role_that_holds_nowhere_gets_no_token(arguments, tmp_path):
    printed = kiteline_token(tmp_path, *arguments)
    assert (printed.returncode, printed.stdout) == (2, "")
    assert "Traceback" not in printed.stderr


def test_an_outside_issuers_keys_come_from_its_web_server(tmp_path):
    with web_server(json.dumps(KeySet([KEY]).as_dict(private=False)).encode()) as url:
        principal = token_verifier(settings(tmp_path, url)).verify(outside_token())
    assert (principal.subject, principal.region) == ("u1", "620000")
    # The server is gone, the process new: what was last seen serves.
    assert token_verifier(settings(tmp_path, url)).verify(outside_token()) == principal


def test_keys_may_lie_in_a_file(tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    assert token_verifier(settings(tmp_path, file.as_uri())).verify(outside_token()).subject == "u1"


def test_a_redirect_to_other_keys_is_not_followed(tmp_path):
    right = json.dumps(KeySet([KEY]).as_dict(private=False)).encode()
    with (
        web_server(right) as elsewhere,
        web_server(b"", 302, Location=elsewhere) as url,
        pytest.raises(TokenRefused) as caught,
    ):
        token_verifier(settings(tmp_path, url)).verify(outside_token())
    assert caught.value.code == "token_key_unknown"


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"keys": 7}', b"[" * 300_000])
def test_an_answer_that_is_no_key_set_leaves_tokens_refused_and_the_service_well(answer, tmp_path):
    with web_server(answer) as url, pytest.raises(TokenRefused) as caught:
        token_verifier(settings(tmp_path, url)).verify(outside_token())
    assert caught.value.code == "token_key_unknown"


def test_where_an_outside_issuer_makes_the_tokens_ours_makes_none(tmp_path):
    with pytest.raises(TokenKeyFailure):
        local_issuer(settings(tmp_path, "https://issuer.example/jwks"))
