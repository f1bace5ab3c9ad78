"""Endpoints that are slow, endless, elsewhere or no HTTP at all: each call ends, and harms nothing."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from tests.fixtures.receiver import Receiver
from tests.fixtures.waiting import wait_until
from tests.integration.webhooks.conftest import SETTINGS, Hook
from trackhelm_core.limits import WEBHOOK_ANSWER_BYTES
from trackhelm_core.security.sealing import SecretBox
from trackhelm_registry.webhooks.delivery import sending
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_registry.webhooks.delivery.sending import Message, Outcome, send

QUICK = SETTINGS.model_copy(update={"webhook_timeout_seconds": 0.5})


def call(url: str, **settings: Any) -> Outcome:
    given = QUICK.model_copy(update=settings)
    return send(Message("0" * 32, "{}", url, None), WebhookConfiguration(given, SecretBox()))


@contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept connections on 127.0.0.1, let `behave` do with each what it will, and yield the URL."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            with closing(connection), suppress(OSError):
                behave(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threads.append(threading.Thread(target=serve, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def drip(connection: socket.socket, head: bytes, drop: bytes) -> None:
    """Send a byte now and then for as long as the other side takes it."""
    connection.sendall(head)
    pause = threading.Event()
    while True:
        connection.sendall(drop)
        pause.wait(0.05)


def never(connection: socket.socket) -> None:
    while connection.recv(1_000):
        pass


@pytest.mark.parametrize(
    "behave",
    [
        never,
        lambda connection: drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        lambda connection: drip(connection, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "slow headers", "interim answers"],
)
def test_an_endpoint_that_never_ends_is_left_at_the_deadline(behave: Callable[[socket.socket], None]) -> None:
    with listening(behave) as url:
        begun = time.monotonic()
        outcome = call(url)
        assert time.monotonic() - begun < 20
    assert outcome.status is None
    assert outcome.error == "no answer in time"


def test_a_handshake_that_never_ends_is_left_too() -> None:
    with listening(never) as url:
        begun = time.monotonic()
        outcome = call(url.replace("http:", "https:"))
        assert time.monotonic() - begun < 20
    assert outcome.error is not None
    assert outcome.error in {
        "no answer in time",
        "no secure connection: _ssl.c:983: The handshake operation timed out",
    }


def test_a_status_counts_however_slow_or_endless_the_body_is() -> None:
    with listening(lambda connection: drip(connection, b"HTTP/1.1 200 OK\r\n\r\n", b"a")) as url:
        slow = call(url)
    with listening(lambda connection: drip(connection, b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 1_000_000)) as url:
        endless = call(url)
    assert slow.error is None
    assert endless.error is None
    assert WEBHOOK_ANSWER_BYTES - 1_000 < len(endless.body) <= WEBHOOK_ANSWER_BYTES + 16 * 1024


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "ended without an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 2 * WEBHOOK_ANSWER_BYTES, "headers are too long"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "is not HTTP"),
    ],
)
def test_what_is_no_answer_is_a_failure(answer: bytes, said: str) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(answer)

    with listening(behave) as url:
        outcome = call(url)
    assert outcome.status is None
    assert outcome.error is not None
    assert said in outcome.error


def test_no_redirect_is_followed(receiver: Receiver) -> None:
    receiver.respond = lambda _call: 307
    receiver.answer_headers = {"Location": receiver.url}
    outcome = call(receiver.url)
    assert (outcome.status, outcome.error) == (307, "answered 307: redirects are not followed")
    assert len(receiver.calls) == 1


def test_an_endpoint_that_nobody_listens_at_is_a_failure() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    assert "no connection" in (call(f"http://127.0.0.1:{port}/").error or "")


def test_a_name_is_resolved_once_and_connected_to_as_it_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is checked and private a moment later leads nowhere."""
    port = receiver.server.server_port
    answers = [[(2, 1, 6, "", ("192.0.2.7", port))], [(2, 1, 6, "", ("127.0.0.1", port))]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop(0))
    monkeypatch.setattr(sending, "is_public", lambda address: str(address) == "192.0.2.7")
    connected: list[Any] = []

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            connected.append(address)
            raise ConnectionRefusedError("there is nobody")

    monkeypatch.setattr("trackhelm_registry.webhooks.delivery.sending.socket.socket", Socket)
    outcome = call(f"http://rebound.example:{port}/", webhook_private_networks="")
    assert outcome.error == "no connection: there is nobody"
    assert connected == [("192.0.2.7", port)]
    assert len(answers) == 1, "it was resolved a second time"
    assert receiver.calls == []


def test_a_private_address_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    outcome = call(receiver.url, webhook_private_networks="")
    assert "is not public" in (outcome.error or "")
    outcome = call(receiver.url.replace("127.0.0.1", "localhost"), webhook_private_networks="10.0.0.0/8")
    assert "is not public" in (outcome.error or "")
    outcome = call(receiver.url, webhook_allow_http=False)
    assert "TRACKHELM_WEBHOOK_ALLOW_HTTP" in (outcome.error or "")
    assert receiver.calls == []


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert call(receiver.url).error is None


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    context = sending._tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_slow_webhook_delays_itself_alone(hook: Hook) -> None:
    release = threading.Event()
    hook.receiver.respond = lambda call: 200 if call.path == "/quick" else (release.wait(1.5) and 200) or 500
    base = hook.receiver.url.partition("/hook")[0]
    slow = hook.create(url=f"{base}/slow")
    quick = hook.create(url=f"{base}/quick")
    for _ in range(12):
        hook.api.new_run()
    wait_until(lambda: hook.states(quick) == ["DELIVERED"] * 12, seconds=15)
    assert "DELIVERED" not in hook.states(slow)
    release.set()
    wait_until(lambda: "DELIVERED" in hook.states(slow))


def test_few_tests_run_at_once(hook: Hook) -> None:
    webhook_id = hook.create()
    release = threading.Event()
    hook.receiver.respond = lambda _call: (release.wait(5) and 200) or 500
    answers: list[int] = []

    def test() -> None:
        answer = hook.api.client.post(f"/api/2.0/mlflow/webhooks/{webhook_id}/test", json={})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=test) for _ in range(6)]
    for thread in threads:
        thread.start()
    wait_until(lambda: answers.count(429) == 2)
    release.set()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 4 + [429] * 2
