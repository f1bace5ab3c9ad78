"""Which path a request means, below which prefix, and which proxies may say so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from trackhelm_core.http.prefix import AT_ROOT, Paths, single_slashes
from trackhelm_core.http.route_table import all_routes
from trackhelm_core.security.actor import TrustedProxies
from trackhelm_core.settings import AuthSettings, HttpSettings, path_prefix
from trackhelm_core.settings.process import OWN_ROOTS
from trackhelm_core.wire.requests import inner_path

FILES = "/api/2.0/mlflow-artifacts/artifacts"
TAGS = "/api/2.0/mlflow/logged-models/m-1/tags"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/get"),
        ("//api/2.0/mlflow/runs/get", "/api/2.0/mlflow/runs/get"),
        ("///api//2.0/mlflow///runs/get", "/api/2.0/mlflow/runs/get"),
        ("/api/2.0/mlflow/runs/get//", "/api/2.0/mlflow/runs/get/"),
        ("//", "/"),
        (f"/{FILES}", FILES),
        (f"/{FILES}/a//b", f"{FILES}/a//b"),
        (f"{FILES}//etc/passwd", f"{FILES}//etc/passwd"),
        ("//api//2.0//mlflow-artifacts//artifacts///etc//passwd", f"{FILES}///etc//passwd"),
        (
            "//ajax-api/2.0/mlflow-artifacts//mpu//create/a//b",
            "/ajax-api/2.0/mlflow-artifacts/mpu/create/a//b",
        ),
        ("//api/2.0/mlflow-artifacts//presigned/a//b", "/api/2.0/mlflow-artifacts/presigned/a//b"),
        (f"/{TAGS}/a//b", f"{TAGS}/a//b"),
        ("//api/2.0/mlflow/logged-models//m-1//tags", TAGS),
        (f"{FILES}/line\nbreak//x", f"{FILES}/line\nbreak//x"),
    ],
)
def test_doubled_slashes_are_one_but_in_names(path: str, meant: str) -> None:
    assert single_slashes(path) == meant


@given(st.sampled_from(sorted(route for route, _ in all_routes())), st.data())
def test_every_path_of_the_api_may_have_its_slashes_doubled(route: str, data: st.DataObject) -> None:
    own, _, name = route.partition("{path") if "{path" in route else route.partition("{key")
    folders = own.removesuffix("/").split("/")
    doubled = "".join(data.draw(st.sampled_from(["/", "//", "///"])) + folder for folder in folders[1:])
    end = "/a//b" if name else ""
    assert single_slashes(doubled + end) == own.removesuffix("/") + end


def client_of(prefix: str = "", proxies: str = "", *, behind_gateway: bool = False) -> TestClient:
    """Return the client of an application that answers with the two parts of a request's path."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        response = JSONResponse([scope.get("root_path", ""), inner_path(scope)])
        await response(scope, receive, send)

    trusted = TrustedProxies.of(AuthSettings(trusted_proxies=proxies), behind_gateway=behind_gateway)
    return TestClient(Paths(told, prefix, trusted), client=("10.0.0.1", 1))


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/trackhelm/api/2.0/x", ["/trackhelm", "/api/2.0/x"]),
        ("//trackhelm//api//2.0/x", ["/trackhelm", "/api/2.0/x"]),
        ("/trackhelm", ["/trackhelm", ""]),
        ("/trackhelm/", ["/trackhelm", "/"]),
        ("/trackhelm/trackhelm/x", ["/trackhelm", "/trackhelm/x"]),
        (f"/trackhelm{FILES}/a//trackhelm", ["/trackhelm", f"{FILES}/a//trackhelm"]),
        *((probe, ["", probe]) for probe in sorted(AT_ROOT)),
        ("//health", ["", "/health"]),
        ("/trackhelm/health", ["/trackhelm", "/health"]),
    ],
)
def test_a_server_is_served_below_its_prefix(path: str, parts: list[str]) -> None:
    assert client_of("/trackhelm").get(f"http://x{path}").json() == parts


@pytest.mark.parametrize("path", ["/", "/api/2.0/x", "/trackhelm2/api/2.0/x", "/Trackhelm/x", "/docs"])
def test_a_path_outside_the_prefix_is_refused_with_the_prefix(path: str) -> None:
    answer = client_of("/trackhelm").get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert f"GET {path}: this server's paths are below /trackhelm " in answer.json()["message"]


@pytest.mark.parametrize(
    ("setting", "forwarded", "path", "parts"),
    [
        ("", "/ml", "/api/x", ["/ml", "/api/x"]),
        ("", "/ml/", "/api/x", ["/ml", "/api/x"]),
        ("", "/ml", "/ml/api/x", ["/ml", "/api/x"]),
        ("", "/ml", "//ml//api/x", ["/ml", "/api/x"]),
        ("", "", "//api/x", ["", "/api/x"]),
        ("/t", "/t", "/api/x", ["/t", "/api/x"]),
        ("/t", "/t", "/t/api/x", ["/t", "/api/x"]),
        ("/t", "/ml", "/t/api/x", ["/ml/t", "/api/x"]),
        ("/t", "/ml/t", "/t/api/x", ["/ml/t", "/api/x"]),
        ("/t", "/ml", "/api/x", ["/ml", "/api/x"]),
    ],
)
def test_a_trusted_proxy_may_say_what_it_took_away(
    setting: str, forwarded: str, path: str, parts: list[str]
) -> None:
    client = client_of(setting, "10.0.0.0/8")
    assert client.get(f"http://x{path}", headers={"X-Forwarded-Prefix": forwarded}).json() == parts


@pytest.mark.parametrize("proxies", ["", "192.168.0.0/16"])
def test_an_untrusted_sender_may_not_name_a_prefix(proxies: str) -> None:
    answer = client_of("", proxies).get("/api/x", headers={"X-Forwarded-Prefix": "/evil"})
    assert answer.json() == ["", "/api/x"]


@pytest.mark.parametrize(("trail", "root"), [("10.0.0.7", "/ml"), ("10.0.0.7, 8.8.8.8", "")])
def test_behind_a_gateway_its_caller_must_be_trusted(trail: str, root: str) -> None:
    client = client_of("", "10.0.0.7", behind_gateway=True)
    headers = {"X-Forwarded-Prefix": "/ml", "X-Forwarded-For": trail}
    assert client.get("/api/x", headers=headers).json() == [root, "/api/x"]


HOSTILE = [
    "//evil",
    "/a//b",
    "evil",
    "/..",
    "/a/../b",
    "/a/./b",
    "/a b",
    "/a%2f",
    "/a\\b",
    "/a?b",
    "/é",
    "/a\x0bb",
]
RESERVED = ["/api", "/api/x", "/health", "/docs", "/ajax-api/"]


@pytest.mark.parametrize("prefix", [*HOSTILE, *RESERVED, "/" + "x" * 300, "/a, /b"])
def test_a_prefix_that_is_not_valid_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError, match=r"such as /trackhelm|must not begin with /"):
        HttpSettings(path_prefix=prefix)
    answer = client_of("", "10.0.0.0/8").get(
        "/x", headers=[(b"X-Forwarded-Prefix", prefix.encode("latin-1"))]
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BAD_REQUEST")
    assert answer.json()["message"].startswith("Header X-Forwarded-Prefix: ")


def test_a_proxy_may_send_only_one_prefix() -> None:
    headers = [("X-Forwarded-Prefix", "/a"), ("X-Forwarded-Prefix", "/b")]
    answer = client_of("", "10.0.0.0/8").get("/x", headers=headers)
    assert (answer.status_code, "more than once" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    ("text", "prefix"), [("", ""), ("/", ""), ("/a/", "/a"), ("/ml/track-helm_1.2~", None)]
)
def test_a_prefix_is_kept_without_its_last_slash(text: str, prefix: str | None) -> None:
    assert path_prefix(text) == (text if prefix is None else prefix)
    assert HttpSettings(path_prefix=text).path_prefix == path_prefix(text)


def test_no_prefix_may_begin_as_a_path_of_the_servers_own() -> None:
    assert {route.split("/")[1] for route, _ in all_routes()} <= OWN_ROOTS
    assert {probe.removeprefix("/") for probe in AT_ROOT} <= OWN_ROOTS
