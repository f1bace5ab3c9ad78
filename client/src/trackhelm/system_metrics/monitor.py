"""A thread that samples the machine and logs the mean of some samples to a run."""

import logging
import threading
from collections import defaultdict
from statistics import fmean
from typing import Final

from trackhelm.client import MlflowClient
from trackhelm.client.runs import now_ms
from trackhelm.system_metrics.readings import Readings

_STOP_SECONDS: Final = 10.0
_logger = logging.getLogger("trackhelm")


class Monitor:
    """Samples the machine until it is stopped.

    Args:
        run_id: The run.
        interval_seconds: The time between two samples.
        samples: The samples of which the mean is logged.
        node_id: A name that is put into the names of metrics.
    """

    def __init__(self, run_id: str, interval_seconds: float, samples: int, node_id: str | None) -> None:
        self._run_id = run_id
        self._interval = interval_seconds
        self._samples = samples
        self._prefix = f"system/{node_id}/" if node_id else "system/"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trackhelm-system-metrics", daemon=True)
        self._step = 0
        self._client = MlflowClient()
        self._readings = Readings()

    def start(self, *, resumed: bool) -> None:
        """Begin to sample."""
        if resumed:
            self._step = self._next_step()
        self._thread.start()

    def stop(self) -> None:
        """Log what was sampled, and end."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)

    def _next_step(self) -> int:
        metrics = self._client.get_run(self._run_id).data._metric_objs  # noqa: SLF001 - of this package
        steps = [metric.step for metric in metrics if metric.key.startswith(self._prefix)]
        return max(steps, default=-1) + 1

    def _run(self) -> None:
        gathered: dict[str, list[float]] = defaultdict(list)
        taken = 0
        while True:
            is_last = self._stopping.wait(self._interval)
            try:
                for key, value in self._readings.sample().items():
                    gathered[key].append(value)
                taken += 1
                if gathered and (is_last or taken % self._samples == 0):
                    self._log({key: fmean(values) for key, values in gathered.items()})
                    gathered.clear()
            except Exception as error:  # noqa: BLE001 - it must not end a training
                _logger.warning(
                    "System metrics of the run %s are not logged any more: %s", self._run_id, error
                )
                return
            if is_last:
                return

    def _log(self, values: dict[str, float]) -> None:
        log = self._client._destination.log  # noqa: SLF001 - of this package
        log.metrics(
            self._run_id,
            {self._prefix + key: round(value, 3) for key, value in values.items()},
            self._step,
            now_ms(),
        )
        self._step += 1
