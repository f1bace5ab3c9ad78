"""Tokens of a cluster's service accounts: only genuine ones, for this server, by current keys."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from pydantic import ValidationError

from tests.fixtures.certificates import certificate
from tests.fixtures.cluster_tokens import AUDIENCE, ISSUER, ClusterIssuer
from trackhelm_core.security import kubernetes_tokens
from trackhelm_core.security.kubernetes_tokens import (
    AGAIN_SECONDS,
    FRESH_SECONDS,
    LAST_SECONDS,
    ClusterKeys,
    KubernetesTokens,
    RefusedTokenError,
    ServiceAccount,
    is_json_web_token,
)
from trackhelm_core.settings import AuthSettings


@pytest.fixture(scope="module")
def issuer() -> ClusterIssuer:
    return ClusterIssuer()


@pytest.fixture
def file(issuer: ClusterIssuer, tmp_path: Path) -> Path:
    return issuer.write(tmp_path / "keys.json")


def settings(**more: Any) -> AuthSettings:
    return AuthSettings(auth="on", kubernetes_issuer=ISSUER, **more)


@pytest.fixture
def tokens(file: Path) -> KubernetesTokens:
    return KubernetesTokens(settings(kubernetes_keys_file=file))


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_genuine_token_says_whose_it_is(issuer: ClusterIssuer, tokens: KubernetesTokens, alg: str) -> None:
    token = issuer.token(issuer.claims("prod-etl", "writer.v2"), alg=alg)
    assert is_json_web_token(token)
    found = tokens.verify(token)
    assert (found.namespace, found.name) == ("prod-etl", "writer.v2")
    assert str(found) == "prod-etl/writer.v2"
    assert time.time() + 3500 < found.until < time.time() + 3700


def test_namespace_and_name_are_not_joined(issuer: ClusterIssuer, tokens: KubernetesTokens) -> None:
    one = tokens.verify(issuer.token(issuer.claims("prod-etl", "writer")))
    other = tokens.verify(issuer.token(issuer.claims("prod", "etl-writer")))
    assert str(one) != str(other)
    assert isinstance(one, ServiceAccount)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"aud": ["https://kubernetes.default.svc"]}, "projected token for the audience 'trackhelm'"),
        ({"aud": []}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"aud": {"trackhelm": True}}, "another audience"),
        ({"aud": "trackhelm-other"}, "another audience"),
        ({"iss": "https://another.example"}, "another issuer"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"exp": None}, "'exp'"),
        ({"exp": "never"}, "'exp'"),
        ({"exp": True}, "'exp'"),
        ({"nbf": "soon"}, "'nbf'"),
        ({"sub": "system:serviceaccount:a:b:c"}, "service account"),
        ({"sub": "system:serviceaccount:a"}, "service account"),
        ({"sub": "system:serviceaccount:A:b"}, "service account"),
        ({"sub": "system:serviceaccount:a/../b:c"}, "service account"),
        ({"sub": "system:serviceaccount:a:b\n"}, "service account"),
        ({"sub": f"system:serviceaccount:a:{'b.' * 150}b"}, "service account"),
        ({"sub": "system:node:a"}, "service account"),
        ({"sub": "admin"}, "service account"),
        ({"sub": None}, "service account"),
        ({"sub": ["system:serviceaccount:a:b"]}, "service account"),
    ],
)
def test_what_a_token_must_say(
    issuer: ClusterIssuer, tokens: KubernetesTokens, claims: dict[str, Any], said: str
) -> None:
    with pytest.raises(RefusedTokenError, match=said):
        tokens.verify(issuer.token(issuer.claims(**claims)))


@pytest.mark.parametrize(
    ("claim", "seconds", "passes"),
    [("exp", -29, True), ("exp", -31, False), ("nbf", 29, True), ("nbf", 32, False)],
)
def test_clocks_may_be_half_a_minute_apart(
    issuer: ClusterIssuer,
    file: Path,
    claim: str,
    seconds: int,
    passes: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    now = time.time()
    tokens = KubernetesTokens(settings(kubernetes_keys_file=file), clock=lambda: now)
    token = issuer.token(issuer.claims() | {claim: now + seconds})
    if passes:
        tokens.verify(token)
    else:
        with pytest.raises(RefusedTokenError, match=r"expired|not valid yet"):
            tokens.verify(token)


def test_forged_tokens_are_refused(issuer: ClusterIssuer, tokens: KubernetesTokens) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "first"})
    unknown = RSAKey.generate_key(2048, {"kid": "third"})
    genuine = issuer.token()
    head, _, signature = genuine.split(".")
    _, body, _ = issuer.token(issuer.claims("kube-system", "admin")).split(".")
    own_key = {"jwk": stranger.as_dict(private=False)}
    forged = {
        "none": issuer.forged({"alg": "none", "kid": "first"}),
        "None": issuer.forged({"alg": "None", "kid": "first"}),
        "no algorithm": issuer.forged({"kid": "first"}),
        "HS256 with the public key": issuer.forged({"alg": "HS256", "kid": "first"}, issuer.public_text()),
        "HS256 with the document": issuer.forged({"alg": "HS256", "kid": "first"}, issuer.document()),
        "another key by the same id": issuer.token(key=stranger),
        "an unknown key": issuer.token(key=unknown),
        "its own key in the header": issuer.token(key=stranger, header=own_key),
        "keys from elsewhere": issuer.token(key=stranger, header={"jku": "https://evil.example/keys"}),
        "a certificate from elsewhere": issuer.token(key=stranger, header={"x5u": "https://evil.example/c"}),
        "no key id": issuer.forged({"alg": "RS256"}),
        "a key id that is no text": issuer.forged({"alg": "RS256", "kid": ["first"]}),
        "a critical extension": issuer.forged(
            {"alg": "RS256", "kid": "first", "crit": ["x"], "x": 1}, b"secret"
        ),
        "other claims": f"{head}.{body}.{signature}",
        "no signature": f"{head}.{body}.",
        "a cut signature": genuine[:-4],
        "RS256 by the other key's id": issuer.token(header={"kid": "second"}),
    }
    for what, token in forged.items():
        with pytest.raises(RefusedTokenError) as refusal:
            tokens.verify(token)
        assert token not in str(refusal.value), what
        assert body not in str(refusal.value), what


def test_only_what_may_be_a_token_is_looked_at(issuer: ClusterIssuer) -> None:
    assert not is_json_web_token("thp_" + "0" * 36)
    assert not is_json_web_token("a.b.c")
    assert not is_json_web_token(issuer.token() + "." + "x")
    assert not is_json_web_token("eyJ" + "a" * 1_000_000 + ".eyJ.x")


def test_a_symmetric_key_of_the_document_is_never_used(issuer: ClusterIssuer, tmp_path: Path) -> None:
    secret = OctKey.import_key("a secret that somebody has put into it", {"kid": "first"})
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [secret.as_dict(private=True)]}), encoding="utf-8")
    tokens = KubernetesTokens(settings(kubernetes_keys_file=file))
    with pytest.raises(RefusedTokenError, match="cannot be read"):
        tokens.verify(issuer.token())


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_keys_rotate_and_withdrawn_ones_end(issuer: ClusterIssuer, tmp_path: Path) -> None:
    clock = Clock()
    file = issuer.write(tmp_path / "keys.json", issuer.rsa)
    keys = ClusterKeys(settings(kubernetes_keys_file=file), clock)
    keys.with_key("first")
    with pytest.raises(RefusedTokenError, match="not one of the cluster's"):
        keys.with_key("second")
    issuer.write(file, issuer.ec)
    # Who names unknown keys makes them be read again, but not each time.
    with pytest.raises(RefusedTokenError):
        keys.with_key("second")
    clock.now += AGAIN_SECONDS
    keys.with_key("second")
    issuer.write(file, issuer.rsa)
    keys.with_key("second")
    clock.now += FRESH_SECONDS
    with pytest.raises(RefusedTokenError):
        keys.with_key("second")
    # While they cannot be read, the last ones count for an hour.
    file.unlink()
    clock.now += LAST_SECONDS - 1
    keys.with_key("first")
    clock.now += 1
    with pytest.raises(RefusedTokenError, match="cannot be read"):
        keys.with_key("first")
    issuer.write(file, issuer.rsa)
    clock.now += AGAIN_SECONDS
    keys.with_key("first")


# Keys by HTTPS.

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def cluster(folder: Path, answer: Answer) -> Iterator[tuple[str, Path, list[str]]]:
    """Yield the address of a server that answers so, its certificate, and the paths that were asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            answer(self)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    file = certificate(folder / "server.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/openid/v1/jwks", file, paths
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_keys_come_from_an_address(issuer: ClusterIssuer, tmp_path: Path) -> None:
    with cluster(tmp_path, lambda handler: _answer(handler, 200, issuer.document())) as (url, ca, paths):
        tokens = KubernetesTokens(settings(kubernetes_keys_url=url, kubernetes_ca_file=ca))
        for _ in range(3):
            tokens.verify(issuer.token())
        assert paths == ["/openid/v1/jwks"]
        # A server whose certificate is not trusted is not believed.
        with pytest.raises(RefusedTokenError, match="cannot be read"):
            KubernetesTokens(settings(kubernetes_keys_url=url)).verify(issuer.token())


@pytest.mark.parametrize("fault", ["redirect", "huge", "not JSON", "no keys", "error"])
def test_an_address_that_answers_otherwise_gives_no_keys(
    issuer: ClusterIssuer, tmp_path: Path, fault: str
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/elsewhere":
            _answer(handler, 200, issuer.document())
        elif fault == "redirect":
            _answer(handler, 302, b"", Location="/elsewhere")
        elif fault == "huge":
            _answer(handler, 200, b" " * 300_000 + issuer.document())
        elif fault == "error":
            _answer(handler, 500, issuer.document())
        else:
            _answer(handler, 200, b"x" if fault == "not JSON" else b'{"keys": []}')

    with cluster(tmp_path, answer) as (url, ca, paths):
        tokens = KubernetesTokens(settings(kubernetes_keys_url=url, kubernetes_ca_file=ca))
        for _ in range(2):
            with pytest.raises(RefusedTokenError, match="cannot be read"):
                tokens.verify(issuer.token())
        assert paths == ["/openid/v1/jwks"], "it is not asked again at once, and nobody else is"


def test_an_address_that_is_slow_is_given_up(
    issuer: ClusterIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes_tokens, "_FETCH_SECONDS", 0.2)
    over = threading.Event()

    def answer(_handler: BaseHTTPRequestHandler) -> None:
        over.wait(30)

    with cluster(tmp_path, answer) as (url, ca, _):
        tokens = KubernetesTokens(settings(kubernetes_keys_url=url, kubernetes_ca_file=ca))
        with pytest.raises(RefusedTokenError, match="cannot be read"):
            tokens.verify(issuer.token())
        over.set()


def test_in_a_cluster_its_own_api_is_asked_as_the_pods_account(
    issuer: ClusterIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        _answer(handler, 200, issuer.document())

    with cluster(tmp_path, answer) as (url, ca, _):
        (tmp_path / "ca.crt").write_bytes(ca.read_bytes())
        (tmp_path / "token").write_text("own\n", encoding="utf-8")
        monkeypatch.setattr(kubernetes_tokens, "_OWN_ACCOUNT", tmp_path)
        monkeypatch.setattr(kubernetes_tokens, "_OWN_KEYS_URL", url)
        KubernetesTokens(settings()).verify(issuer.token())
    assert seen == ["Bearer own"]


@pytest.mark.parametrize("audience", ["", "  ", ISSUER, "https://kubernetes.default.svc", "api"])
def test_an_audience_that_is_the_clusters_own_is_refused(audience: str) -> None:
    with pytest.raises(ValidationError, match="TRACKHELM_KUBERNETES_AUDIENCE"):
        settings(kubernetes_audience=audience)
    AuthSettings(kubernetes_audience=audience)


def test_keys_come_from_one_place_and_safely(tmp_path: Path) -> None:
    assert settings().kubernetes_audience == AUDIENCE
    with pytest.raises(ValidationError, match="both set"):
        settings(kubernetes_keys_file=tmp_path / "k", kubernetes_keys_url="https://keys.example/k")
    with pytest.raises(ValidationError, match="kubernetes_keys_url"):
        settings(kubernetes_keys_url="http://keys.example/k")
