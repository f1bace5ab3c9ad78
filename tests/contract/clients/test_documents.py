"""Documents against the client: every endpoint that it knows is in `docs/api.md`, and the examples run."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import mlflow.protos
import pytest
from mlflow.protos import databricks_pb2

from tests.e2e.server import ServerProcess

DOCS = Path(__file__).parents[3] / "docs"
API = DOCS / "api.md"
# Other services' messages, such as those of Databricks, are in the same package.
SERVICES = ("service_pb2", "model_registry_pb2", "mlflow_artifacts_pb2", "webhooks_pb2")
ROW = re.compile(r"\| ([A-Z, ]+|any) \| `(/[^`]*)` \| (\d\.\d)?")


def known_to_the_client() -> Iterator[tuple[str, str, str]]:
    """Walk the endpoints of the client's protobuf services: method, path, version."""
    for found in pkgutil.iter_modules(mlflow.protos.__path__):
        if found.name in SERVICES:
            module = importlib.import_module(f"mlflow.protos.{found.name}")
            for service in module.DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
                        path = "/" + endpoint.path.lstrip("/")
                        yield endpoint.method, _plain(path), f"{endpoint.since.major}.0"


def _plain(path: str) -> str:
    """Name a path without what its parameters are called."""
    return re.sub(r"\{[^}]*\}|<[^>]*>", "{}", path)


def test_every_endpoint_that_the_client_knows_is_documented() -> None:
    documented = {
        (method, _plain(path), version)
        for methods, path, version in ROW.findall(API.read_text(encoding="utf-8"))
        for method in methods.split(", ")
    }
    assert set(known_to_the_client()) - documented == set()


@pytest.mark.parametrize(("document", "printed"), [("api.md", "'Default'"), ("search.md", "['rate 0.2']")])
def test_the_example_runs_as_pasted(
    server: ServerProcess, document: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    block = re.search(
        r"^```python\n(.*?)^```$", (DOCS / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert block
    exec(compile(block[1], document, "exec"), {})  # the client and `tracking` point it at the server
    assert printed in capsys.readouterr().out
