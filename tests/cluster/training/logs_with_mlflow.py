"""Logs metrics with the stock client of MLflow, whose own retries are all that helps it.

    MLFLOW_TRACKING_URI=… python3 logs_with_mlflow.py

When the file /tmp/stop is there, it ends, and the last line that is printed says as JSON what failed, how
many calls there were and which steps were logged to which run.
"""

import json
import time
from pathlib import Path

import mlflow
from mlflow.entities import Metric

STOP = Path("/tmp/stop")
PAUSE_SECONDS = 0.1
STEPS_A_REQUEST = 10


def main() -> None:
    """Log until it is stopped, and print what was found."""
    client = mlflow.MlflowClient()
    run_id = client.create_run("0", run_name="stock client").info.run_id
    print("begun", flush=True)
    steps = calls = 0
    longest = 0.0
    failures: list[str] = []
    while not STOP.exists():
        batch = [Metric("loss", 1 / (step + 1), 1, step) for step in range(steps, steps + STEPS_A_REQUEST)]
        began = time.monotonic()
        try:
            client.log_batch(run_id, batch)
            steps += STEPS_A_REQUEST
            if client.get_run(run_id).data.metrics.keys() != {"loss"}:
                failures.append(f"the metric was not there after {steps} steps")
        except Exception as error:  # noqa: BLE001 - whatever the client raises is a failure
            failures.append(f"{time.strftime('%H:%M:%S')} {error!r}")
        longest = max(longest, time.monotonic() - began)
        calls += 2
        time.sleep(PAUSE_SECONDS)
    found = {"requests": calls, "failures": failures, "steps": {run_id: steps}, "longest_seconds": longest}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
