"""What holds for every request: whose pages may write, and how probes are asked."""

import pytest

from tests.fixtures.api import API, Api


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 400),
        ("http://127.0.0.1", 400),
        ("HTTP://127.0.0.1", 400),
        ("http://127.0.0.1:81", 403),
        ("https://evil.example", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
        ("http://[::1%]x", 403),
    ],
)
def test_only_our_own_pages_write(api: Api, origin: str | None, status: int) -> None:
    headers = {} if origin is None else {"Origin": origin}
    # What is let through is refused for its lack of a name: 400.
    assert api.client.post(f"{API}/experiments/create", json={}, headers=headers).status_code == status


def test_any_page_reads(api: Api) -> None:
    assert api.client.get("/health", headers={"Origin": "https://other.example"}).status_code == 200


@pytest.mark.parametrize("probe", ["/health", "/ready", "/version"])
def test_a_probe_is_asked_without_its_body(api: Api, probe: str) -> None:
    answer = api.client.head(probe)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-request-id"]
