"""Celery's broker: over an encrypted connection, and when Redis is away just as a message is acknowledged."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kombu.entity import Queue
from redis.exceptions import RedisError

from tests.fixtures.certificates import certificate
from tests.integration.queue.conftest import Split
from trackhelm_core.queue.broker import make_celery
from trackhelm_core.settings import RedisSettings


@pytest.mark.parametrize("how", ["ack", "reject", "requeue"])
def test_a_message_whose_acknowledgement_failed_holds_up_no_other(split: Split, how: str) -> None:
    # Kombu carries no types.
    connection: Any
    with make_celery(split.redis.settings).connection_for_read() as connection:
        channel: Any = connection.channel()
        channel.basic_qos(0, 1, False)  # noqa: FBT003 - kombu's own order
        make: Any = Queue
        queue = make("test", channel=channel)
        queue.declare()
        for number in range(2):
            connection.Producer(channel).publish({"number": number}, routing_key="test")
        message = queue.get()
        assert message is not None
        assert not channel.qos.can_consume()
        split.server.kill()
        try:
            with pytest.raises(RedisError):
                message.ack() if how == "ack" else message.reject(requeue=how == "requeue")
        finally:
            split.server.start()
        assert channel.qos.can_consume()
        following = queue.get()
        assert following is not None
        assert following.payload == {"number": 1}


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def encrypted(url: str, own: Path) -> Iterator[str]:
    """Serve a Redis encrypted, and yield the URL of that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    redis = urlsplit(url)
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = [listener]

    def serve() -> None:
        # The test ends it by closing the listener; a caller that trusts no such certificate hangs up.
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                opened.append(plain)
                with suppress(OSError):
                    caller = context.wrap_socket(plain, server_side=True)
                    behind = socket.create_connection((redis.hostname, redis.port))
                    opened.extend((caller, behind))
                    for pair in ((caller, behind), (behind, caller)):
                        threading.Thread(target=_pipe, args=pair, daemon=True).start()

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    try:
        address = f"{redis.username or ''}:{redis.password or ''}@127.0.0.1:{listener.getsockname()[1]}"
        yield f"rediss://{address}{redis.path}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        serving.join()
        for each in opened:
            each.close()


def test_tasks_pass_an_encrypted_connection_with_a_certificate_that_is_trusted(
    split: Split, tmp_path: Path
) -> None:
    own = certificate(tmp_path / "redis.pem")
    with encrypted(split.server.url, own) as url:
        trusting = RedisSettings(redis_url=f"{url}?ssl_ca_certs={own}")
        app = make_celery(trusting)
        app.send_task("of.test", args=(7,), queue="upkeep")
        connection: Any
        make: Any = Queue
        with app.connection_for_read() as connection:
            message = make("upkeep", channel=connection.channel()).get()
            assert message.headers["task"] == "of.test"
            assert message.payload[0] == [7]
            message.ack()
        app.close()
        distrusting = make_celery(RedisSettings(redis_url=url))
        with (
            distrusting.connection_for_write() as connection,
            pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            connection.connect()
        distrusting.close()
