"""Upkeep: the background work of the embedded server, done by the thread that drains the journal.

It merges chunks, finalizes runs, and deletes the rows of what was deleted for good, as workers do in the
split shape.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

from trackhelm_core.db.unit_of_work import Database
from trackhelm_ingest.deletion.logic import delete_some, is_any_to_delete
from trackhelm_ingest.metrics.compaction import compact_metric
from trackhelm_ingest.metrics.store import Metric, metrics_of
from trackhelm_ingest.runs.logic import FINALIZE_EVERY_SECONDS, are_any_to_finalize, finalize_some

log = structlog.get_logger(__name__)


class Upkeep:
    """The metrics that wait to be compacted, and the time at which to look for other work in the tables.

    The list is lost when the server stops; the metrics are compacted when they grow again.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._runs: deque[str] = deque()
        self._metrics: dict[Metric, bool] = {}
        self._adding = threading.Lock()
        self._look_at = clock()

    def __bool__(self) -> bool:
        return bool(self._runs or self._metrics or not self.seconds_until_look())

    def seconds_until_look(self) -> float:
        """Return how long there is nothing to do, unless something is added."""
        return max(0.0, self._look_at - self._clock())

    def add_run(self, run: str) -> None:
        """Compact all chunks of a run that has ended. Any thread may call this."""
        self._runs.append(run)

    def add(self, metric: Metric, *, whole: bool = False) -> None:
        """Compact a metric. Any thread may call this."""
        with self._adding:
            self._metrics[metric] = whole or self._metrics.get(metric, False)

    def do_next(self) -> None:
        """Do the next piece of work, which takes milliseconds. A failure is logged and the work dropped."""
        try:
            if self._runs:
                run = self._runs.popleft()
                with self._database.reading() as session:
                    for metric in metrics_of(session, run):
                        self.add(metric, whole=True)
                return
            if not self._metrics:
                self._look()
                return
            with self._adding:
                metric, whole = next(iter(self._metrics.items()))
                del self._metrics[metric]
            with self._database.writing() as session:
                compact_metric(session, metric, whole=whole)
        except Exception:
            log.exception("metrics were not compacted, or runs not finalized, or rows not deleted")

    def _look(self) -> None:
        """Finalize some runs and delete some rows; if there may be more, do it again at once."""
        self._look_at = self._clock() + FINALIZE_EVERY_SECONDS
        with self._database.reading() as session:
            due = [
                work
                for work, is_due in ((finalize_some, are_any_to_finalize), (delete_some, is_any_to_delete))
                if is_due(session)
            ]
        for work in due:
            with self._database.writing() as session:
                if work(session):
                    self._look_at = self._clock()
