"""The metrics of a process, and `/metrics`, from which Prometheus reads them.

Each runtime has a registry of its own, so that two applications in one process are counted separately.
"""

from typing import Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest

from trackhelm_core.runtime import RuntimeDep

metrics_router = APIRouter()

# Seconds: from the time to queue a metric to the time to read a history of millions of points.
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

UNROUTED: Final = "none"
"""The route of a request that no endpoint answers. Callers can invent any number of paths, so the path itself
is not used."""


class RequestMetrics:
    """The numbers of answers by method, route and status, and the times that they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "trackhelm_http_request_seconds",
            "Time to answer a request, by route and status.",
            ("method", "route", "status"),
            registry=registry,
            buckets=_BUCKETS,
        )

        # Finding the counter of a label set takes longer than counting, and there are few of them.
        self._counters: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = self._seconds.labels(method, route, status)
        counter.observe(seconds)


@metrics_router.get("/metrics", include_in_schema=False)
def metrics(runtime: RuntimeDep) -> Response:
    """Answer all metrics in Prometheus' text format."""
    return Response(generate_latest(runtime.metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})
