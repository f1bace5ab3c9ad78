"""Looks at the runs that go on beside the pods of the cluster, and writes what follows.

Owns what is known of pods and jobs, those that are gone among them, and one pass over the runs. A pass writes
nothing that is written already, so that a watcher that was killed goes on where it was.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.runtime import Clock
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.telemetry.requests import new_request_id
from trackhelm_domain.audit import AuditContext
from trackhelm_ingest.runs.pod_logic import FACTS, PodEnd, end_run, note_pod
from trackhelm_watcher import facts
from trackhelm_watcher.cluster import ClusterError
from trackhelm_watcher.endings import SKEW_MS, Ending, ending_of, ending_of_gone, event_time, explained
from trackhelm_watcher.joining import CONTAINER, NO_POD, POD, Claim, JoinedBy, Pods, Seen, container_of
from trackhelm_watcher.metrics import WatcherMetrics
from trackhelm_watcher.pods import Job, Json, read_job, read_pod
from trackhelm_watcher.store import GoingOn, runs_going_on

log = structlog.get_logger(__name__)

KEPT_MS: Final = 3_600_000
"""How long a pod or job that is gone is remembered, for runs that are found only then: as long as events."""


class PodLookup(Protocol):
    """What the observer asks the cluster when a pod is gone."""

    def pod_uid(self, namespace: str, name: str) -> str | None:
        """Return the id of the pod that has a name; None if there is none."""

    def events_of(self, namespace: str, kind: str, name: str, uid: str) -> list[Json]:
        """Return the events about an object."""


class Known:
    """The pods and jobs of the watched namespaces. Informers write it, on their threads."""

    def __init__(self, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._clock, self._changed = clock, changed
        self._lock = threading.Lock()
        self._pods: dict[str, Seen] = {}
        self._jobs: dict[str, tuple[Job, int | None]] = {}

    def pod_changed(self, found: Json) -> None:
        """Note a pod."""
        pod = read_pod(found)
        with self._lock:
            self._pods[pod.uid] = Seen(pod)
        self._changed()

    def pod_gone(self, found: Json) -> None:
        """Note that a pod is gone, with its last state."""
        pod = read_pod(found)
        with self._lock:
            self._pods[pod.uid] = Seen(pod, self._clock())
        self._changed()

    def job_changed(self, found: Json) -> None:
        """Note a job."""
        job = read_job(found)
        with self._lock:
            self._jobs[job.uid] = job, None

    def job_gone(self, found: Json) -> None:
        """Note that a job is gone."""
        job = replace(read_job(found), deleted=True)
        with self._lock:
            self._jobs[job.uid] = job, self._clock()

    def pods(self) -> Pods:
        """Return the pods of now, without those that are gone for long."""
        oldest = self._clock() - KEPT_MS
        with self._lock:
            self._pods = {
                uid: seen for uid, seen in self._pods.items() if seen.gone is None or seen.gone > oldest
            }
            self._jobs = {
                uid: each for uid, each in self._jobs.items() if each[1] is None or each[1] > oldest
            }
            return Pods(self._pods.values())

    def job(self, uid: str) -> Job | None:
        """Return a job; None if it is not known."""
        with self._lock:
            found = self._jobs.get(uid)
        return None if found is None else found[0]


class Observer:
    """Writes what is known of pods to runs. `ended` is called with each run that it ended, once committed."""

    def __init__(
        self,
        database: Database,
        known: Known,
        cluster: PodLookup,
        namespaces: frozenset[str],
        *,
        clock: Clock,
        ended: Callable[[str], None] = lambda _run: None,
        metrics: WatcherMetrics | None = None,
    ) -> None:
        self._metrics = metrics or WatcherMetrics(CollectorRegistry())
        self._database, self._known, self._cluster = database, known, cluster
        self._namespaces, self._clock, self._ended = namespaces, clock, ended

    def look(self) -> None:
        """Look at every run that goes on, and write what is new.

        Raises `SQLAlchemyError` if the database does not answer, and `ClusterError` if the cluster does not.
        """
        with self._database.reading() as session:
            runs = list(runs_going_on(session))
        # Afterwards: what a run is joined to is at least as new as the run.
        pods = self._known.pods()
        failed: ClusterError | None = None
        for run in runs:
            try:
                self._look_at(run, pods)
            except ClusterError as error:
                # The others are looked at all the same.
                failed = error
        if failed is not None:
            raise failed

    def _look_at(self, run: GoingOn, pods: Pods) -> None:
        claim = _claim_of(run)
        stored = {key: value for key, value in run.tags.items() if key.startswith(FACTS)}
        joined = stored.get(facts.SINCE) == str(claim.time) and claim.pod != NO_POD
        # What a client names counts more, if it does so later.
        if joined and (not claim.pod or stored[facts.JOINED_BY] == JoinedBy.TAG):
            found = None
        else:
            found = pods.of(claim)
        if found is None and joined and (seen := pods.of_uid(stored[facts.POD_UID])):
            found = seen, JoinedBy(stored[facts.JOINED_BY])
        if found is not None:
            self._look_in(run, claim, found, stored)
        elif joined:
            self._look_for(run, claim, stored)
        elif stored:
            # It was resumed where nobody watches: what is known of its pod before is not true any more.
            self._note(run, {})

    def _look_in(
        self, run: GoingOn, claim: Claim, found: tuple[Seen, JoinedBy], stored: Mapping[str, str]
    ) -> None:
        (seen, joined_by), now = found, self._clock()
        pod = seen.pod
        tags = facts.facts_of(pod, container_of(pod, claim), joined_by, claim.time, stored)
        if seen.gone is None:
            ending = ending_of(pod, claim, now)
        elif self._is_there(*pod.key, pod.uid):
            # It has other labels now, and the selector does not match.
            ending = None
        else:
            ending = ending_of_gone(pod, claim, now)
        if ending is not None:
            job = self._known.job(pod.job_uid)
            events = self._events(ending, claim, pod.key, pod.uid, job)
            self._end(run, tags, explained(ending, pod.name, job, events))
        elif tags != stored:
            self._note(run, tags)

    def _look_for(self, run: GoingOn, claim: Claim, stored: Mapping[str, str]) -> None:
        """End a run whose pod went while no watcher ran, if the cluster says that it has it no more."""
        namespace, name, uid = stored[facts.NAMESPACE], stored[facts.POD_NAME], stored[facts.POD_UID]
        if namespace in self._namespaces and not self._is_there(namespace, name, uid):
            ending = ending_of_gone(None, claim, self._clock())
            events = self._events(ending, claim, (namespace, name), uid)
            self._end(run, dict(stored), explained(ending, name, None, events))

    def _is_there(self, namespace: str, name: str, uid: str) -> bool:
        return self._cluster.pod_uid(namespace, name) == uid

    def _events(
        self, ending: Ending, claim: Claim, key: tuple[str, str], uid: str, job: Job | None = None
    ) -> list[Json]:
        """Return the events about a pod and its job since a run began in it."""
        if not ending.by_others:
            return []
        namespace, name = key
        try:
            found = self._cluster.events_of(namespace, "Pod", name, uid)
            found += self._cluster.events_of(namespace, "Job", job.name, job.uid) if job else []
        except ClusterError as error:
            # They only tell who did it.
            log.warning("a run is ended without the events of its pod", pod=name, error=str(error))
            return []
        # One before may be about another pod, which had the same name.
        return [each for each in found if event_time(each) >= claim.time - SKEW_MS]

    def _note(self, run: GoingOn, tags: Mapping[str, str]) -> None:
        with self._database.writing() as session:
            changed = note_pod(session, run.uuid, run.source, tags, context=self._context())
        if changed:
            self._metrics.joined.inc()
            log.info("the pod of a run is known", run=run.uuid, pod=tags.get(facts.POD_NAME))

    def _end(self, run: GoingOn, tags: Mapping[str, str], ending: Ending) -> None:
        end = PodEnd(
            ending.status,
            ending.time,
            {
                "reason": ending.reason,
                "message": ending.message,
                "exit_code": ending.exit_code,
                "deleted_by": ending.deleted_by or None,
                "namespace": tags.get(facts.NAMESPACE),
                "pod": tags.get(facts.POD_NAME),
                "container": tags.get(facts.CONTAINER_NAME),
                "node": tags.get(facts.NODE),
                "job": tags.get(facts.JOB_NAME),
            },
        )
        with self._database.writing() as session:
            info = end_run(
                session,
                run.uuid,
                run.source,
                facts.with_ending(tags, ending),
                end=end,
                context=self._context(),
            )
        if info is not None:
            self._metrics.ended.labels(ending.status).inc()
            log.info("a run was ended", run=run.uuid, status=ending.status, reason=ending.reason)
            self._ended(run.uuid)

    def _context(self) -> AuditContext:
        # The changes of one run belong together, as those of a request do.
        actor = Actor("watcher", ActorKind.WATCHER, source_address="", request_id=new_request_id())
        return AuditContext(actor, self._clock())


def _claim_of(run: GoingOn) -> Claim:
    """Return what a run says of where it is. One of a version before has neither address nor time."""
    return Claim(
        time=run.start_time if run.source.time is None else run.source.time,
        address=run.source.address or "",
        pod=run.tags.get(POD, ""),
        container=run.tags.get(CONTAINER, ""),
    )
