"""Calls every service of a release many times a second, and repeats nothing: each failure is seen.

    python3 calls_every_service.py ADDRESS

Two callers keep their connection, and two open one for each request. When the file /tmp/stop is there, they
end, and the last line that is printed says as JSON what failed and which steps were logged to which run.
"""

import http.client
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

STOP = Path("/tmp/stop")
API = "/api/2.0/mlflow"
PAUSE_SECONDS = 0.05
"""Between two requests of a caller: a load at which a small machine still starts pods."""
STEPS_A_REQUEST = 10


class Caller(threading.Thread):
    """Creates a run, and logs to it until it is stopped."""

    def __init__(self, name: str, address: str, *, keeps: bool) -> None:
        super().__init__(name=name)
        self._keeps = keeps
        self._connection = http.client.HTTPConnection(address, timeout=60)
        self.run_id = ""
        self.steps = 0
        self.requests = 0
        self.failures: list[str] = []

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes | None:
        """Return the answer's body; None, and a failure that is noted, if it is not 200."""
        self.requests += 1
        began = time.strftime("%H:%M:%S")
        try:
            self._connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            read = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{began} {self.name} {method} {path}: {error!r}")
            self._connection.close()
            return None
        if not self._keeps:
            self._connection.close()
        if answer.status != http.client.OK:
            self.failures.append(f"{began} {self.name} {method} {path}: {answer.status} {read[:300]!r}")
            return None
        return read

    def _json(self, method: str, path: str, **message: Any) -> Any:
        read = self._call(method, API + path, json.dumps(message).encode() if message else None)
        return None if read is None else json.loads(read)

    def run(self) -> None:
        created = self._json("POST", "/runs/create", experiment_id="0", run_name=self.name, start_time=1)
        self.run_id = created["run"]["info"]["run_id"]
        file = f"/api/2.0/mlflow-artifacts/artifacts/0/{self.run_id}/artifacts/note.txt"
        while not STOP.exists():
            steps = range(self.steps, self.steps + STEPS_A_REQUEST)
            metrics = [
                {"key": "loss", "value": 1 / (step + 1), "timestamp": 1, "step": step} for step in steps
            ]
            if self._json("POST", "/runs/log-batch", run_id=self.run_id, metrics=metrics) is not None:
                self.steps = steps.stop
            time.sleep(PAUSE_SECONDS)
            if self.requests % 4 == 0:
                self._json("GET", f"/runs/get?run_id={self.run_id}")
                self._json("GET", "/registered-models/search?max_results=1")
                self._call("PUT", file, b"x" * 1_000)
                self._call("GET", file)


def main(address: str) -> None:
    """Run the callers, and print what they found."""
    callers = [
        Caller(f"{name}-{number}", address, keeps=name == "keeps")
        for name in ("keeps", "opens")
        for number in (1, 2)
    ]
    for caller in callers:
        caller.start()
    print("begun", flush=True)
    for caller in callers:
        caller.join()
    found = {
        "requests": sum(caller.requests for caller in callers),
        "failures": [failure for caller in callers for failure in caller.failures],
        "steps": {caller.run_id: caller.steps for caller in callers},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
