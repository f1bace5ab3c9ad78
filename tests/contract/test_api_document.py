"""`docs/api.md` against the application: what it says is served is served, and what it says is not is not."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.api import Api
from trackhelm_core.http.app import health_router
from trackhelm_core.problems import NOT_OFFERED, part_not_offered
from trackhelm_core.runtime import AJAX_2, API_2, API_3, ROOT, Mount
from trackhelm_embedded.app import SERVICES

DOCS = Path(__file__).parents[2] / "docs"
PREFIXES = {
    "2.0": API_2,
    "2.0, browsers": AJAX_2,
    "3.0": API_3,
    "3.0, browsers": ("/ajax-api/3.0",),
    "root": ROOT,
}
Operation = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """An endpoint of the document's tables; `part` is that of one that is not offered."""

    methods: tuple[str, ...]
    path: str
    prefixes: tuple[str, ...]
    part: str = ""

    def operations(self) -> Iterator[Operation]:
        return ((method, prefix + self.path) for prefix in self.prefixes for method in self.methods)


def rows(heading: str) -> Iterator[Row]:
    """Read the tables below a heading of the second level."""
    section = (DOCS / "api.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        at = next((place for place, cell in enumerate(cells) if cell.startswith("`/")), None)
        if at is not None:
            methods = ("GET", "POST") if cells[at - 1] == "any" else tuple(cells[at - 1].split(", "))
            yield Row(methods, cells[at].strip("`"), PREFIXES[cells[at + 1]], cells[0] if at > 1 else "")


SERVED = list(rows("Served"))
NOT_SERVED = list(rows("Not offered"))


def routed() -> Iterator[Operation]:
    """Walk the routes that a composition of all services has."""
    for mount in [Mount(health_router, ROOT), *(mount for service in SERVICES for mount in service.mounts)]:
        for route in mount.router.routes:
            known: Any = route
            if not known.include_in_schema:
                continue  # HEAD beside GET, for load balancers
            path = re.sub(r":\w+\}", "}", known.path)
            yield from ((method, prefix + path) for prefix in mount.prefixes for method in known.methods)


def test_what_is_served_is_what_is_documented() -> None:
    documented = [operation for row in SERVED for operation in row.operations()]
    assert sorted(documented) == sorted(routed())


def test_the_openapi_document_has_each_endpoint_under_its_first_prefix() -> None:
    document = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    described = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    assert described == {(method, row.prefixes[0] + row.path) for row in SERVED for method in row.methods}


def test_each_part_that_is_not_offered_is_documented_in_the_order_of_the_code() -> None:
    assert list(dict.fromkeys(row.part for row in NOT_SERVED)) == [part.name for part in NOT_OFFERED]


def test_no_part_that_is_not_offered_hides_a_served_endpoint() -> None:
    assert [path for _, path in routed() if part_not_offered(path)] == []


@pytest.mark.parametrize("row", SERVED, ids=lambda row: row.path)
def test_what_is_served_answers_under_each_prefix(api: Api, row: Row) -> None:
    for method, template in row.operations():
        path = re.sub(r"\{\w+\}", "x", template)
        body: dict[str, Any] | None = {} if method in {"POST", "PATCH", "DELETE"} else None
        response = api.client.request(method, path, json=body)
        assert response.status_code not in {405, 500}
        assert "ENDPOINT_NOT_FOUND" not in response.text


@pytest.mark.parametrize("row", NOT_SERVED, ids=lambda row: row.path)
def test_what_is_not_offered_says_so(api: Api, row: Row) -> None:
    for method, template in row.operations():
        path = re.sub(r"\{\w+\}|…", "x", template)
        told = api.refused(method, path, "NOT_IMPLEMENTED", 501)
        assert told == f"Trackhelm does not offer {row.part}: nothing answers {method} {path}."


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/nonsense",
        "/api/2.0/mlflow/tracesandmore",
        "/mlflow/traces",
        "/v1/tracesandmore",
        "/api/2.0/mlflow/runs/create-promptlab-runs",
        "/api/2.0/mlflow/artifacts/traces",
        "/api/2.0/mlflow/runs/traces",
    ],
)
def test_any_other_path_is_not_found(api: Api, path: str) -> None:
    api.refused("GET", path, "ENDPOINT_NOT_FOUND", 404)
