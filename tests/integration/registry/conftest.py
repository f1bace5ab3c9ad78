"""What registry tests start from: a free name, and a logged model."""

import uuid

import pytest
from fastapi import FastAPI

from tests.fixtures.api import Api
from tests.integration.registry.registry import Registry
from trackhelm_core.runtime import Runtime


@pytest.fixture
def name() -> str:
    """Return a model's name that no other test uses."""
    return f"model-{uuid.uuid4().hex}"


@pytest.fixture
def runtime(api: Api) -> Runtime:
    """Return what the application under test holds."""
    app = api.client.app
    assert isinstance(app, FastAPI)
    runtime: Runtime = app.state.runtime
    return runtime


@pytest.fixture
def registry(api: Api, runtime: Runtime) -> Registry:
    """Return the registry's endpoints in short."""
    return Registry(api, runtime)
