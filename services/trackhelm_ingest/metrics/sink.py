"""The metric sink: the interface between the HTTP side of ingest and what stores points, and its metrics."""

from collections.abc import Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter

from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import ApiError
from trackhelm_ingest.metrics.quotas import Charge
from trackhelm_ingest.metrics.series import SeriesKey, SeriesPoints


class MetricSink(Protocol):
    """Accepts points. Each implementation says what an acknowledgement guarantees."""

    async def append(
        self, run: str, points: Mapping[SeriesKey, Points], charge: Charge | None = None
    ) -> None:
        """Accept points for a run, by its public id; return when they cannot be lost any more.

        `charge` is what they count against, if the workspace has a quota of points.

        Raises:
            NotFoundError: There is no such run.
            InvalidParameterError: The run is deleted.
            ApiError: Too much is waiting, or the points come too fast (429), or the queue or database is
                unavailable (503).
        """
        ...

    def run_ended(self, run: str) -> None:
        """Note that a run, by its public id, expects no more points. Any thread may call this.

        It never fails, because only upkeep depends on it.
        """
        ...

    def runs_deleted(self, run: str | None = None) -> None:
        """Note that runs were deleted. Call this after the commit and before the request is answered.

        `run` is the public id of one run, or None for any number of runs.

        From then on every process refuses their metrics. Any thread may call this. It never fails: if the
        other processes cannot be notified, they notice the deletion seconds later.
        """
        ...


# What ingest counts, for `/metrics`.


class CountingSink:
    """Wraps a metric sink, and counts what it accepts and refuses."""

    def __init__(self, sink: MetricSink, registry: CollectorRegistry) -> None:
        self._sink = sink
        self._requests = Counter(
            "trackhelm_metrics_accepted_requests",
            "Requests with metrics that were acknowledged.",
            registry=registry,
        )
        self._points = Counter(
            "trackhelm_metrics_accepted_points", "Metric points that were acknowledged.", registry=registry
        )
        self._refused = Counter(
            "trackhelm_metrics_refused_requests",
            "Requests with metrics that were refused, by the status of the answer.",
            ("status",),
            registry=registry,
        )

    async def append(
        self, run: str, points: Mapping[SeriesKey, Points], charge: Charge | None = None
    ) -> None:
        """Pass on points; see `MetricSink.append`."""
        try:
            await self._sink.append(run, points, charge)
        except ApiError as error:
            self._refused.labels(error.status).inc()
            raise
        self._requests.inc()
        self._points.inc(len(SeriesPoints.of(points).columns))

    def run_ended(self, run: str) -> None:
        """Pass a run's end on; see `MetricSink.run_ended`."""
        self._sink.run_ended(run)

    def runs_deleted(self, run: str | None = None) -> None:
        """Pass on that runs were deleted; see `MetricSink.runs_deleted`."""
        self._sink.runs_deleted(run)
