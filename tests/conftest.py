"""Fixtures of every suite live in `tests/fixtures`; this file names them, and sets how hypothesis runs."""

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
