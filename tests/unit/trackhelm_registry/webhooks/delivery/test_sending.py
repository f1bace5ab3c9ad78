"""How a call is signed, and how long a failed one waits."""

import base64
import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from trackhelm_registry.webhooks.delivery.dispatcher import wait_seconds
from trackhelm_registry.webhooks.delivery.sending import Endpoint, signature_of


@given(st.text(), st.text())
def test_the_signature_is_the_one_that_mlflow_documents(secret: str, body: str) -> None:
    digest = hmac.new(secret.encode(), f"id.12.{body}".encode(), hashlib.sha256).digest()
    assert signature_of(secret, "id", "12", body) == f"v1,{base64.b64encode(digest).decode()}"


@given(st.integers(1, 1_000))
def test_waits_double_up_to_an_hour_give_or_take_a_quarter(attempts: int) -> None:
    plain = min(5 * 2 ** (attempts - 1), 3_600)
    assert 0.75 * plain <= wait_seconds(attempts) <= 1.25 * plain


def test_a_url_is_taken_apart() -> None:
    whole = Endpoint.of("https://example.org:8443/a/b?c=d#e")
    assert whole == Endpoint("https", "example.org", 8443, "example.org:8443", "/a/b?c=d")
    assert Endpoint.of("http://[2606:4700::1]") == Endpoint("http", "2606:4700::1", 80, "[2606:4700::1]", "/")
