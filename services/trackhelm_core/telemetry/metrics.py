"""What a process counts, and `/metrics`, where Prometheus reads it.

Each runtime has a registry of its own: two applications in one process do not count for one another.
"""

from typing import Final

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest

from trackhelm_core.runtime import RuntimeDep

metrics_router = APIRouter()

# From a metric that is queued to a history of millions of points, seconds.
_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

UNROUTED: Final = "none"
"""The route of a request that no endpoint answers: its path is its sender's invention, and there are endless
many."""


class RequestMetrics:
    """How many requests were answered how, and how long that took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "trackhelm_http_request_seconds",
            "Time to answer a request, by route and status.",
            ("method", "route", "status"),
            registry=registry,
            buckets=_BUCKETS,
        )

        # Finding a label's counter takes longer than counting. Methods, routes and statuses are few.
        self._counters: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = self._counters[method, route, status] = self._seconds.labels(method, route, status)
        counter.observe(seconds)


@metrics_router.get("/metrics", include_in_schema=False)
def metrics(runtime: RuntimeDep) -> Response:
    """Answer all that is counted, in Prometheus' text form."""
    return Response(generate_latest(runtime.metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})
