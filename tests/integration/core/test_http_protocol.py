"""What is no request, or too large a one, is refused in MLflow's form: by a server, and by the gateway."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving
from trackhelm_core.limits import REQUEST_HEADERS_BYTES, REQUEST_TARGET_BYTES
from trackhelm_core.settings import HttpSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

SEARCH = "/api/2.0/mlflow/registered-models/search"
CREATE = "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
VERSION = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> str:
        told = json.loads(self.body)
        assert told["error_code"] == "BAD_REQUEST"
        return str(told["message"])


@pytest.fixture(scope="module", params=["embedded", "gateway"])
def shape(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def port(shape: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server, and of a gateway with that server behind it."""
    with serving(embedded_app(StorageSettings(data=tmp_path_factory.mktemp("data")))) as server:
        if shape == "embedded":
            yield server
            return
        with serving_gateway(services_at(server), HttpSettings(allowed_hosts="*")) as gateway:
            yield gateway


def exchange(port: int, *blocks: bytes) -> list[Answer]:
    """Send blocks, and return the answers up to the connection's end."""
    with socket.create_connection(("127.0.0.1", port), timeout=90) as connection:
        for block in blocks:
            connection.sendall(block)
        said = b""
        while block := connection.recv(1 << 16):
            said += block
    answers = []
    while said:
        head, _, said = said.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        answers.append(Answer(int(first.split()[1]), headers, said[:length]))
        said = said[length:]
    return answers


def refused(port: int, *blocks: bytes) -> Answer:
    (answer,) = exchange(port, *blocks)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]
    return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"FROB / HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / and more HTTP/1.1\r\n\r\n",
        "GET /ü HTTP/1.1\r\n\r\n".encode(),
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nNot a name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_in_mlflows_form(port: int, request_bytes: bytes) -> None:
    answer = refused(port, request_bytes)
    assert answer.status == 400
    assert answer.message.startswith("The request is not valid HTTP/1.1: ")


@pytest.mark.parametrize("blocks", [(b"zz\r\n",), (b'1\r\n{\r\n5\r\n"nam', b"e and no length\r\n")])
def test_a_body_that_is_malformed_is_refused_and_not_acted_on(port: int, blocks: tuple[bytes, ...]) -> None:
    answer = refused(port, f"{CREATE}Transfer-Encoding: chunked\r\n\r\n".encode(), *blocks)
    assert answer.status == 400
    assert "chunk" in answer.message


def test_requests_before_one_that_is_none_are_answered(port: int, shape: str) -> None:
    first, *refusal = exchange(port, VERSION + b"no request\r\n\r\n")
    assert first.status == 200
    if shape == "embedded":
        assert first.headers["connection"] == "close"
        assert refusal == []
    else:
        assert [answer.status for answer in refusal] == [400]


def test_a_method_that_is_not_offered_is_refused_in_mlflows_form(port: int) -> None:
    (answer,) = exchange(port, f"PROPFIND {SEARCH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.status == 405
    assert "PROPFIND" in answer.message


def test_a_filter_may_have_as_many_values_in_an_address_as_the_search_takes(port: int) -> None:
    names = [f"{number:05}{'ü' * 27}" for number in range(20_000)]
    wanted = "name IN ({})".format(",".join(f"'{name}'" for name in names))
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=180) as client:
        client.post(SEARCH.replace("search", "create"), json={"name": names[-1]})
        found: Any = raw_get(port, f"{SEARCH}?max_results=5&filter={quote(wanted)}")
    assert [model["name"] for model in found["registered_models"]] == [names[-1]]


def raw_get(port: int, target: str) -> Any:
    assert 3_000_000 < len(target) <= REQUEST_TARGET_BYTES
    (answer,) = exchange(port, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("end", [b" HTTP/1.1\r\nHost: x\r\n\r\n", b""], ids=["whole", "unfinished"])
def test_a_longer_address_is_refused(port: int, end: bytes) -> None:
    address = f"{SEARCH}?filter=".encode()
    # The gateway counts the whole line.
    address += b"x" * (REQUEST_TARGET_BYTES + 100 - len(address))
    answer = refused(port, b"GET " + address + end)
    assert answer.status == 414
    assert f"longer than {REQUEST_TARGET_BYTES} bytes" in answer.message


def test_a_path_is_shorter_than_that(port: int) -> None:
    answer = refused(port, b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.status == 414
    assert "path" in answer.message


def test_what_follows_a_refusal_is_read_so_that_the_refusal_arrives(port: int) -> None:
    answer = refused(port, b"GET /?" + b"x" * 2 * REQUEST_TARGET_BYTES, *[b"x" * (1 << 20)] * 20)
    assert answer.status == 414


HEADERS = [
    b"X-One: " + b"x" * REQUEST_HEADERS_BYTES + b"\r\n",
    b"".join(b"X-%d: %b\r\n" % (number, b"x" * 100) for number in range(900)),
]


@pytest.mark.parametrize("headers", HEADERS, ids=["one", "many"])
@pytest.mark.parametrize("end", [b"\r\n", b"X-Further: " + b"x" * 1_000_000], ids=["whole", "unfinished"])
def test_headers_that_are_too_large_are_refused(port: int, shape: str, headers: bytes, end: bytes) -> None:
    if shape == "gateway" and not end.endswith(b"\n"):
        pytest.skip("nginx waits for the end of headers that a service then refuses")
    first = f"GET {SEARCH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    answer = refused(port, first.encode(), headers + end)
    assert answer.status == 431
    assert f"larger than {REQUEST_HEADERS_BYTES} bytes" in answer.message


def test_large_headers_are_taken(port: int) -> None:
    headers = b"X-One: %b\r\nX-Two: %b\r\nConnection: close\r\n\r\n" % (b"x" * 30_000, b"y" * 30_000)
    (answer,) = exchange(port, b"GET /version HTTP/1.1\r\nHost: x\r\n" + headers)
    assert answer.status == 200


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_request_that_offers_another_protocol_keeps_its_body(port: int, framing: str) -> None:
    """Java's own client and `curl --http2` offer HTTP/2 with whatever they send first."""
    offer = f"{CREATE}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    body = json.dumps({"name": f"offered {framing} {port}"}).encode()
    if framing == "chunks":
        head, body = (
            f"{offer}Transfer-Encoding: chunked\r\n\r\n",
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        )
    else:
        head = f"{offer}Content-Length: {len(body)}\r\n\r\n"
    last = VERSION.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    created, version = exchange(port, head.encode(), body[:5], body[5:] + last)
    assert created.status == 200, created.body
    assert version.status == 200
