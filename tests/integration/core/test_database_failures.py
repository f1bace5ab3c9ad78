"""What each kind of database failure is answered with, met on the real databases."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from trackhelm_core.db.engine import database_failure, make_engine
from trackhelm_core.db.unit_of_work import Database


@pytest.fixture
def database(module_database_url: str) -> Iterator[Database]:
    database = Database(make_engine(module_database_url))
    yield database
    database.close()


@pytest.fixture
def postgresql(database: Database) -> Database:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer: none overtakes another")
    with database.writing() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS parent (id int PRIMARY KEY, name varchar(3))"))
        session.execute(text("CREATE TABLE IF NOT EXISTS child (parent int REFERENCES parent)"))
        session.execute(text("DELETE FROM child"))
        session.execute(text("DELETE FROM parent"))
        session.execute(text("INSERT INTO parent VALUES (1, 'a'), (2, 'b')"))
    return database


def status_of(database: Database, statement: str) -> int | None:
    """Return the status of the failure that a statement is, None for a defect."""
    with pytest.raises(SQLAlchemyError) as raised, database.writing() as session:
        session.execute(text(statement))
    answer = database_failure(raised.value)
    return None if answer is None else answer.status


def test_a_wrong_statement_is_a_defect(database: Database) -> None:
    assert status_of(database, "SELECT * FROM no_such_table") is None


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/a.db", "postgresql+psycopg://u@127.0.0.1:9/a"])
def test_a_database_that_is_away_may_come_back(url: str) -> None:
    assert status_of(Database(make_engine(url)), "SELECT 1") == 503


def test_a_file_that_is_locked_is_unlocked_some_time(database: Database, module_database_url: str) -> None:
    if not database.is_sqlite:
        pytest.skip("about SQLite's file lock")
    impatient = create_engine(module_database_url, connect_args={"timeout": 0})
    with database.writing() as session:
        session.execute(text("SELECT 1"))
        with impatient.connect() as connection, pytest.raises(SQLAlchemyError) as raised:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    impatient.dispose()
    answer = database_failure(raised.value)
    assert answer is not None
    assert answer.status == 503


def test_no_free_connection() -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    with engine.connect(), pytest.raises(PoolTimeoutError) as raised:
        engine.connect()
    engine.dispose()
    answer = database_failure(raised.value)
    assert answer is not None
    assert answer.status == 503


@pytest.mark.parametrize(
    "statement",
    ["UPDATE parent SET name = 'abcd'", "SELECT 3000000000::int", "SELECT repeat('a', 2000000000)"],
)
def test_what_no_repetition_mends_is_refused(postgresql: Database, statement: str) -> None:
    assert status_of(postgresql, statement) == 400


@pytest.mark.parametrize("statement", ["INSERT INTO child VALUES (3)", "INSERT INTO parent VALUES (1)"])
def test_a_request_that_was_overtaken_is_sent_again(postgresql: Database, statement: str) -> None:
    assert status_of(postgresql, statement) == 503


def test_the_victim_of_a_deadlock_is_sent_again(postgresql: Database) -> None:
    both_hold_one = threading.Barrier(2)

    def update(first: int, second: int) -> int | None:
        try:
            with postgresql.writing() as session:
                session.execute(text(f"UPDATE parent SET name = 'c' WHERE id = {first}"))
                both_hold_one.wait(60)
                session.execute(text(f"UPDATE parent SET name = 'c' WHERE id = {second}"))
        except SQLAlchemyError as error:
            answer = database_failure(error)
            return answer.status if answer else None
        return 200

    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(update, 1, 2), threads.submit(update, 2, 1)]
        assert {answer.result() for answer in answers} == {200, 503}


def test_all_that_one_request_reads_is_of_one_moment(postgresql: Database) -> None:
    count = text("SELECT count(*) FROM child")
    with postgresql.reading() as session:
        before = session.scalar(count)
        with postgresql.writing() as other:
            other.execute(text("INSERT INTO child VALUES (1)"))
        assert session.scalar(count) == before
        with pytest.raises(SQLAlchemyError):
            session.execute(text("DELETE FROM child"))
    with postgresql.writing() as session:
        assert session.scalar(count) == 1
        session.execute(text("DELETE FROM child"))


def test_what_a_user_sent_is_not_in_the_text_of_a_failure(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as raised, database.writing() as session:
        session.execute(text("SELECT :value FROM no_such_table"), {"value": "the user's secret"})
    assert "secret" not in str(raised.value)
