"""The watcher: it stands for election, and while it leads it watches pods and jobs and looks at runs."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.runtime import Clock, now_ms
from trackhelm_core.settings import WatcherSettings
from trackhelm_watcher.cluster import (
    READS,
    WRITES_LEASE,
    Cluster,
    ClusterError,
    Kind,
    own_namespace,
)
from trackhelm_watcher.election import Election
from trackhelm_watcher.informer import Informer
from trackhelm_watcher.metrics import WatcherMetrics
from trackhelm_watcher.observer import Known, Observer

log = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0

_GATHER_SECONDS: Final = 0.2
"""How long changes of pods are gathered before runs are looked at: a job of a thousand pods is one pass."""


def watched_namespaces(settings: WatcherSettings) -> tuple[str, ...]:
    """Return the namespaces to watch. Raises `ClusterError` if there is none."""
    own = own_namespace()
    namespaces = settings.namespaces or ((own,) if own else ())
    if not namespaces:
        raise ClusterError("this process is in no pod: name the namespaces in TRACKHELM_WATCHER_NAMESPACES")
    return namespaces


class Watcher:
    """One watcher of possibly several. `identity` tells it apart from the others."""

    def __init__(
        self,
        database: Database,
        cluster: Cluster,
        settings: WatcherSettings,
        *,
        identity: str,
        ended: Callable[[str], None] = lambda _run: None,
        clock: Clock = now_ms,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._database, self._cluster, self._settings = database, cluster, settings
        self._ended, self._clock = ended, clock
        self._namespaces = watched_namespaces(settings)
        self._metrics = WatcherMetrics(registry or CollectorRegistry())
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._knows_all = False
        self.election = Election(
            cluster,
            _lease_namespace(settings, self._namespaces),
            settings.watcher_lease,
            identity=identity,
            seconds=settings.watcher_lease_seconds,
            changed=self._wake.set,
        )
        self._metrics.leads.set_function(lambda: self.election.leads)

    def is_working(self) -> bool:
        """Return whether the cluster answers, and, if this watcher leads, has told it all pods and jobs."""
        return self.election.is_answered and (self._knows_all or not self.election.leads)

    def stop(self) -> None:
        """Make `run` return soon; from any thread."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Watch until `stop` is called, whenever this watcher leads."""
        self.election.start()
        try:
            while not self._stop.is_set():
                if self.election.leads:
                    self._lead()
                self._wake.wait()
                self._wake.clear()
        finally:
            self.election.stop()

    def _lead(self) -> None:
        known = Known(self._clock, self._wake.set)
        observer = Observer(
            self._database,
            known,
            self._cluster,
            frozenset(self._namespaces),
            clock=self._clock,
            ended=self._ended,
            metrics=self._metrics,
        )
        informers = [
            Informer(self._cluster, kind, namespace, selector, changed=changed, gone=gone)
            for namespace in self._namespaces
            for kind, selector, changed, gone in (
                (Kind.PODS, self._settings.watcher_pod_selector, known.pod_changed, known.pod_gone),
                (Kind.JOBS, "", known.job_changed, known.job_gone),
            )
        ]
        for informer in informers:
            informer.start()
        try:
            self._look_again_and_again(observer, informers)
        finally:
            self._knows_all = False
            for informer in informers:
                informer.stop()

    def _look_again_and_again(self, observer: Observer, informers: Sequence[Informer]) -> None:
        pause = _FIRST_PAUSE
        while self.election.leads and not self._stop.is_set():
            wait = self._settings.watcher_interval_seconds
            # Before all is known, a pod that is not known may be there.
            self._knows_all = all(informer.synced.is_set() for informer in informers)
            if self._knows_all:
                try:
                    with self._metrics.pass_seconds.time():
                        observer.look()
                    self._metrics.last_pass.set_to_current_time()
                    pause = _FIRST_PAUSE
                except (SQLAlchemyError, ClusterError) as error:
                    self._metrics.pass_failures.inc()
                    log.warning("runs are looked at again", error=str(error).splitlines()[0], seconds=pause)
                    self._stop.wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
            else:
                wait = _GATHER_SECONDS
            due = time.monotonic() + wait
            if self._wake.wait(wait):
                self._wake.clear()
                self._stop.wait(min(_GATHER_SECONDS, max(0.0, due - time.monotonic())))


def _lease_namespace(settings: WatcherSettings, namespaces: Sequence[str]) -> str:
    return settings.watcher_lease_namespace or own_namespace() or namespaces[0]


def missing_rights(cluster: Cluster, settings: WatcherSettings) -> list[str]:
    """Ask the cluster what this account may not do and a watcher must, for `doctor`: `list pods in training`.

    Raises `ClusterError`, if the cluster does not answer.
    """
    namespaces = watched_namespaces(settings)
    needed = [(right, namespace, "") for namespace in namespaces for right in READS]
    needed += [
        (right, _lease_namespace(settings, namespaces), settings.watcher_lease) for right in WRITES_LEASE
    ]
    return [
        f"{right.verb} {right.resource} in {namespace}"
        for right, namespace, name in needed
        if not cluster.may(right, namespace, name)
    ]
