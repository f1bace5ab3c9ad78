"""What a server must not believe of an identity provider: claims, signatures, keys and addresses."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import ECKey, RSAKey

from tests.fixtures.bent_provider import CLIENT, SECRET, BentProvider
from tests.integration.access.conftest import HOST, Site
from tests.integration.access.oidc.conftest import (
    begin,
    finish,
    log_in,
    refused,
    session_of,
)
from trackhelm_identity.oidc import statements
from trackhelm_identity.oidc.provider import Provider

# What the provider says.

NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["another"]},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "replayed"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "s" * 256},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": None},
    ],
)
def test_a_wrong_claim_lets_nobody_in(site: Site, bent: BentProvider, claims: dict[str, Any]) -> None:
    refused(log_in(site, bent, **claims))


@pytest.mark.parametrize(
    ("name", "seconds", "is_let_in"),
    [("exp", -25, True), ("exp", -31, False), ("nbf", 25, True), ("nbf", 35, False), ("iat", 35, False)],
)
def test_clocks_may_differ_by_half_a_minute(
    site: Site,
    bent: BentProvider,
    name: str,
    seconds: int,
    is_let_in: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    claims: dict[str, Any] = {name: int(time.time()) + seconds}
    answer = log_in(site, bent, **claims)
    assert (session_of(answer) is not None) == is_let_in


def unsigned(claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def with_secret(claims: dict[str, Any], secret: bytes, kid: str) -> str:
    parts = [_part({"alg": "HS256", "kid": kid}), _part(claims)]
    signature = hmac.digest(secret, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def _part(message: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(message).encode()).rstrip(b"=").decode()


def of_a_stranger(bent: BentProvider, claims: dict[str, Any], **header: Any) -> str:
    return bent.signed(claims, RSAKey.generate_key(2048, {"kid": bent.key.kid}), **header)


STRANGER = RSAKey.generate_key(2048, {"kid": "stranger"})


@pytest.mark.parametrize(
    "name",
    [
        *("none", "HS256 by the public key", "HS256 by the secret", "stranger", "jwk", "jku", "x5u"),
        *("unknown kid", "crit", "changed", "not a token", "too long", "encrypted"),
    ],
)
def test_a_signature_that_is_not_the_provider_s_lets_nobody_in(
    site: Site, bent: BentProvider, name: str
) -> None:
    ways: dict[str, Any] = {
        "none": unsigned,
        "HS256 by the public key": lambda claims: with_secret(
            claims, bent.key.as_pem(private=False), bent.key.kid
        ),
        "HS256 by the secret": lambda claims: with_secret(claims, SECRET.encode(), bent.key.kid),
        "stranger": lambda claims: of_a_stranger(bent, claims),
        "jwk": lambda claims: bent.signed(claims, STRANGER, jwk=STRANGER.as_dict(private=False)),
        "jku": lambda claims: bent.signed(claims, STRANGER, jku=f"{bent.issuer}/stranger"),
        "x5u": lambda claims: bent.signed(claims, STRANGER, x5u=f"{bent.issuer}/stranger"),
        "unknown kid": lambda claims: bent.signed(claims, STRANGER),
        "crit": lambda claims: _with_crit(bent, claims),
        "changed": lambda claims: _changed(bent.signed(claims)),
        "not a token": lambda _claims: "a.b",
        "too long": lambda claims: bent.signed(claims | {"padding": "x" * 100_000}),
        "encrypted": lambda _claims: "a.b.c.d.e",
    }
    bent.sign = ways[name]
    refused(log_in(site, bent))
    assert "/stranger" not in bent.asked


def _with_crit(bent: BentProvider, claims: dict[str, Any]) -> str:
    """Return a token with an extension that nobody knows, and that says that it must be understood."""
    header = {"alg": "RS256", "kid": bent.key.kid, "crit": ["exp"], "exp": 1}
    parts = [_part(header).encode(), _part(claims).encode()]
    signature = bent.key.private_key.sign(b".".join(parts), padding.PKCS1v15(), hashes.SHA256())
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def _changed(token: str) -> str:
    header, claims, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{_part(told | {'sub': 'admin'})}.{signature}"


def test_a_new_key_counts_at_once_and_a_withdrawn_one_no_longer(site: Site, bent: BentProvider) -> None:
    provider = site.runtime.part(Provider)
    said = provider._statements
    now = [0.0]
    said._monotonic = lambda: now[0]
    try:
        assert session_of(log_in(site, bent))
        old, bent.key = bent.key, ECKey.generate_key("P-256", {"kid": "new", "use": "sig"})
        bent.jwks = {"keys": [bent.key.as_dict(private=False)]}
        bent.sign = lambda claims: bent.signed(claims, alg="ES256")
        # It was asked for its keys a moment ago, and invented keys must not make the server ask again.
        refused(log_in(site, bent))
        now[0] = 11
        assert session_of(log_in(site, bent))
        bent.sign = lambda claims: bent.signed(claims, old)
        refused(log_in(site, bent))
        # While the provider does not give its keys, the last ones count, for an hour.
        bent.sign = lambda claims: bent.signed(claims, alg="ES256")
        bent.answer = lambda path: (500, {}, b"{}") if path == "/jwks" else None
        now[0] = 400
        assert session_of(log_in(site, bent))
        now[0] = 400 + 3601
        refused(log_in(site, bent), "unreachable")
    finally:
        said._monotonic = time.monotonic


@pytest.mark.parametrize(
    "said",
    [
        (500, {}, b"{}"),
        (200, {}, b"<html>"),
        (200, {}, b'{"issuer": "https://evil.example"}'),
        (302, {"Location": "/jwks"}, b""),
        (200, {}, b'"' + b"x" * (1 << 20) + b'"'),
    ],
)
def test_a_provider_that_says_nothing_of_use_is_out_of_reach(
    site: Site, bent: BentProvider, said: tuple[int, dict[str, str], bytes]
) -> None:
    statements = site.runtime.part(Provider)._statements
    statements._metadata = {}
    now = [0.0]
    statements._monotonic = lambda: now[0]
    bent.answer = lambda path: said if path.startswith("/.well-known/") else None
    bent.asked.clear()
    try:
        for _ in range(3):
            assert begin(site)[0] == f"{HOST}/#/login?failed=unreachable"
        # Beginning logins must not make the server wait for the provider each time.
        assert len(bent.asked) == 1
        bent.straighten()
        now[0] = 11
        assert begin(site)[0].startswith(bent.issuer)
        # Those that it last gave count on, and it is asked as rarely.
        now[0] = 11 + 3601
        bent.answer = lambda path: said if path.startswith("/.well-known/") else None
        bent.asked.clear()
        for _ in range(3):
            assert begin(site)[0].startswith(bent.issuer)
        assert len(bent.asked) == 1
    finally:
        statements._monotonic = time.monotonic


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((302, {"Location": "/stranger"}, b"{}"), "unreachable"),
        ((200, {}, b"x" * (2 << 20)), "unreachable"),
        ((200, {}, b'{"keys": "none"}'), "unreachable"),
        ((200, {}, b'{"keys": []}'), "unreachable"),
        ((200, {}, b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'), "unreachable"),
        ((200, {}, b'{"keys": [{"kty": "RSA"}, 7]}'), "unreachable"),
    ],
)
def test_keys_that_are_none_let_nobody_in(site: Site, bent: BentProvider, answer: Any, code: str) -> None:
    site.runtime.part(Provider)._statements._keys = None
    bent.answer = lambda path: answer if path == "/jwks" else None
    refused(log_in(site, bent), code)
    assert "/stranger" not in bent.asked


def test_a_provider_that_never_ends_its_answer_is_out_of_reach(
    site: Site, bent: BentProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, cookie = begin(site)
    monkeypatch.setattr(statements, "_ANSWER_SECONDS", -1.0)
    refused(finish(site, cookie, bent.authorize(address)), "unreachable")


def test_no_address_that_is_not_encrypted_is_asked(site: Site, bent: BentProvider) -> None:
    for address in (
        "http://192.0.2.1/token",
        "ftp://127.0.0.1/token",
        "http://127.0.0.1.evil.example/token",
        7,
    ):
        bent.metadata["token_endpoint"] = address
        site.runtime.part(Provider)._statements._metadata_until = float("-inf")
        refused(log_in(site, bent), "unreachable")
