"""What the embedded server's writer does while nobody waits for it: it merges chunks and settles runs."""

import time
from collections import deque
from collections.abc import Callable

import structlog

from trackhelm_core.db.unit_of_work import Database
from trackhelm_ingest.logic.compaction import compact_metric
from trackhelm_ingest.logic.settling import SETTLE_EVERY_SECONDS, are_any_to_settle, settle_some
from trackhelm_ingest.store.compaction import metrics_of
from trackhelm_ingest.store.points import Metric

log = structlog.get_logger(__name__)


class Upkeep:
    """Metrics that wait to be compacted, and the time of settling runs.

    What waits is lost when the server stops: it is done again when the metrics grow.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._runs: deque[str] = deque()
        self._metrics: dict[Metric, bool] = {}
        self._settle_at = clock()

    def __bool__(self) -> bool:
        return bool(self._runs or self._metrics or not self.seconds_until_settling())

    def seconds_until_settling(self) -> float:
        """Return how long there is nothing to do unless something is added."""
        return max(0.0, self._settle_at - self._clock())

    def add_run(self, run: str) -> None:
        """Compact a run's metrics whole: it has ended. Any thread may call this."""
        self._runs.append(run)

    def add(self, metric: Metric, *, whole: bool = False) -> None:
        """Compact a metric; only the thread that does the work calls this."""
        self._metrics[metric] = whole or self._metrics.get(metric, False)

    def do_next(self) -> None:
        """Do the next piece of work, one transaction; a failure is logged and its work left out."""
        try:
            if self._runs:
                run = self._runs.popleft()
                with self._database.reading() as session:
                    for metric in metrics_of(session, run):
                        self.add(metric, whole=True)
                return
            if not self._metrics:
                self._settle()
                return
            metric, whole = next(iter(self._metrics.items()))
            del self._metrics[metric]
            with self._database.writing() as session:
                compact_metric(session, metric, whole=whole)
        except Exception:
            log.exception("metrics were not compacted, or runs not settled")

    def _settle(self) -> None:
        self._settle_at = self._clock() + SETTLE_EVERY_SECONDS
        with self._database.reading() as session:
            if not are_any_to_settle(session):
                return
        with self._database.writing() as session:
            if settle_some(session):
                self._settle_at = self._clock()
