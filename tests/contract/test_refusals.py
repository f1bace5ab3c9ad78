"""Every served endpoint refuses what it must, and the refusal begins with the words that clients match."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.refusals.table import API, GROUPS, Refusal, differences, refusals
from tests.fixtures.backing_services import redis_database
from tests.fixtures.databases import migrated_postgres_database
from tests.fixtures.live import serving
from tests.fixtures.programs import worker
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

pytestmark = pytest.mark.long

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
CANNOT_REFUSE = (
    "/api/2.0/mlflow/users/current",
    "/api/2.0/mlflow/users/list",
    "/api/2.0/trackhelm/kubernetes-bindings/list",
    "/api/2.0/trackhelm/logins",
    "/api/2.0/trackhelm/server-info",
    "/api/2.0/trackhelm/service-accounts/list",
    "/api/2.0/trackhelm/workspaces/usage",
    "/api/3.0/mlflow/server-info",
    "/api/3.0/mlflow/users/current/permissions",
    "/api/3.0/mlflow/workspaces",
    "/health",
    "/ready",
    "/version",
)
"""They take no argument."""
TAKES_ANYTHING = (
    ("GET /api/2.0/mlflow/experiments/search", "view_type"),
    ("POST /api/2.0/mlflow/experiments/search", "view_type"),
    ("POST /api/2.0/mlflow/runs/search", "run_view_type"),
    ("POST /api/2.0/trackhelm/runs/count", "run_view_type"),
    ("POST /api/2.0/trackhelm/runs/csv", "run_view_type"),
    ("POST /api/2.0/trackhelm/runs/groups", "run_view_type"),
    ("POST /api/2.0/trackhelm/runs/table", "run_view_type"),
)
"""An unknown value of an enumeration is as an absent one, as in protobuf; MLflow's server does not refuse it,
either."""


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "queue"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the port of a server over each database, and over the queue, which looks runs up by itself."""
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.db'}"
    if request.param != "sqlite":
        url = migrated_postgres_database(request.getfixturevalue("postgres_server"))
    storage = StorageSettings(data=tmp_path_factory.mktemp("refusals"), database_url=url)
    with ExitStack() as running:
        redis = RedisSettings()
        if request.param == "queue":
            folder = tmp_path_factory.mktemp("queue")
            redis_url = running.enter_context(redis_database(request.getfixturevalue("redis_server")))
            redis = RedisSettings(redis_url=redis_url)
            running.enter_context(worker(storage, redis, folder))
        yield running.enter_context(serving(embedded_app(storage, redis)))


@pytest.mark.parametrize("group", GROUPS)
def test_refusals_begin_as_the_table_says(group: str, port: int) -> None:
    assert differences(port, group, stock=False) == []


def test_every_field_of_every_endpoint_is_in_the_table() -> None:
    missing = [f"{call} {field}" for call, fields, lines in _endpoints() for field in fields - _about(lines)]
    assert sorted(missing) == sorted(f"{call} {field}" for call, field in TAKES_ANYTHING)


def test_every_endpoint_is_in_the_table() -> None:
    missing = [call for call, _, lines in _endpoints() if not lines]
    assert missing == [f"GET {path}" for path in CANNOT_REFUSE]


def test_what_differs_from_mlflow_says_why() -> None:
    lines = [each for group in GROUPS for each in refusals(group)]
    assert [each.place for each in lines if bool(each.why) != (each.stock != each.ours)] == []


def _endpoints() -> Iterator[tuple[str, set[str], list[Refusal]]]:
    """Yield each endpoint of the OpenAPI document, with its fields and the lines of the table about it."""
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    table = [each for group in GROUPS for each in refusals(group)]
    for path, operations in document["paths"].items():
        pattern = _pattern(path)
        lines = [each for each in table if pattern.fullmatch(_whole(each.path))]
        for method, operation in operations.items():
            # An answer to HEAD has no body, and is else that to GET.
            if method != "head":
                asked = [each for each in lines if each.method == method.upper()]
                yield f"{method.upper()} {path}", set(_fields(operation, document)), asked


def _about(lines: list[Refusal]) -> set[str]:
    return {field for line in lines for field in line.fields}


def _fields(operation: Any, document: Any) -> Iterator[str]:
    """Yield the names of a request's parameters, and of its body's fields with those inside: `tags.key`."""
    yield from (parameter["name"] for parameter in operation.get("parameters", ()))
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from _within(content["schema"], document, "")


def _within(schema: Any, document: Any, prefix: str) -> Iterator[str]:
    schema = _resolved(schema, document)
    if "items" in schema:
        schema = _resolved(schema["items"], document)
    for name, field in schema.get("properties", {}).items():
        yield prefix + name
        yield from _within(field, document, f"{prefix}{name}.")


def _resolved(schema: Any, document: Any) -> Any:
    """Return what a reference or a choice between a type and null stands for."""
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    choices = [_resolved(choice, document) for choice in schema.get("anyOf", ())]
    return next((choice for choice in choices if choice.get("type") != "null"), schema)


def _whole(path: str) -> str:
    whole = path if path.startswith("/") else API + path
    return whole.partition("?")[0]


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches the paths of an endpoint: of browsers', too."""
    parts = re.split(r"\{path\}|\{[^}]+\}", path)
    holes = [".*" if hole == "{path}" else "[^/]+" for hole in re.findall(r"\{[^}]+\}", path)] + [""]
    pattern = "".join(re.escape(part) + hole for part, hole in zip(parts, holes, strict=True))
    return re.compile(pattern.replace("/api/", "/(?:ajax-)?api/", 1))
