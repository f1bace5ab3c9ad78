"""`docs/api.md` against the client: it says of every endpoint that the client knows whether it is served."""

import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import mlflow.protos
from mlflow.protos import databricks_pb2

from tests.e2e.server import ServerProcess

API = Path(__file__).parents[3] / "docs" / "api.md"
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


def test_the_example_runs_as_pasted(server: ServerProcess, capsys) -> None:  # noqa: ANN001
    os.environ["MLFLOW_TRACKING_URI"] = server.url
    block = re.search(r"^```python\n(.*?)^```$", API.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block
    exec(compile(block[1], str(API), "exec"), {})
    assert "Default" in capsys.readouterr().out
