"""What a watcher counts, for Prometheus: its passes over the runs, and the runs that it ended.

Must hold no name of a run, a pod or a namespace: there would be as many series as runs.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Seconds: from a pass over a few runs to one over tens of thousands.
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_STATUSES: Final = ("FAILED", "FINISHED", "KILLED")


class WatcherMetrics:
    """The metrics of one watcher. One that does not lead makes no passes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.leads = Gauge("trackhelm_watcher_leads", "Whether this watcher leads.", registry=registry)
        self.pass_seconds = Histogram(
            "trackhelm_watcher_pass_seconds",
            "Time of a pass over the runs that go on.",
            registry=registry,
            buckets=_BUCKETS,
        )
        self.pass_failures = Counter(
            "trackhelm_watcher_pass_failures",
            "Passes that failed, because the database or the cluster did not answer, and are repeated.",
            registry=registry,
        )
        self.last_pass = Gauge(
            "trackhelm_watcher_last_pass_timestamp_seconds",
            "When the last pass ended that did not fail.",
            registry=registry,
        )
        self.joined = Counter(
            "trackhelm_watcher_noted_runs",
            "Times that what is known of a run's pod was written.",
            registry=registry,
        )
        self.ended = Counter(
            "trackhelm_watcher_ended_runs", "Runs that it ended, by status.", ("status",), registry=registry
        )
        for status in _STATUSES:
            # A counter that begins at its first event shows no increase by it.
            self.ended.labels(status)
