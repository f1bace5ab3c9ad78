"""What a service is asked, and what a caller is answered, is the same with a gateway between them."""

import hashlib
import http.client
import itertools
import json
import threading
from contextlib import closing
from typing import Any

import httpx2
import pytest

from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving
from tests.integration.gateway.conftest import Mirror
from trackhelm_core.settings import HttpSettings

FILES = "/api/2.0/mlflow-artifacts/artifacts"


def told(port: int, method: str, target: str, **headers: str) -> Any:
    """Send a request whose target no client library has touched, and return what the service saw."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=180)) as connection:
        connection.request(method, target, headers=headers)
        return json.loads(connection.getresponse().read())


def headers_of(answer: Any, name: str) -> list[str]:
    return [value for header, value in answer["headers"] if header == name]


@pytest.mark.parametrize(
    "target",
    [
        f"{FILES}/plain.txt",
        f"{FILES}/100%25.txt",
        f"{FILES}/%41%2fb%2Fc",
        f"{FILES}/a//b/../c/./d",
        f"{FILES}/%E6%95%B0%20x",
        f"{FILES}/a;b=c@d:e,f+g~h",
        f"{FILES}/q?a=%2F&b=+&&c",
        "/api/2.0/mlflow/logged-models/m-1/tags/a%2Fb",
    ],
)
def test_a_path_and_query_arrive_byte_for_byte(gateway_port: int, target: str) -> None:
    seen = told(gateway_port, "GET", target)
    path, _, query = target.partition("?")
    assert (seen["raw_path"], seen["query"]) == (path, query)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_may_carry_a_body(gateway: httpx2.Client, method: str) -> None:
    seen = gateway.request(method, f"{FILES}/f", content=b"four").json()
    assert (seen["method"], seen["size"]) == (method, 4)


def test_a_head_is_answered_without_a_body_and_the_connection_goes_on(gateway: httpx2.Client) -> None:
    for _ in range(3):
        answer = gateway.head(f"{FILES}/f")
        assert (answer.status_code, answer.content) == (203, b"")
        assert int(answer.headers["content-length"]) > 100
        assert gateway.get(f"{FILES}/f").json()["method"] == "GET"


@pytest.mark.parametrize("announced", [True, False])
def test_a_large_body_arrives_whole(gateway: httpx2.Client, *, announced: bool) -> None:
    block = bytes(range(256)) * 300
    size = 400 * len(block)
    headers = {"Content-Length": str(size)} if announced else {}
    seen = gateway.put(f"{FILES}/f", content=itertools.repeat(block, 400), headers=headers).json()
    assert (seen["size"], seen["sha256"]) == (size, hashlib.sha256(block * 400).hexdigest())
    assert headers_of(seen, "transfer-encoding") == ([] if announced else ["chunked"])


def test_headers_pass_but_those_of_one_connection(gateway_port: int) -> None:
    seen = told(
        gateway_port,
        "GET",
        f"{FILES}/f",
        **{
            "Range": "bytes=1-2",
            "X-Own": "a",
            "Connection": "keep-alive",
            "TE": "trailers",
        },
    )
    assert headers_of(seen, "range") == ["bytes=1-2"]
    assert headers_of(seen, "x-own") == ["a"]
    assert headers_of(seen, "host") == [f"127.0.0.1:{gateway_port}"]
    for gone in ("te", "connection"):
        assert headers_of(seen, gone) == []


def test_an_answers_headers_pass_but_those_of_one_connection(gateway: httpx2.Client) -> None:
    answer = gateway.get(f"{FILES}/f")
    assert answer.headers["x-mirror"] == "yes"
    assert len(answer.headers.get_list("date")) == 1


def test_the_service_is_told_who_asked_and_callers_cannot_say_otherwise(gateway_port: int) -> None:
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https"}
    seen = told(gateway_port, "GET", f"{FILES}/f", **forged)
    assert headers_of(seen, "x-forwarded-for") == ["127.0.0.1"]
    assert headers_of(seen, "x-forwarded-proto") == ["http"]
    assert headers_of(seen, "x-forwarded-host") == [f"127.0.0.1:{gateway_port}"]


def test_a_gateway_behind_another_passes_on_what_that_one_said(mirror: Mirror) -> None:
    given = {
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Host": "trackhelm.example",
        "X-Forwarded-Proto": "https",
    }
    with (
        serving(mirror) as port,
        serving_gateway(services_at(port), HttpSettings(behind_gateway=True)) as gateway,
    ):
        seen = told(gateway, "GET", f"{FILES}/f", **given, **{"X-Request-Id": "from-the-ingress"})
    assert headers_of(seen, "x-forwarded-for") == ["9.9.9.9, 127.0.0.1"]
    assert headers_of(seen, "x-forwarded-proto") == ["https"]
    assert headers_of(seen, "x-forwarded-host") == ["trackhelm.example"]
    assert headers_of(seen, "x-request-id") == ["from-the-ingress"]


def test_service_and_caller_are_given_one_id_which_the_caller_cannot_choose(gateway: httpx2.Client) -> None:
    answer = gateway.get(f"{FILES}/f", headers={"X-Request-Id": "my-own-choice"})
    (passed_on,) = headers_of(answer.json(), "x-request-id")
    assert answer.headers.get_list("x-request-id") == [passed_on]
    assert passed_on != "my-own-choice"


def test_many_callers_at_once_get_their_own_answers(gateway_port: int) -> None:
    wrong: list[str] = []

    def call(caller: int) -> None:
        with httpx2.Client(base_url=f"http://127.0.0.1:{gateway_port}", timeout=180) as client:
            for turn in range(20):
                path = f"{FILES}/{caller}/{turn}"
                if client.get(path).json()["raw_path"] != path:
                    wrong.append(path)

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
