"""The test of a release: logs a metric over the MLflow protocol, reads it back, and deletes what it made.

    python3 smoke.py ADDRESS [HOST]

HOST is the name to ask for, where the server answers to some names alone. The program needs Python alone,
and exits 1 with the answer that was not the expected one.
"""

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

_PATIENCE_SECONDS = 60
_TEMPORARY = (429, 502, 503, 504)


def call(host: str, url: str, body: dict[str, Any] | None = None) -> Any:
    """Return the JSON answer; ask again while the server says that it cannot answer now."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Host": host} if host else {})
    request = urllib.request.Request(url, data, headers)
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in _TEMPORARY or time.monotonic() > end:
                sys.exit(f"{url}: {error.code} {error.read().decode(errors='replace')}")
        except OSError as error:
            if time.monotonic() > end:
                sys.exit(f"{url}: {error}")
        time.sleep(1)


def main(address: str, host: str = "") -> None:
    """Log, read and delete."""
    api = f"{address}/api/2.0/mlflow"
    name = f"helm-test-{uuid.uuid4().hex}"
    experiment = call(host, f"{api}/experiments/create", {"name": name})["experiment_id"]
    created = call(
        host, f"{api}/runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)}
    )
    run = created["run"]["info"]["run_id"]
    logged = [{"key": "loss", "value": 1 / step, "timestamp": 1, "step": step} for step in range(1, 11)]
    call(host, f"{api}/runs/log-batch", {"run_id": run, "metrics": logged})
    history = call(host, f"{api}/metrics/get-history?run_id={run}&metric_key=loss")["metrics"]
    read = [(int(point["step"]), point["value"]) for point in history]
    if read != [(point["step"], point["value"]) for point in logged]:
        sys.exit(f"logged {logged}, but read {read}")
    call(host, f"{api}/experiments/delete", {"experiment_id": experiment})
    print(f"{len(read)} points were logged to {address} and read back")


if __name__ == "__main__":
    main(*sys.argv[1:])
