"""A trail that tests share, and one of a module's own, to tamper with."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, make_url, text
from starlette.testclient import TestClient

from tests.fixtures.api import Api
from tests.integration.audit.trail import Trail
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app


@pytest.fixture
def name() -> str:
    """Return a model's name that no other test uses."""
    return f"model-{uuid.uuid4().hex}"


@pytest.fixture
def trail(api: Api) -> Trail:
    """Return the trail of the API that tests share."""
    app = api.client.app
    assert isinstance(app, FastAPI)
    return Trail(api, app.state.runtime)


@pytest.fixture(scope="module")
def own_url(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of an empty database of the same kind as the one that other modules share."""
    shared = make_url(database_url)
    if shared.get_backend_name() == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('own') / 'own.db'}"
    name = f"own_{uuid.uuid4().hex}"
    engine = create_engine(shared, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return shared.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def own_trail(own_url: str, artifact_data: Path) -> Iterator[Trail]:
    """Yield the trail of an API over a module's own database."""
    app = embedded_app(StorageSettings(data=artifact_data, database_url=own_url))
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield Trail(Api(client), app.state.runtime)
