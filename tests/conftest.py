"""Fixtures of every suite live in `tests/fixtures`; this file names them, and sets what begins first and how
hypothesis runs.
"""

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.backing_services",
    "tests.fixtures.databases",
    "tests.fixtures.api",
    "tests.fixtures.sql",
    "tests.fixtures.factories",
]

# A busy machine is not a failure: how long one example takes says nothing of whether it is right.
settings.register_profile("trackhelm", deadline=None)
settings.load_profile("trackhelm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first: one that began last would be waited for by itself."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
