"""Prints the files of the services through which a request runs: the lists in docs/code-map.md.

Run it in the environment of the server: `.venv/bin/python scripts/trace_request.py`. Code that runs once for
each process (imports, start, settings) is not counted, nor is what the embedded server does in the
background: it stores metrics and calls webhooks at a time of their own, which may be during a request or not.
"""

import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from starlette.testclient import TestClient

ROOT = Path(__file__).resolve().parents[1]
SERVICES = str(ROOT / "services") + "/"
API = "/api/2.0/mlflow/"

BACKGROUND = ("journal-drain", "webhooks")
"""How the names of threads begin that work for no request."""


def main() -> None:
    """Trace a batch, a search and a protected transition on an embedded server."""
    sys.path[:0] = [SERVICES]
    from trackhelm_core.settings import AuthSettings, StorageSettings  # noqa: PLC0415 -- after the path to it is known
    from trackhelm_embedded.app import embedded_app  # noqa: PLC0415

    seen: dict[str, set[str]] = {}
    # The server's threads start under the profile; this list is replaced to count calls for another request.
    current: list[set[str]] = [set()]

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith(SERVICES) or frame.f_code.co_name == "<module>":
            return
        if not threading.current_thread().name.startswith(BACKGROUND):
            current[0].add(file.removeprefix(SERVICES))

    threading.setprofile(profile)
    sys.setprofile(profile)
    with tempfile.TemporaryDirectory() as folder:
        app = embedded_app(StorageSettings(data=Path(folder)), auth=AuthSettings(unchecked_approvals=True))
        with TestClient(app) as client:
            backlog = app.state.runtime.backlog
            for name, request in requests(client).items():
                request()  # The request is made once before, so that caches are filled.
                while backlog.stored() != backlog.accepted():
                    backlog.flush(())
                    backlog.pause(1)
                current[0] = seen[name] = set()
                request()
                current[0] = set()
    for name, files in seen.items():
        print(f"**{name}: {len(files)} files.**\n\n{table_of(files)}\n")


def table_of(files: Iterable[str]) -> str:
    """Return a table of files by their package."""
    of_package: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted(files):
        package, _, module = file.removesuffix(".py").partition("/")
        of_package[package].append(f"`{module}`")
    rows = (f"| `{package}` | {', '.join(modules)} |" for package, modules in of_package.items())
    return "\n".join(("| package | files |", "|---|---|", *rows))


def requests(client: TestClient) -> dict[str, Callable[[], Any]]:
    """Return the requests to trace, for a run and a model with a protected stage that are created here."""

    def post(path: str, **body: Any) -> dict[str, Any]:
        answer = client.post(API + path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    run = post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    post("registered-models/create", name="m")
    post("model-versions/create", name="m", source="s3://bucket/model")
    protection = {"name": "m", "kind": "stage", "target": "Production"}
    assert client.post("/api/2.0/trackhelm/protections/set", json=protection).is_success
    point = {"key": "loss", "value": 0.5, "timestamp": 1, "step": 1}
    return {
        "`runs/log-batch` of one point": lambda: post("runs/log-batch", run_id=run, metrics=[point]),
        "`runs/search` with a filter by a metric": lambda: post(
            "runs/search", experiment_ids=["0"], filter="metrics.loss > 0"
        ),
        "`model-versions/transition-stage` to a protected stage": lambda: client.post(
            API + "model-versions/transition-stage", json={"name": "m", "version": "1", "stage": "Production"}
        ),
    }


if __name__ == "__main__":
    main()
