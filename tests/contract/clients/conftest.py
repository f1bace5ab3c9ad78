"""The fixtures of the end-to-end suite, and which generation of the client runs."""

import mlflow
import pytest

# Fixtures that a conftest imports are its own: the server under test starts here as it does there.
from tests.e2e.conftest import (
    client,
    experiment,
    model_name,
    pytest_runtest_makereport,
    server,
    tracking,
)

__all__ = ["client", "experiment", "model_name", "pytest_runtest_makereport", "server", "tracking"]

GENERATION = int(mlflow.__version__.split(".")[0])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "since_3: the client's generation 3 brought what the test calls")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("since_3") and GENERATION < 3:
            item.add_marker(pytest.mark.skip(reason="the client's generation 3 brought what the test calls"))
