"""Fixtures of every suite live in `tests/fixtures`; this file only names them."""

pytest_plugins = [
    "tests.fixtures.s3",
    "tests.fixtures.databases",
    "tests.fixtures.api",
    "tests.fixtures.sql",
    "tests.fixtures.factories",
]
