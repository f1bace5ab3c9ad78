"""Sources that are no database: folders and servers; and what is refused."""

import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.importer.conftest import CONTEXT, Command, Filled, stock
from tests.importer.making import make_source
from tests.importer.seed_values import LONG_HISTORY
from tests.importer.stock import differences
from trackhelm_core.db.unit_of_work import Database
from trackhelm_importer.importing import Import
from trackhelm_importer.records import Kind, SourceError
from trackhelm_importer.sources import open_source
from trackhelm_importer.verification import Verification


@pytest.fixture(scope="module", params=["mlflow2", "mlflow3"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `mlruns` folder that a stock client has filled."""
    root = tmp_path_factory.mktemp(request.param)
    stock(request.param).seed((root / "mlruns").as_uri(), str(root / "files"), LONG_HISTORY)
    return root / "mlruns"


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_folder_comes_whole(folder: Path, target: Database) -> None:
    source = open_source(str(folder))
    moving = Import(target, source, CONTEXT)
    outcome = moving.run()
    assert outcome.kinds[Kind.RUN].new >= 9
    report = Verification(target, source, moving.translation).run()
    assert report.is_equal, report.as_text()
    assert report.points > LONG_HISTORY
    again = Import(target, source, CONTEXT).run()
    assert again.writes == 0


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_server_comes_as_its_database_does(
    address_3: str, filled_3: Filled, tmp_path: Path, command: Command
) -> None:
    command("import", "mlflow", address_3, "--verify")
    command("export", "mlflow-sqlite", str(tmp_path / "by-rest.db"))
    with filled_3.generation.serving(
        f"sqlite:///{tmp_path / 'by-rest.db'}", filled_3.folder / "artifacts"
    ) as other:
        assert differences(filled_3.seen, filled_3.generation.dump(other)) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("ftp://host/x", "has the scheme 'ftp': a source is a database"),
        ("sqlite:////nowhere/mlflow.db", "there is no database at /nowhere/mlflow.db"),
        ("/nowhere/mlruns", "there is no folder /nowhere/mlruns"),
        ("/usr/share", "is no mlruns folder"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be read"),
        ("http://127.0.0.1:1", "does not answer"),
    ],
)
def test_what_is_no_source_is_refused_by_name(source: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_source(source)


@pytest.mark.parametrize(
    ("revision", "said"),
    [("cc1f77228345", "older than what is supported"), ("ffffffffffff", "newer than what is supported")],
)
def test_a_schema_of_another_time_is_refused_with_what_is_supported(
    revision: str, said: str, tmp_path: Path
) -> None:
    file = make_source(tmp_path / "old.db", runs=1, metrics=1, points=1)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    with pytest.raises(SourceError, match=f"{said}.*Supported: MLflow 2.0"):
        open_source(f"sqlite:///{file}")


class _WithoutWebhooks(BaseHTTPRequestHandler):
    """An empty MLflow server that fails at its webhooks, as one does after a start without their key."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"{}")

    def do_GET(self) -> None:
        self._answer(500 if "webhooks" in self.path else 200, b"{}")

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def test_webhooks_that_a_server_cannot_read_are_named_and_the_rest_comes(target: Database) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _WithoutWebhooks) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        source = open_source(f"http://127.0.0.1:{server.server_port}")
        try:
            moving = Import(target, source, CONTEXT)
            [kept] = moving.run().kinds[Kind.WEBHOOK].kept
            report = Verification(target, source, moving.translation).run()
        finally:
            source.close()
            server.shutdown()
            serving.join()
    assert "refuses webhooks: HTTP 500" in kept
    assert [(found.kind, found.key) for found in report.differences] == [(Kind.WEBHOOK, "all")]


def test_what_trackhelm_does_not_serve_is_counted_and_named(tmp_path: Path, command: Command) -> None:
    file = make_source(tmp_path / "traces.db", runs=1, metrics=1, points=1)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES (?, 7, 1, 'OK')",
            [(f"tr-{number}",) for number in range(3)],
        )
    planned = command("import", "mlflow", f"sqlite:///{file}", "--dry-run")
    assert "Not brought, because Trackhelm does not serve it: 3 rows of trace_info." in planned.stdout
    compared = command("import", "mlflow", f"sqlite:///{file}", "--verify")
    assert "3 rows of trace_info" in compared.stdout
