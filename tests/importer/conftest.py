"""Stock servers that were filled by their own clients, once for all tests, and what is imported into."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from tests.fixtures.databases import new_postgres_database
from tests.importer.seed_values import LONG_HISTORY, SHORT_HISTORY
from tests.importer.stock import Stock
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.opening import open_database

GENERATIONS = {"mlflow2": "TEST_STOCK_MLFLOW2", "mlflow3": "TEST_STOCK_MLFLOW3"}
"""The variables that name the interpreters, by generation."""

LONG = {"mlflow2-sqlite", "mlflow3-postgresql"}
"""The servers with the long history, one of each generation and database."""

CONTEXT = AuditContext(Actor("mover", ActorKind.OPERATOR, "", ""), 1_800_000_000_000)

ROOT = Path(__file__).parents[2]


def stock(generation: str) -> Stock:
    return Stock(generation, os.environ[GENERATIONS[generation]])


@dataclass(frozen=True)
class Filled:
    """A stock server's database that a client filled, the folder of its files, and what the client saw."""

    generation: Stock
    store: str
    folder: Path
    history: int
    seen: Any


@contextmanager
def filling(generation: Stock, store: str, folder: Path, history: int) -> Iterator[tuple[str, Filled]]:
    """Run a server, fill it, and yield its address and what it holds."""
    folder.mkdir()
    with generation.serving(store, folder / "artifacts") as address:
        seen = generation.seed(address, "mlflow-artifacts:/vision", history)
        yield address, Filled(generation, store, folder, history, seen)


_made: dict[str, Filled] = {}


@pytest.fixture(scope="session")
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """The server of the parameter: `mlflow2-sqlite` and so on."""
    name: str = request.param
    if name == "mlflow3-sqlite":
        return request.getfixturevalue("served_3")[1]  # type: ignore[no-any-return]
    if name not in _made:
        generation, _, kind = name.partition("-")
        folder = tmp_path_factory.mktemp(name) / "server"
        if kind == "sqlite":
            store = f"sqlite:///{folder}.db"
        else:
            url = make_url(new_postgres_database(request.getfixturevalue("postgres_server")))
            store = url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
        history = LONG_HISTORY if name in LONG else SHORT_HISTORY
        with filling(stock(generation), store, folder, history) as (_address, found):
            _made[name] = found
    return _made[name]


@pytest.fixture(scope="session")
def served_3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Filled]]:
    """A server of MLflow 3 on SQLite, which runs to the end of the tests: its address, what it holds."""
    folder = tmp_path_factory.mktemp("mlflow3") / "server"
    with filling(stock("mlflow3"), f"sqlite:///{folder}.db", folder, SHORT_HISTORY) as found:
        yield found


@pytest.fixture(scope="session")
def filled_3(served_3: tuple[str, Filled]) -> Filled:
    """A server of MLflow 3 on SQLite."""
    return served_3[1]


@pytest.fixture(scope="session")
def address_3(served_3: tuple[str, Filled]) -> str:
    """The address of that server."""
    return served_3[0]


@pytest.fixture
def target(own_database_url: str) -> Iterator[Database]:
    """A database of ours, empty: SQLite and PostgreSQL."""
    database = open_database(own_database_url)
    yield database
    database.close()


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `trackhelm-server` with a data folder of the test's own."""
    data = tmp_path / "data"

    def run(*arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "trackhelm_cli", *arguments, "--data", str(data)],
            cwd=ROOT / "services",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    run("migrate")
    return run
