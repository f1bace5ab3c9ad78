"""Databases of stock servers of both generations, on SQLite and PostgreSQL, and back again."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.fixtures.programs import embedded_server
from tests.importer.conftest import CONTEXT, Command, Filled
from tests.importer.seed_values import LONG_KEY
from tests.importer.stock import differences
from trackhelm_core.db.unit_of_work import Database
from trackhelm_importer import reading
from trackhelm_importer.importing import Import
from trackhelm_importer.records import Kind
from trackhelm_importer.sources import open_source
from trackhelm_importer.verification import Verification

EVERY = [f"{generation}-{kind}" for generation in ("mlflow2", "mlflow3") for kind in ("sqlite", "postgresql")]

# A busy machine fills the servers in minutes.
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("filled", EVERY, indirect=True)
def test_all_comes_and_is_proved_to_be_here(filled: Filled, target: Database) -> None:
    source = open_source(filled.store)
    moving = Import(target, source, CONTEXT)
    outcome = moving.run()
    assert not [kept for tally in outcome.kinds.values() for kept in tally.kept]
    assert outcome.kinds[Kind.RUN].new >= 9
    report = Verification(target, source, moving.translation).run()
    assert report.is_equal, report.as_text()
    assert report.points > filled.history
    with target.reading() as session:
        uuids = reading.run_ids(session)
        points = {(piece.run, piece.key): piece.points for piece in reading.read_points(session, uuids)}
        [odd] = [run for run in reading.read_runs(session, uuids) if run.name == "odd values ☃"]
        models = {model.name: model for model in reading.read_registered_models(session)}
    values = points[odd.uuid, "loss"].values.tolist()
    assert values[0] == 1.0
    assert math.isnan(values[1])
    assert values[2:4] == [math.inf, -math.inf]
    assert values[5:] == [1e-320, -1.5e300]
    assert points[odd.uuid, "dup"].steps.tolist() == [-7, 2, 5, 5]
    assert odd.params[LONG_KEY] == "v" * 500
    assert odd.params["ключ"] == "значение"
    assert odd.status == "FAILED"
    assert max(map(len, points.values())) == filled.history
    iris = models["iris"]
    assert [version.number for version in iris.versions] == [1, 3]
    assert iris.next_version == 5
    assert iris.aliases == {"champion": 1, "challenger": 3}
    source.close()


@pytest.mark.parametrize("filled", EVERY, indirect=True)
def test_a_stock_client_sees_on_our_server_what_it_saw_on_its_own(
    filled: Filled, command: Command, tmp_path: Path
) -> None:
    command("import", "mlflow", filled.store)
    with embedded_server(tmp_path, {}) as (_process, client):
        ours = filled.generation.dump(str(client.base_url))
    # A database of MLflow has 0 for a model's NaN.
    found = [line for line in differences(filled.seen, ours) if "'0.0' there, 'nan' here" not in line]
    assert found == []


def test_a_stock_server_opens_what_is_exported(filled_3: Filled, command: Command, tmp_path: Path) -> None:
    command("import", "mlflow", filled_3.store)
    file = tmp_path / "back.db"
    command("export", "mlflow-sqlite", str(file))
    with filled_3.generation.serving(f"sqlite:///{file}", filled_3.folder / "artifacts") as address:
        after = filled_3.generation.dump(address)
    assert differences(filled_3.seen, after) == []
    refused = command("export", "mlflow-sqlite", str(file), code=2)
    assert "exists: name a file that does not" in refused.stderr


def test_nothing_is_written_to_a_source(filled_3: Filled, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "source" / "mlflow.db"
    file.parent.mkdir()
    with (
        closing(sqlite3.connect(filled_3.store.removeprefix("sqlite:///"))) as there,
        closing(sqlite3.connect(file)) as copy,
    ):
        there.backup(copy)
    before = file.read_bytes()
    file.chmod(0o444)
    file.parent.chmod(0o555)
    try:
        command("import", "mlflow", f"sqlite:///{file}", "--verify")
    finally:
        file.parent.chmod(0o755)
        file.chmod(0o644)
    assert file.read_bytes() == before
    assert not list(file.parent.glob(f"{file.name}-*"))


@pytest.mark.parametrize("filled", ["mlflow3-postgresql"], indirect=True)
def test_a_role_that_may_only_read_suffices(filled: Filled, target: Database) -> None:
    engine = create_engine(make_url(filled.store).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE reader LOGIN PASSWORD 'reads'"))
        connection.execute(text("GRANT USAGE ON SCHEMA public TO reader"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
    url = engine.url.set(username="reader", password="reads").render_as_string(hide_password=False)
    try:
        with closing(open_source(url)) as source:
            outcome = Import(target, source, CONTEXT).run()
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP OWNED BY reader"))
            connection.execute(text("DROP ROLE reader"))
        engine.dispose()
    assert outcome.kinds[Kind.RUN].new
