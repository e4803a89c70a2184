"""Attacks on tokens, each beside the token that is right but for one thing."""

import base64
import hmac
import json
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from infra.tokens.key_sources import LocalKeys
from infra.tokens.local_issuer import LocalIssuer
from infra.tokens.principal import Principal, Role
from infra.tokens.refusal import TokenRefused
from infra.tokens.verifier import ALGORITHMS, TokenVerifier

ISSUER, AUDIENCE = "urn:kiteline:test", "kiteline"
MEMBER = UUID("6a2f41a3-c54c-4b7e-8f0a-0123456789ab")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(tmp_path):
    return LocalKeys(tmp_path)


@pytest.fixture
def issuer(keys, clock):
    return LocalIssuer(keys, ISSUER, AUDIENCE, clock)


@pytest.fixture
def verifier(keys, clock):
    return TokenVerifier(keys, ISSUER, AUDIENCE, clock=clock)


@pytest.fixture
def forge(keys, clock):
    """Sign with the right key what the issuer would not sign; None takes a claim or a header away."""

    def sign(header=None, *, key=None, **claims):
        right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "somebody", "exp": clock.now + 600, "role": "auditor"}
        head = {"alg": "ES256", "typ": "at+jwt", "kid": keys.signing_kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        told = {name: value for name, value in (right | claims).items() if value is not None}
        return jwt.encode(head, told, key or keys.signing_key, algorithms=[head["alg"]], default_type=None)

    return sign


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def refusal(verifier, token):
    with pytest.raises(TokenRefused) as caught:
        verifier.verify(token)
    assert caught.value.zh
    assert caught.value.en
    assert len(token) < 20 or token[:20] not in str(caught.value)
    return caught.value.code


def test_what_is_minted_is_who_is_asking(issuer, verifier):
    token = issuer.mint(
        Role.BRANCH_SECRETARY, organisation="样例-62", region="620621", member=MEMBER, subject="s1", lifetime=60
    )
    assert verifier.verify(token) == Principal("s1", Role.BRANCH_SECRETARY, "样例-62", "620621", MEMBER, ISSUER)


def test_a_member_is_called_by_their_id_and_others_are_somebody_new_each_time(issuer, verifier):
    mint = lambda role, **scope: verifier.verify(issuer.mint(role, lifetime=60, **scope)).subject  # noqa: E731
    assert mint(Role.MEMBER, member=MEMBER) == mint(Role.MEMBER, member=MEMBER)
    assert mint(Role.AUDITOR, region="000000") != mint(Role.AUDITOR, region="000000")


def test_a_right_token_made_by_hand_is_taken(verifier, forge):
    assert verifier.verify(forge()).role is Role.AUDITOR
    assert verifier.verify(forge({"typ": "application/AT+JWT"}, aud=["other", AUDIENCE])).subject == "somebody"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "urn:other"}, "token_not_for_us"),
        ({"aud": "other"}, "token_not_for_us"),
        ({"aud": ["other"]}, "token_not_for_us"),
        ({"aud": None}, "token_not_for_us"),
        ({"exp": None}, "token_claims_invalid"),
        ({"exp": "tomorrow"}, "token_claims_invalid"),
        ({"exp": 1_794_999_000}, "token_expired"),
        ({"nbf": 1_795_000_100}, "token_not_yet_valid"),
        ({"sub": ""}, "token_claims_invalid"),
        ({"sub": 7}, "token_claims_invalid"),
        ({"sub": "a\nb"}, "token_claims_invalid"),
        ({"role": None}, "token_claims_invalid"),
        ({"role": "boss"}, "token_claims_invalid"),
        ({"role": ["auditor"]}, "token_claims_invalid"),
        ({"region": "62"}, "token_claims_invalid"),
        ({"region": 620000}, "token_claims_invalid"),
        ({"region": "62____"}, "token_claims_invalid"),
        ({"member": "me"}, "token_claims_invalid"),
        ({"organisation": {"$ne": ""}}, "token_claims_invalid"),
    ],
)
def test_one_claim_that_is_wrong_is_enough(claims, code, verifier, forge):
    assert refusal(verifier, forge(**claims)) == code


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "JWT"}, "token_not_allowed"),
        ({"typ": None}, "token_not_allowed"),
        ({"kid": "another"}, "token_key_unknown"),
        ({"kid": None}, "token_key_unknown"),
    ],
)
def test_one_header_that_is_wrong_is_enough(header, code, verifier, forge):
    assert refusal(verifier, forge(header)) == code


def test_the_public_key_is_no_shared_secret(verifier, forge, keys):
    _, claims, _ = forge().split(".")
    header = encoded(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": keys.signing_kid}).encode())
    public = keys.signing_key.as_pem(private=False)
    signature = encoded(hmac.digest(public, f"{header}.{claims}".encode(), "sha256"))
    assert refusal(verifier, f"{header}.{claims}.{signature}") == "token_not_allowed"


def test_a_token_without_a_signature_is_refused(verifier, forge):
    _, claims, _ = forge().split(".")
    header = encoded(b'{"alg":"none","typ":"at+jwt"}')
    assert refusal(verifier, f"{header}.{claims}.") == "token_not_allowed"


def test_another_key_under_our_key_id_is_a_forgery(verifier, forge):
    assert refusal(verifier, forge(key=ECKey.generate_key("P-256"))) == "token_forged"


def test_an_algorithm_of_another_kind_of_key_is_refused(verifier, forge):
    token = forge({"alg": "RS256"}, key=RSAKey.generate_key(2048))
    assert refusal(verifier, token) in {"token_forged", "token_unreadable"}


def test_changed_claims_under_an_old_signature_are_a_forgery(verifier, forge):
    header, claims, signature = forge().split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed = encoded(json.dumps(told | {"role": "operator"}).encode())
    assert refusal(verifier, f"{header}.{changed}.{signature}") == "token_forged"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "é.b.c", "\udcff.b.c", "a.b.c.d", "x" * 9000 + ".b.c", "bnVsbA.e30.e30"]
)
def test_what_is_no_token_is_unreadable(token, verifier):
    assert refusal(verifier, token) in {"token_unreadable", "token_not_allowed"}


def test_no_algorithm_with_a_shared_secret_is_on_the_list():
    assert not [name for name in ALGORITHMS if name.startswith("HS") or name == "none"]


def test_a_token_is_remembered_until_it_ends_and_not_a_second_longer(issuer, verifier, clock):
    token = issuer.mint(Role.AUDITOR, region="000000", lifetime=60)
    verifier.verify(token)
    clock.now += 89  # half a minute of leeway for clocks that differ
    verifier.verify(token)
    clock.now += 1
    assert refusal(verifier, token) == "token_expired"


def test_a_key_that_was_withdrawn_is_believed_for_five_minutes_at_most(issuer, keys, clock):
    class Withdrawing:
        held = True

        def find(self, kid):
            return keys.find(kid) if self.held else None

    source = Withdrawing()
    verifier = TokenVerifier(source, ISSUER, AUDIENCE, clock=clock)
    token = issuer.mint(Role.AUDITOR, region="000000", lifetime=3600)
    verifier.verify(token)
    source.held = False
    clock.now += 299
    verifier.verify(token)
    clock.now += 1
    assert refusal(verifier, token) == "token_key_unknown"


def test_only_so_many_are_remembered(issuer, keys, clock):
    verifier = TokenVerifier(keys, ISSUER, AUDIENCE, remembered=10, clock=clock)
    for _ in range(30):
        verifier.verify(issuer.mint(Role.AUDITOR, region="000000", lifetime=60))
    assert len(verifier._remembered) == 10


def test_keys_of_one_subject_at_two_issuers_belong_to_two_callers():
    one = Principal("s", Role.AUDITOR, issuer="urn:one")
    assert one.caller != Principal("s", Role.AUDITOR, issuer="urn:two").caller
