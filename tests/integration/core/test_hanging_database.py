"""A PostgreSQL that hangs is 503 in bounded time; one that is only slow is waited for."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from tests.fixtures.backing_services import running
from trackhelm_core.db import postgresql
from trackhelm_core.db.engine import database_failure, make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_stack.postgres import Postgres
from trackhelm_stack.program import free_ports


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, int]]:
    (port,) = free_ports(1)
    postgres = Postgres(tmp_path / "postgres", port, "secret", {"fsync": "off"})
    postgres.prepare()
    with running(postgres.program()) as process:
        yield postgres.url, process.pid


@pytest.fixture
def database(server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(postgresql, "GREETING_SECONDS", 1.0)
    database = Database(make_engine(server[0]))
    yield database
    database.close()


def family_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def status_of(database: Database, statement: str) -> int:
    try:
        with database.reading() as session:
            session.execute(text(statement))
    except SQLAlchemyError as error:
        answer = database_failure(error)
        return answer.status if answer else 500
    return 200


def test_waiting_for_a_server_that_hangs_ends_in_bounded_time(
    server: tuple[str, int], database: Database
) -> None:
    assert status_of(database, "SELECT 1") == 200
    stopped: list[int] = []

    def stop() -> None:
        # While statements run, of connections that were made before.
        stopped.extend(family_of(server[1]))
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)

    with ThreadPoolExecutor(8) as threads:
        began = time.monotonic()
        timer = threading.Timer(0.5, stop)
        timer.start()
        try:
            waiting = [threads.submit(status_of, database, "SELECT pg_sleep(3)") for _ in range(8)]
            assert [answer.result(90) for answer in waiting] == [503] * 8
            later = [threads.submit(status_of, database, "SELECT 1") for _ in range(8)]
            assert [answer.result(90) for answer in later] == [503] * 8
            assert time.monotonic() - began < 45
        finally:
            timer.join()
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 60
    while (status := status_of(database, "SELECT 1")) != 200:
        assert status == 503
        assert time.monotonic() < deadline
    assert status == 200


def test_a_slow_statement_of_a_server_that_is_well_is_waited_for(database: Database) -> None:
    with ThreadPoolExecutor(2) as threads:
        slow = [threads.submit(status_of, database, "SELECT pg_sleep(3.5)") for _ in range(2)]
        assert [answer.result(90) for answer in slow] == [200, 200]


def test_a_server_that_never_greets_is_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket  # noqa: PLC0415 - only here

    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = make_engine(
            f"postgresql+psycopg://u:p@127.0.0.1:{silent.getsockname()[1]}/d?connect_timeout=2"
        )
        began = time.monotonic()
        with pytest.raises(OperationalError) as refused:
            engine.connect()
        assert time.monotonic() - began < 30
    answer = database_failure(refused.value)
    assert answer is not None
    assert answer.status == 503
