"""The toy database, one for all tests of the folder: each test stores its own runs."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, StaticPool, create_engine, text

from tests.unit.trackhelm_core.search.toy import Base


@pytest.fixture(scope="session")
def toy_database() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA case_sensitive_like=ON"))
        Base.metadata.create_all(connection)
        yield connection
    engine.dispose()
