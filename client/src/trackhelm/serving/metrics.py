"""What a scoring server counts, for Prometheus: requests, batches, and the version that it serves."""

import os
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536)


class Metrics:
    """The counts of this process; where several workers share a folder, the text has the sum of all.

    That folder is in `PROMETHEUS_MULTIPROC_DIR`, set before this module is imported.
    """

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)
        self._requests = Counter(
            "trackhelm_serving_requests_total",
            "Requests that were answered.",
            ["route", "status"],
            registry=own,
        )
        self._seconds = Histogram(
            "trackhelm_serving_request_seconds",
            "Seconds from a request's head to its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=own,
        )
        self._batch = Histogram(
            "trackhelm_serving_batch_requests",
            "Requests of a call of the model.",
            buckets=_SIZES,
            registry=own,
        )
        self._rows = Histogram(
            "trackhelm_serving_batch_rows", "Rows of a call of the model.", buckets=_SIZES, registry=own
        )
        self._model_seconds = Histogram(
            "trackhelm_serving_model_seconds",
            "Seconds of a call of the model.",
            buckets=_SECONDS,
            registry=own,
        )
        self._model = Gauge(
            "trackhelm_serving_model",
            "1 for the version of the model that is served.",
            ["name", "version"],
            registry=own,
            multiprocess_mode="livemostrecent",
        )

    media_type: Final = prometheus_client.CONTENT_TYPE_LATEST

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """Count a call of the model."""
        self._batch.observe(requests)
        self._rows.observe(rows)
        self._model_seconds.observe(seconds)

    def model(self, name: str, version: str | None, *, is_served: bool) -> None:
        """Note whether a version is served."""
        self._model.labels(name, version or "").set(int(is_served))

    def text(self) -> bytes:
        """Return the counts in Prometheus' text form."""
        text: bytes = generate_latest(self._registry)
        return text
