"""Who the audit trail says has sent a request, by what the request carries and where it comes from."""

import base64
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fixtures.api import API, Api
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

PROXIES = "10.1.0.0/16, ::1/128"


@pytest.fixture(scope="module")
def behind_proxy(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Yield the API as a proxy at 10.1.2.3 calls it."""
    settings = AuthSettings(trusted_proxies=PROXIES)
    storage = StorageSettings(data=tmp_path_factory.mktemp("data"), database_url=module_database_url)
    app = embedded_app(storage, auth=settings)
    with TestClient(app, base_url="http://127.0.0.1", client=("10.1.2.3", 5)) as client:
        yield Api(client)


def event_of(api: Api, headers: Any) -> dict[str, Any]:
    """Create a model with some headers and return its event."""
    name = uuid.uuid4().hex
    answer = api.client.post(f"{API}/registered-models/create", json={"name": name}, headers=headers)
    assert answer.status_code == 200, answer.text
    event: dict[str, Any]
    (event,) = api.get("/api/2.0/trackhelm/audit/events", model_name=name)["events"]
    assert event["request_id"] == answer.headers["x-request-id"]
    return event


def basic(text: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text).decode()}"}


@pytest.mark.parametrize(
    ("headers", "kind", "name"),
    [
        ({}, "anonymous", "anonymous"),
        (basic(b"ada:secret"), "user", "ada"),
        (basic(b"ada:"), "user", "ada"),
        (basic(b"ada:se:cret"), "user", "ada"),
        (basic("Zoë:é".encode()), "user", "Zoë"),
        (basic("Zoë:é".encode("latin-1")), "user", "Zoë"),
        (basic(b"anonymous:x"), "user", "anonymous"),
        ({"Authorization": basic(b"ada:x")["Authorization"].replace("Basic", "bASIC")}, "user", "ada"),
        ({"X-Forwarded-User": "root"}, "anonymous", "anonymous"),
        ({"X-Forwarded-User": "root", **basic(b"ada:x")}, "user", "ada"),
    ],
)
def test_an_actor_is_who_the_request_says(api: Api, headers: Any, kind: str, name: str) -> None:
    event = event_of(api, headers)
    assert (event["actor_kind"], event["actor"]) == (kind, name)


def test_the_bearer_of_a_token_has_a_name_that_is_not_the_token(api: Api) -> None:
    first, again, other = (
        event_of(api, {"Authorization": f"Bearer {token}"}) for token in ("abcDEF123", "abcDEF123", "x")
    )
    assert first["actor_kind"] == "token"
    assert first["actor"] == again["actor"] != other["actor"]
    assert first["actor"].startswith("token-")
    assert "abcDEF123" not in str(first)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic hunter2"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer two words"},
        {"Authorization": "Negotiate abc"},
        basic(b"no colon"),
        basic(b":nameless"),
        basic(b"line\nbreak:x"),
        basic(b"nul\0:x"),
        basic(b"x" * 257 + b":x"),
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
    ],
)
@pytest.mark.parametrize("path", [f"{API}/registered-models/create", f"{API}/nothing/there"])
def test_credentials_that_cannot_be_read_are_refused(api: Api, headers: Any, path: str) -> None:
    answer = api.client.post(path, json={"name": uuid.uuid4().hex}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED"
    assert "hunter2" not in answer.text
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("headers", "kind", "name"),
    [
        ({"X-Forwarded-User": "ada"}, "proxied", "ada"),
        ({"x-forwarded-user": "Zoë".encode()}, "proxied", "Zoë"),
        ({"X-Forwarded-User": "ada", "Authorization": "Bearer of-the-proxy"}, "proxied", "ada"),
        (basic(b"bob:x"), "user", "bob"),
        ({}, "anonymous", "anonymous"),
    ],
)
def test_a_trusted_proxy_names_the_user(behind_proxy: Api, headers: Any, kind: str, name: str) -> None:
    event = event_of(behind_proxy, headers)
    assert (event["actor_kind"], event["actor"]) == (kind, name)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-User": ""},
        {"X-Forwarded-User": "x" * 257},
        {"X-Forwarded-User": b"a\tb"},
        [("X-Forwarded-User", "ada"), ("X-Forwarded-User", "root")],
    ],
)
def test_a_proxy_that_names_nobody_in_particular_is_refused(behind_proxy: Api, headers: Any) -> None:
    answer = behind_proxy.client.get(f"{API}/registered-models/search", headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (None, "10.1.2.3"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.9, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.1.9.9", "192.0.2.7"),
        ("192.0.2.7, ::1, ::ffff:10.1.0.1", "192.0.2.7"),
        ("unknown", "10.1.2.3"),
        ("", "10.1.2.3"),
    ],
)
def test_an_address_is_the_nearest_that_is_no_trusted_proxys(
    behind_proxy: Api, forwarded: str | None, address: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert event_of(behind_proxy, headers)["source_address"] == address


@pytest.mark.parametrize(
    ("forwarded", "actor", "address"),
    [
        ("10.1.2.3", "ada", "10.1.2.3"),
        ("192.0.2.7, 10.1.2.3", "ada", "192.0.2.7"),
        # The caller of the gateway is the last: the addresses that it sends before its own are worth nothing.
        ("10.1.2.3, 192.0.2.7", "anonymous", "192.0.2.7"),
        ("192.0.2.7", "anonymous", "192.0.2.7"),
    ],
)
def test_behind_a_gateway_the_caller_is_the_gateways(
    module_database_url: str, tmp_path: Path, forwarded: str, actor: str, address: str
) -> None:
    storage = StorageSettings(data=tmp_path, database_url=module_database_url)
    app = embedded_app(storage, behind_gateway=True, auth=AuthSettings(trusted_proxies=PROXIES))
    with TestClient(app, base_url="http://127.0.0.1", client=("10.1.0.1", 5)) as client:
        event = event_of(Api(client), {"X-Forwarded-For": forwarded, "X-Forwarded-User": "ada"})
    assert (event["actor"], event["source_address"]) == (actor, address)


def test_others_do_not_say_where_they_come_from(api: Api) -> None:
    assert event_of(api, {"X-Forwarded-For": "10.1.2.3"})["source_address"] == "testclient"
