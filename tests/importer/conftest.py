"""Stock servers that were filled by their own clients, once for all tests, and what is imported into."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.fixtures.databases import new_postgres_database
from tests.importer.stock import Stock
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.opening import open_database

GENERATIONS = {"mlflow2": "TEST_STOCK_MLFLOW2", "mlflow3": "TEST_STOCK_MLFLOW3"}
"""The variables that name the interpreters, by generation."""

CONTEXT = AuditContext(Actor("mover", ActorKind.OPERATOR, "", ""), 1_800_000_000_000)

ROOT = Path(__file__).parents[2]


def stock(generation: str) -> Stock:
    return Stock(generation, os.environ[GENERATIONS[generation]])


class Filled:
    """A stock server's database after its client has filled it, and the folder of its files."""

    def __init__(self, generation: Stock, store: str, folder: Path) -> None:
        self.generation = generation
        self.store = store
        self.folder = folder


def fill(generation: Stock, store: str, folder: Path) -> Filled:
    folder.mkdir()
    with generation.serving(store, folder / "artifacts") as address:
        generation.run("seed.py", address, "mlflow-artifacts:/vision")
    return Filled(generation, store, folder)


@pytest.fixture(scope="session")
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """The server of the parameter: `mlflow2-sqlite` and so on."""
    return _filled(request, tmp_path_factory, request.param)


_made: dict[str, Filled] = {}


def _filled(request: pytest.FixtureRequest, factory: pytest.TempPathFactory, name: str) -> Filled:
    if name not in _made:
        generation, _, kind = name.partition("-")
        folder = factory.mktemp(name) / "server"
        if kind == "sqlite":
            store = f"sqlite:///{folder}.db"
        else:
            url = make_url(new_postgres_database(request.getfixturevalue("postgres_server")))
            store = url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
        _made[name] = fill(stock(generation), store, folder)
    return _made[name]


@pytest.fixture(scope="session")
def filled_3(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A server of MLflow 3 on SQLite."""
    return _filled(request, tmp_path_factory, "mlflow3-sqlite")


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
