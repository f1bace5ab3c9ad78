"""Services that are away or break off, callers who leave, and paths that nobody answers."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx2
import pytest

from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving
from tests.integration.gateway.conftest import Mirror
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

FILES = "/api/2.0/mlflow-artifacts/artifacts"


@contextmanager
def saying(words: bytes) -> Iterator[int]:
    """Serve one connection: read a little, say these words, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(words)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(90)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_that_is_away_is_said_to_be_and_callers_may_come_back(method: str) -> None:
    with serving_gateway(services_at(free_port())) as port:
        answer = httpx2.request(method, f"http://127.0.0.1:{port}/api/2.0/mlflow/runs/create")
        ready = httpx2.get(f"http://127.0.0.1:{port}/ready")
        health = httpx2.get(f"http://127.0.0.1:{port}/health")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert "ingest" in answer.json()["message"]
    assert ready.status_code == 503
    assert "ingest, query, artifact, registry, identity" in ready.json()["message"]
    assert (health.status_code, health.text) == (200, "OK")


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 200 OK\r\nConte", b"HTTP/1.1 200 OK\r\nContent-Length: some\r\n\r\n"]
)
def test_a_service_that_is_lost_before_its_answer_is_away(words: bytes) -> None:
    with saying(words) as service, serving_gateway(services_at(service)) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}{FILES}/f")
    assert answer.status_code == 503
    assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_not_taken_for_the_whole(words: bytes) -> None:
    with (
        saying(words) as service,
        serving_gateway(services_at(service)) as port,
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        httpx2.get(f"http://127.0.0.1:{port}{FILES}/f")


def test_an_answer_that_comes_before_the_body_was_sent_is_passed_on() -> None:
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno!"
    with saying(refusal) as service, serving_gateway(services_at(service)) as port:
        caller = socket.create_connection(("127.0.0.1", port), timeout=90)
        caller.sendall(
            f"PUT {FILES}/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nbegin".encode()
        )
        answer = b""
        while b"no!" not in answer:
            block = caller.recv(1 << 16)
            assert block, answer
            answer += block
        caller.close()
    assert b"400 Bad Request" in answer


def test_interim_answers_are_not_the_answer() -> None:
    words = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with saying(words) as service, serving_gateway(services_at(service)) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}{FILES}/f")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "link" not in answer.headers


def test_a_caller_who_leaves_during_the_answer_takes_the_request_back(
    gateway: httpx2.Client, mirror: Mirror
) -> None:
    with gateway.stream("GET", f"{FILES}/endless") as answer:
        # An iterator that nothing holds is closed, and its connection with it.
        blocks = answer.iter_raw()
        next(blocks)
        assert not mirror.left.is_set()
    assert mirror.left.wait(90)


@pytest.mark.parametrize("framing", ["Content-Length: 99000000", "Transfer-Encoding: chunked"])
def test_a_caller_who_leaves_during_the_body_takes_the_request_back(
    gateway_port: int, mirror: Mirror, framing: str
) -> None:
    caller = socket.create_connection(("127.0.0.1", gateway_port))
    caller.sendall(f"PUT {FILES}/f HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n3\r\nabc\r\n".encode())
    assert mirror.began.wait(90)
    caller.close()
    assert mirror.left.wait(90)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Yield a client of a gateway before a whole server."""
    app = embedded_app(StorageSettings(data=tmp_path_factory.mktemp("data")), behind_gateway=True)
    with (
        serving(app) as service,
        serving_gateway(services_at(service)) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=180) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "path", ["/no-such-page", "/api/2.0/mlflow/no-such-thing", "/api/2.0/mlflow/runs/create/", "/redoc"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_of_no_service_is_refused_in_mlflows_form(real: httpx2.Client, method: str, path: str) -> None:
    answer = real.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "ENDPOINT_NOT_FOUND"
    assert answer.json()["message"] == f"No endpoint answers {method} {path}."


def test_a_part_of_mlflow_that_is_not_offered_is_said_to_be(real: httpx2.Client) -> None:
    answer = real.post("/api/3.0/mlflow/traces")
    assert (answer.status_code, answer.json()["error_code"]) == (501, "NOT_IMPLEMENTED")


def test_a_probe_of_another_method_is_refused_in_mlflows_form(real: httpx2.Client) -> None:
    answer = real.post("/health")
    assert (answer.status_code, answer.json()["error_code"]) == (405, "BAD_REQUEST")


def test_the_gateway_has_no_counts_and_says_that_the_services_have(gateway: httpx2.Client) -> None:
    answer = gateway.get("/metrics")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert "each service" in answer.json()["message"]


@pytest.mark.parametrize("target", ["%zz", "/../../../../../../x"])
def test_an_address_that_nobody_can_read_is_refused_in_mlflows_form(gateway_port: int, target: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", gateway_port, timeout=60)) as connection:
        connection.request("GET", f"{FILES}/{target}")
        answer = connection.getresponse()
        told = json.loads(answer.read())
    assert (answer.status, told["error_code"]) == (400, "BAD_REQUEST")
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/.refusal/400", "/.ready/ingest"])
def test_nginxs_own_locations_are_nobodys_to_ask_for(gateway: httpx2.Client, path: str) -> None:
    answer = gateway.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_a_request_for_another_server_is_refused(gateway: httpx2.Client) -> None:
    answer = gateway.get("/ready", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert "'evil.example'" in answer.json()["message"]
    quoting = gateway.get(f"{FILES}/f", headers={"Host": 'evil"example'})
    assert quoting.status_code in {400, 403}
    assert quoting.json()["message"]
    assert gateway.get("/health", headers={"Host": "evil.example"}).text == "OK"
