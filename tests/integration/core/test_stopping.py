"""A server that is told to stop serves on for a while, and sends its callers away one by one."""

import http.client
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fixtures.programs import embedded_server

pytestmark = pytest.mark.long

PATH = "/api/2.0/mlflow/experiments/get?experiment_id=0"


def ask(connection: http.client.HTTPConnection) -> tuple[int, str | None]:
    """Return the status of an answer, and what it says of its connection."""
    connection.request("GET", PATH)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("Connection")


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[tuple[int, list[http.client.HTTPConnection]]]:
    """Yield the process of a server that has a minute to stop, and two connections that it keeps open."""
    with embedded_server(tmp_path, {"TRACKHELM_STOP_DELAY_SECONDS": "60"}) as (process, client):
        port = client.base_url.port
        with (
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as one,
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as other,
        ):
            assert [ask(each) for each in (one, other)] == [(200, None)] * 2
            yield process.pid, [one, other]


def test_each_connection_is_answered_once_more_and_new_ones_too(
    connections: tuple[int, list[http.client.HTTPConnection]],
) -> None:
    pid, kept = connections
    os.kill(pid, signal.SIGTERM)
    for connection in kept:
        # The signal may come after this answer, and not after the next.
        if ask(connection) == (200, None):
            assert ask(connection) == (200, "close")
        # By itself it connects anew, as any client does.
        assert ask(connection) == (200, "close")
    # Who does not want to wait asks twice.
    os.kill(pid, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == -signal.SIGTERM
