"""What the embedded server's writer does while nobody waits for it: it merges chunks, a metric at a time."""

from collections import deque

import structlog

from trackhelm_core.db.unit_of_work import Database
from trackhelm_ingest.logic.compaction import compact_metric
from trackhelm_ingest.store.compaction import metrics_of
from trackhelm_ingest.store.points import Metric

log = structlog.get_logger(__name__)


class Upkeep:
    """Metrics that wait to be compacted. Lost when the server stops: it is done again when they grow."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs: deque[str] = deque()
        self._metrics: dict[Metric, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._runs or self._metrics)

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
            metric, whole = next(iter(self._metrics.items()))
            del self._metrics[metric]
            with self._database.writing() as session:
                compact_metric(session, metric, whole=whole)
        except Exception:
            log.exception("chunks were not merged")
