"""Keys of the issuer: ours, and an outside issuer's that comes, goes and changes them."""

import json
import stat

import pytest
from joserfc.jwk import ECKey, KeySet, OctKey

from infra.tokens.key_sources import LocalKeys, RemoteKeys, TokenKeyFailure


class Issuer:
    """An outside issuer at the other end of `fetch`; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.keys = [new_key()]
        self.away = False
        self.asked = 0
        self.now = 0.0

    def fetch(self, url: str) -> bytes:
        """Answer a request."""
        self.asked += 1
        if self.away:
            raise ConnectionRefusedError(url)
        return json.dumps(KeySet(self.keys).as_dict(private=False)).encode()

    def source(self, cache):
        """Be asked by a service that starts."""
        return RemoteKeys("https://issuer.example/jwks", cache, fetch=self.fetch, clock=lambda: self.now)


def new_key():
    return ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture
def issuer():
    return Issuer()


def test_our_key_is_made_once_and_kept_from_others(tmp_path):
    first, second = LocalKeys(tmp_path), LocalKeys(tmp_path)
    assert first.signing_kid == second.signing_kid
    assert stat.S_IMODE((tmp_path / "keys" / "issuer.json").stat().st_mode) == 0o600
    assert first.find("another") is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"keys": []}', b'{"keys": [{"kty": "EC"}]}', b"\xff"])
def test_a_damaged_key_file_is_told_and_kept(content, tmp_path):
    file = tmp_path / "keys" / "issuer.json"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(TokenKeyFailure):
        LocalKeys(tmp_path)
    assert file.read_bytes() == content


def test_keys_are_fetched_once_for_many_tokens(issuer, tmp_path):
    source = issuer.source(tmp_path / "cache.json")
    assert all(source.find(issuer.keys[0].kid) for _ in range(100))
    assert issuer.asked == 1


def test_a_new_key_is_found_as_soon_as_a_token_names_it(issuer, tmp_path):
    source = issuer.source(tmp_path / "cache.json")
    source.find(issuer.keys[0].kid)
    issuer.keys.append(new_key())
    issuer.now = 31
    assert source.find(issuer.keys[1].kid) is not None


def test_unknown_key_ids_do_not_make_us_hammer_the_issuer(issuer, tmp_path):
    source = issuer.source(tmp_path / "cache.json")
    for number in range(100):
        assert source.find(f"guess {number}") is None
    assert issuer.asked == 1


def test_a_withdrawn_key_is_gone_after_five_minutes(issuer, tmp_path):
    source = issuer.source(tmp_path / "cache.json")
    old = issuer.keys[0].kid
    source.find(old)
    issuer.keys = [new_key()]
    issuer.now = 301
    assert source.find(old) is None


def test_while_the_issuer_is_away_its_keys_serve_after_a_restart_too(issuer, tmp_path):
    kid = issuer.keys[0].kid
    first = issuer.source(tmp_path / "cache.json")
    first.find(kid)
    issuer.away, issuer.now = True, 100_000
    assert first.find(kid) is not None
    assert issuer.source(tmp_path / "cache.json").find(kid) is not None


def test_a_service_that_starts_without_its_issuer_serves_when_it_comes(issuer, tmp_path):
    issuer.away = True
    source = issuer.source(tmp_path / "cache.json")
    kid = issuer.keys[0].kid
    assert source.find(kid) is None
    issuer.away, issuer.now = False, 31
    assert source.find(kid) is not None


def test_shared_secrets_and_encryption_keys_in_a_set_are_passed_over(issuer, tmp_path):
    secret = OctKey.generate_key(256, auto_kid=True)
    encrypting = ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)
    issuer.keys += [secret, encrypting]
    source = issuer.source(tmp_path / "cache.json")
    assert source.find(issuer.keys[0].kid) is not None
    assert source.find(secret.kid) is None
    assert source.find(encrypting.kid) is None


def test_a_token_without_a_key_id_means_the_only_key_and_none_of_several(issuer, tmp_path):
    source = issuer.source(tmp_path / "cache.json")
    assert source.find("") is source.find(issuer.keys[0].kid)
    issuer.keys.append(new_key())
    issuer.now = 301
    assert source.find("") is None
    issuer.keys, issuer.now = [ECKey.generate_key("P-256")], 602
    assert source.find("") is not None
    assert source.find("another") is None


@pytest.mark.parametrize("url", ["http://issuer.example/jwks", "ftp://127.0.0.1/", "http://10.0.0.1/", "/etc/passwd"])
def test_keys_are_not_fetched_in_the_clear_from_elsewhere(url, tmp_path):
    with pytest.raises(TokenKeyFailure):
        RemoteKeys(url, tmp_path / "cache.json")


@pytest.mark.parametrize(
    "url", ["https://issuer.example/", "http://127.0.0.1:9/", "http://[::1]:9/", "http://localhost/"]
)
def test_https_and_this_machine_are_taken(url, tmp_path):
    RemoteKeys(url, tmp_path / "cache.json")
