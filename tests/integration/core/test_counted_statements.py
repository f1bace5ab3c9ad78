"""What tests count as the statements of a request: its own, whatever else the server does meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from tests.fixtures.api import Api
from tests.fixtures.sql import CountStatements
from trackhelm_core.db.unit_of_work import Database


@pytest.fixture
def database(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


@contextmanager
def busy(database: Database) -> Iterator[None]:
    """Let a thread of the server's read the database as fast as it can."""
    over = threading.Event()
    has_read = threading.Semaphore(0)

    def read() -> None:
        while not over.is_set():
            with database.reading() as session:
                session.execute(text("SELECT 1"))
            has_read.release()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
        for _ in range(3):
            assert has_read.acquire(timeout=60)
    finally:
        over.set()
        thread.join()


def test_what_other_threads_execute_is_not_counted(
    api: Api, database: Database, count_statements: CountStatements
) -> None:
    run_id = api.new_run()
    with count_statements() as statements, busy(database):
        api.get("runs/get", run_id=run_id)
    assert len([statement for statement in statements if "FROM run" in statement]) == 1
    assert not [statement for statement in statements if statement == "SELECT 1"]


def test_what_the_writer_stores_for_a_request_is_counted(api: Api, count_statements: CountStatements) -> None:
    run_id = api.new_run()
    with count_statements() as statements:
        api.post("runs/log-metric", run_id=run_id, key="counted", value=1.0, timestamp=1)
    assert [statement for statement in statements if "metric_journal" in statement]


def test_what_is_executed_after_the_block_is_not_counted(api: Api, count_statements: CountStatements) -> None:
    run_id = api.new_run()
    with count_statements() as statements:
        api.get("runs/get", run_id=run_id)
    counted = len(statements)
    api.get("runs/get", run_id=run_id)
    assert len(statements) == counted > 0
