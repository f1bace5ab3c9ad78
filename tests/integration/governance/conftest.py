"""A registry in which several actors take part."""

import uuid

import pytest
from fastapi import FastAPI

from tests.fixtures.api import Api
from tests.integration.audit.trail import Trail
from tests.integration.governance.people import People


@pytest.fixture
def people(api: Api) -> People:
    """Return the API as it is called by one actor or another."""
    return People(api)


@pytest.fixture
def trail(api: Api) -> Trail:
    """Return the audit trail of the API."""
    app = api.client.app
    assert isinstance(app, FastAPI)
    return Trail(api, app.state.runtime)


@pytest.fixture
def name(api: Api) -> str:
    """Return the name of a model with three versions that no other test uses."""
    name = f"model-{uuid.uuid4().hex}"
    api.post("registered-models/create", name=name)
    for _ in range(3):
        api.post("model-versions/create", name=name, source="s3://bucket/model")
    return name
