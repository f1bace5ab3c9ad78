"""Metrics of tasks, counted in the process of a worker that gives tasks to its pool.

Celery's requests are counted there and not in the processes that run them: so each worker has one count that
survives its processes, a task whose process was killed is counted as well, and nothing is written to files or
sent to Redis. Must not know what a task does.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from celery.exceptions import WorkerLostError
from celery.worker.request import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from trackhelm_core.queue.tasks import Task

# Seconds: from a task that finds nothing to do to one that takes longer than the longest slice, 30 s.
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)

_LABELS: Final = ("task", "queue")

RAISED: Final = "raised"
LOST: Final = "lost"


class TaskMetrics:
    """What a worker has run, and runs now, by task and queue."""

    def __init__(self, registry: CollectorRegistry, tasks: Iterable[Task]) -> None:
        self._seconds = Histogram(
            "trackhelm_task_seconds",
            "Time that tasks ran, whether they failed or not.",
            _LABELS,
            registry=registry,
            buckets=_BUCKETS,
        )
        self._failures = Counter(
            "trackhelm_task_failures",
            "Tasks that failed: `raised` an error, or were `lost` with their process and run again.",
            (*_LABELS, "reason"),
            registry=registry,
        )
        self._running = Gauge("trackhelm_tasks_running", "Tasks that run now.", _LABELS, registry=registry)
        for task in tasks:
            # A counter that begins at its first failure shows no increase by it.
            for reason in (RAISED, LOST):
                self._failures.labels(task.name, task.queue, reason)
            for metric in (self._seconds, self._running):
                metric.labels(task.name, task.queue)

    def began(self, task: Task) -> None:
        """Count a task that a process or thread of the pool has begun."""
        self._running.labels(task.name, task.queue).inc()

    def failed(self, task: Task, reason: str) -> None:
        """Count a failure of a task."""
        self._failures.labels(task.name, task.queue, reason).inc()

    def ended(self, task: Task, seconds: float) -> None:
        """Count a task that has ended in whatever way."""
        self._running.labels(task.name, task.queue).dec()
        self._seconds.labels(task.name, task.queue).observe(seconds)

    def request_of(self, task: Task) -> type[Request]:
        """Return the class of a task's requests, which count themselves."""
        return type("CountedRequest", (_CountedRequest,), {"counted": (self, task)})


class _CountedRequest(Request):  # type: ignore[misc]  # Celery has no types
    """A request that counts itself. Celery makes a subclass of it that replaces `on_success`.

    Hence the end of a task is where its message is acknowledged or given back. With late acknowledgement that
    is once, after every task, and never for one that expired before it began.
    """

    counted: tuple[TaskMetrics, Task]
    began: float | None = None

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        metrics, task = self.counted
        self.began = time.monotonic()
        metrics.began(task)
        super().on_accepted(pid, time_accepted)

    def on_failure(self, exc_info: Any, *arguments: Any, **options: Any) -> Any:
        metrics, task = self.counted
        # Billiard wraps an error with the traceback of the process that it is from.
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        is_lost = isinstance(error, WorkerLostError | SystemExit)
        metrics.failed(task, LOST if is_lost else RAISED)
        return super().on_failure(exc_info, *arguments, **options)

    def acknowledge(self) -> None:
        self._end()
        super().acknowledge()

    def reject(self, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - Celery's
        self._end()
        super().reject(requeue)

    def _end(self) -> None:
        if self.began is not None:
            metrics, task = self.counted
            metrics.ended(task, time.monotonic() - self.began)
            self.began = None


def count_sent(registry: CollectorRegistry) -> Callable[..., None]:
    """Return a receiver of Celery's signal `after_task_publish`, which counts what this process sends."""
    sent = Counter("trackhelm_tasks_sent", "Tasks that beat sent.", _LABELS, registry=registry)

    def count(sender: str, routing_key: str, **_: Any) -> None:
        sent.labels(sender, routing_key).inc()

    return count
