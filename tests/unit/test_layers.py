"""What the layers of a service may do where import-linter cannot see it: open transactions, run statements.

Stores have every statement, and return plain values. Routes and tasks open transactions. Whatever lies
between takes a session as an argument and passes it on.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

SERVICES: Final = ("trackhelm_artifact", "trackhelm_ingest", "trackhelm_query", "trackhelm_registry")

OPENERS: Final = frozenset({"reading", "reading_once", "writing", "autocommit", "relaxed_write", "redoing"})
STATEMENTS: Final = frozenset({"execute", "scalar", "scalars", "commit", "rollback", "connection"})


def layer_of(path: Path) -> str:
    """Return the layer that the name of a module says; "" for one that has none of these names."""
    name = path.stem
    return next((layer for layer in ("store", "routes", "schemas", "logic") if name.endswith(layer)), "")


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the services, by its path."""
    return {
        str(path.relative_to(ROOT / "services")): ast.parse(path.read_text(encoding="utf-8"))
        for service in SERVICES
        for path in sorted((ROOT / "services" / service).rglob("*.py"))
    }


def of_layer(*layers: str) -> list[str]:
    return [path for path in modules() if layer_of(Path(path)) in layers]


def from_sqlalchemy(tree: ast.Module) -> set[str]:
    """Return the names that a module has of SQLAlchemy."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "sqlalchemy"}
    return names


def called(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the object and the method of each call like `session.execute()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr


def test_there_are_modules_of_every_layer() -> None:
    for layer in ("store", "routes", "schemas", "logic"):
        assert len(of_layer(layer)) > 10, layer


@pytest.mark.parametrize("path", of_layer("logic"))
def test_logic_knows_of_sqlalchemy_the_type_of_a_session_alone(path: str) -> None:
    assert from_sqlalchemy(modules()[path]) <= {"Session"}


@pytest.mark.parametrize("path", of_layer("routes", "schemas"))
def test_routes_and_schemas_know_nothing_of_sqlalchemy(path: str) -> None:
    assert not from_sqlalchemy(modules()[path])


OPEN_THEIR_OWN: Final = {
    # Work beside requests, part by part, each in a transaction of its own.
    "trackhelm_artifact/integrity/checksum_index.py",
    "trackhelm_artifact/integrity/purging.py",
    "trackhelm_artifact/integrity/reconciliation.py",
    "trackhelm_artifact/integrity/verification.py",
    "trackhelm_ingest/deletion/left_overs.py",
    "trackhelm_ingest/metrics/drain/batch.py",
    "trackhelm_ingest/metrics/drain/drainer.py",
    "trackhelm_ingest/metrics/drain/journal.py",
    "trackhelm_ingest/metrics/upkeep.py",
    "trackhelm_registry/left_overs.py",
    "trackhelm_registry/webhooks/delivery/dispatcher.py",
    # The command of dead letters, over the journal as over Redis.
    "trackhelm_ingest/metrics/dead_letters.py",
    # One transaction for the requests that arrive together.
    "trackhelm_ingest/metrics/group_commit.py",
    # Looked up before metrics are accepted, and remembered.
    "trackhelm_ingest/metrics/permissions.py",
    "trackhelm_ingest/metrics/quotas.py",
    "trackhelm_ingest/metrics/writable_runs.py",
    # A transaction for the routes of several folders.
    "trackhelm_registry/governance/transactions.py",
}


def test_transactions_are_opened_by_routes_and_tasks_and_by_what_is_listed() -> None:
    opening = {
        path
        for path, tree in modules().items()
        if {method for _, method in called(tree)} & OPENERS and Path(path).stem not in {"routes", "tasks"}
    }
    assert opening == OPEN_THEIR_OWN


@pytest.mark.parametrize("path", of_layer("logic", "routes", "schemas"))
def test_only_stores_run_statements(path: str) -> None:
    calls = {call for call in called(modules()[path]) if call[0].split(".")[-1] in {"session", "connection"}}
    assert not {method for _, method in calls} & STATEMENTS


@pytest.mark.parametrize("path", [path for path in modules() if layer_of(Path(path)) != "store"])
def test_rows_of_the_database_stay_in_stores(path: str) -> None:
    assert not from_sqlalchemy(modules()[path]) & {"Row", "RowMapping", "Result", "CursorResult"}
