"""A trail that tests share, and one of a module's own, to tamper with."""

import uuid
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
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
def own_trail(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """Yield the trail of an API over a module's own database."""
    app = embedded_app(
        StorageSettings(data=tmp_path_factory.mktemp("data"), database_url=module_database_url)
    )
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        yield Trail(Api(client), app.state.runtime)
