"""No input makes a 500: requests generated from the OpenAPI document, wrong ones on purpose too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.fixtures.databases import migrated_postgres_database
from tests.fixtures.live import serving
from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"

pytestmark = pytest.mark.long

schema = schemathesis.openapi.from_path(DOCUMENT)
drawn_only = schemathesis.openapi.from_path(DOCUMENT)
drawn_only.config.phases.coverage.enabled = False


@schemathesis.serializer("application/vnd.trackhelm.metrics")
def columns(_context: object, value: object) -> bytes:
    """Send a body of metrics as it was drawn, which is never the form of one."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


# The object store cannot do what these ask for, and says so: 501 is their answer by the wire contract.
NOT_IMPLEMENTED = 501


@pytest.fixture(scope="session")
def url_over_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a server over SQLite."""
    with serving(embedded_app(StorageSettings(data=tmp_path_factory.mktemp("contract")))) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def url_over_postgresql(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a server over PostgreSQL."""
    storage = StorageSettings(
        data=tmp_path_factory.mktemp("contract"), database_url=migrated_postgres_database(postgres_server)
    )
    with serving(embedded_app(storage)) as port:
        yield f"http://127.0.0.1:{port}"


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_input_makes_a_server_error(case: schemathesis.Case[Any], url_over_postgresql: str) -> None:
    check(case, url_over_postgresql)


# What is refused for its form is refused before a database sees it; of what is not, PostgreSQL takes less. So
# the 4,000 requests that are made of the document's limits, and not drawn, are sent once.
@drawn_only.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_nor_does_it_over_sqlite(case: schemathesis.Case[Any], url_over_sqlite: str) -> None:
    check(case, url_over_sqlite)


def check(case: schemathesis.Case[Any], url: str) -> None:
    response = case.call(base_url=url)
    if response.status_code == NOT_IMPLEMENTED:
        return
    case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])
    if response.status_code >= 400 and case.method != "HEAD":
        answer = response.json()
        assert set(answer) == {"error_code", "message"}
        assert answer["message"]
