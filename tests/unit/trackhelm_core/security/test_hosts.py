"""The check of `Host`, for a server that listens only on its own machine."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from trackhelm_core.security.browsers import HostCheck, host_name
from trackhelm_core.settings import HttpSettings


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:5000", "localhost"),
        ("LocalHost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:5000", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
        ("evil.example:x", "evil.example:x"),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("host", "allowed", "behind", "names"),
    [
        ("127.0.0.1", "", False, {"localhost", "127.0.0.1", "[::1]"}),
        ("::1", "", False, {"localhost", "127.0.0.1", "[::1]"}),
        ("127.0.0.1", "", True, None),
        ("0.0.0.0", "", False, None),
        ("127.0.0.1", "Tracking.example, b", False, {"tracking.example", "b"}),
        ("127.0.0.1", "a,*", False, None),
    ],
)
def test_the_names_a_server_answers_to(
    host: str, allowed: str, *, behind: bool, names: set[str] | None
) -> None:
    settings = HttpSettings(host=host, allowed_hosts=allowed, behind_gateway=behind)
    assert settings.host_names == names


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/ready", "localhost:5000", 200),
        ("/ready", "evil.example", 403),
        ("/ready", "", 403),
        ("/health", "evil.example", 200),
    ],
)
def test_a_foreign_host_is_refused_but_for_probes(path: str, host: str, status: int) -> None:
    served = Starlette(
        routes=[Route(name, lambda _: PlainTextResponse("OK")) for name in ("/ready", "/health")]
    )
    client = TestClient(HostCheck(served, frozenset({"localhost"})))
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error_code"] == "PERMISSION_DENIED"
        assert "TRACKHELM_ALLOWED_HOSTS" in answer.json()["message"]
