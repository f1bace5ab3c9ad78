"""Which URLs a webhook may be given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.settings import WebhookSettings
from trackhelm_registry.webhooks.delivery.sending import Endpoint
from trackhelm_registry.webhooks.logic import check_url

STRICT = WebhookSettings()
LENIENT = WebhookSettings(webhook_allow_http=True, webhook_private_networks="127.0.0.0/8,::1/128")


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.org", "https://example.org:8443/a?b=c", "https://example.org./%C3%A4#x"),
        *("https://8.8.8.8/", "https://[2606:4700::1111]:443/x", "https://internal_host.example/"),
    ],
)
def test_what_may_be_called_is_accepted(url: str) -> None:
    assert check_url(url, STRICT) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.org", "TRACKHELM_WEBHOOK_ALLOW_HTTP"),
        ("ftp://example.org", "Invalid webhook URL scheme: 'ftp'. It must be https"),
        ("example.org", "Invalid webhook URL scheme: ''. It must be https"),
        ("https://", "Webhook URL must include a hostname"),
        ("https:///path", "Webhook URL must include a hostname"),
        ("https://user@example.org", "user or password"),
        ("https://user:secret@example.org", "user or password"),
        ("https://example.org:0", "port from 1"),
        ("https://example.org:99999", "^Invalid webhook URL 'https://"),
        ("https://example.org:x", "^Invalid webhook URL 'https://"),
        ("https://[::1", "^Invalid webhook URL 'https://"),
        ("https://exa mple.org", "without spaces"),
        ("https://example.org/a\r\nX-Evil: 1", "without spaces"),
        ("https://example.org/ä", "percent-encoded"),
        ("https://exam<ple.org", "must have a host"),
        ("https://127.0.0.1/", "is not public"),
        ("https://[::1]/", "is not public"),
        ("https://169.254.169.254/latest", "is not public"),
        ("https://example.org/" + "a" * 3_000, "maximum length"),
        ("", "cannot be empty or just whitespace"),
    ],
)
def test_what_may_not_is_refused_with_the_reason(url: str, said: str) -> None:
    with pytest.raises(InvalidParameterError, match=said):
        check_url(url, STRICT)


def test_settings_allow_more() -> None:
    for url in ("http://127.0.0.1:80/", "http://[::1]/", "http://example.org"):
        assert check_url(url, LENIENT) == url
    with pytest.raises(InvalidParameterError, match="is not public"):
        check_url("http://10.0.0.1/", LENIENT)


@given(st.text(min_size=1).map(lambda text: f"http://{text}"))
def test_what_is_accepted_can_be_called(url: str) -> None:
    try:
        check_url(url, LENIENT)
    except InvalidParameterError:
        return
    endpoint = Endpoint.of(url)
    assert 1 <= endpoint.port <= 65_535
    line = f"POST {endpoint.path} HTTP/1.1\r\nHost: {endpoint.host_header}"
    assert line.isascii()
    assert line.count("\n") == 1
    assert endpoint.path.startswith("/")
    assert " " not in endpoint.path
