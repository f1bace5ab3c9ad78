"""A stock server's database on MariaDB, which Debian's package `mariadb-server-core` brings."""

import shutil
import subprocess
from collections.abc import Iterator

import pymysql
import pytest

from tests.fixtures.waiting import wait_until
from tests.importer.conftest import CONTEXT, filling, stock
from tests.importer.seed_values import LONG_HISTORY
from trackhelm_core.db.unit_of_work import Database
from trackhelm_importer.importing import Import
from trackhelm_importer.records import Kind
from trackhelm_importer.sources import open_source
from trackhelm_importer.verification import Verification
from trackhelm_stack.program import free_ports


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a new database of a MariaDB of the test's own."""
    folder = tmp_path_factory.mktemp("mariadb")
    [port] = free_ports(1)
    install = shutil.which("mariadb-install-db")
    assert install is not None, "apt-get install mariadb-server-core"
    common = ["--no-defaults", f"--datadir={folder / 'data'}", "--user=root"]
    subprocess.run(
        [install, *common, "--auth-root-authentication-method=normal"], check=True, capture_output=True
    )
    server = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
    assert server is not None
    options = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'socket'}"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([server, *common, *options], stdout=log, stderr=log) as process,
    ):
        try:
            wait_until(lambda: _made(port) or process.poll() is not None)
            yield f"mysql+pymysql://root@127.0.0.1:{port}/mlflow"
        finally:
            process.terminate()


def _made(port: int) -> bool:
    try:
        connection = pymysql.connect(host="127.0.0.1", port=port, user="root")
    except pymysql.err.OperationalError:
        return False
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE mlflow CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    return True


@pytest.fixture(scope="module")
def filled(store: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same URL, when a stock server's client has filled the database."""
    with filling(stock("mlflow2"), store, tmp_path_factory.mktemp("mlflow2") / "server", LONG_HISTORY):
        return store


@pytest.mark.long
def test_a_database_on_mariadb_comes_whole(filled: str, target: Database) -> None:
    source = open_source(filled)
    moving = Import(target, source, CONTEXT)
    outcome = moving.run()
    assert outcome.kinds[Kind.RUN].new >= 9
    report = Verification(target, source, moving.translation).run()
    source.close()
    assert report.is_equal, report.as_text()
    assert report.points > LONG_HISTORY
