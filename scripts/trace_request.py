"""Prints the files of the services through which a request runs: the lists in docs/code-map.md.

Run it in the environment of the server: `.venv/bin/python scripts/trace_request.py`. Code that runs once for
each process (imports, start, settings) is not counted. Code that the embedded server meanwhile runs in the
background is, because a reader who follows the request reads it, too.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from starlette.testclient import TestClient

ROOT = Path(__file__).resolve().parents[1]
SERVICES = str(ROOT / "services") + "/"
API = "/api/2.0/mlflow/"


def main() -> None:
    """Trace a batch, a search and a protected transition on an embedded server."""
    sys.path[:0] = [SERVICES]
    from trackhelm_core.settings import StorageSettings  # noqa: PLC0415 -- after the path to it is known
    from trackhelm_embedded.app import embedded_app  # noqa: PLC0415

    seen: dict[str, set[str]] = {"log-batch": set(), "search": set(), "transition": set()}
    # The server's threads start under the profile; this list is replaced to count calls for another request.
    current: list[set[str]] = [set()]

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(SERVICES) and frame.f_code.co_name != "<module>":
            current[0].add(file.removeprefix(SERVICES))

    threading.setprofile(profile)
    sys.setprofile(profile)
    with (
        tempfile.TemporaryDirectory() as folder,
        TestClient(embedded_app(StorageSettings(data=Path(folder)))) as client,
    ):
        for name, request in requests(client).items():
            request()  # The request is made once before, so that caches are filled.
            current[0] = seen[name]
            request()
            time.sleep(0.2)
            current[0] = set()
    for name, files in seen.items():
        print(f"## {name}: {len(files)} files\n")
        print("\n".join(f"- `{file}`" for file in sorted(files)) + "\n")


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
        "log-batch": lambda: post("runs/log-batch", run_id=run, metrics=[point]),
        "search": lambda: post("runs/search", experiment_ids=["0"], filter="metrics.loss > 0"),
        "transition": lambda: client.post(
            API + "model-versions/transition-stage", json={"name": "m", "version": "1", "stage": "Production"}
        ),
    }


if __name__ == "__main__":
    main()
