"""Pods and jobs as the watcher needs them, read from what the API of Kubernetes sends.

Times are milliseconds since the epoch. Owns the reading of these objects; what follows from them is decided
by `endings` and `joining`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

Json = Mapping[str, Any]

_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
_JOB_LABELS: Final = ("batch.kubernetes.io/job-name", "job-name")
_SECOND: Final = 1_000


def time_ms(text: str | None) -> int | None:
    """Return a time of the API in milliseconds since the epoch."""
    return None if not text else int(datetime.fromisoformat(text).timestamp() * _SECOND)


@dataclass(frozen=True, slots=True)
class Terminated:
    """How one execution of a container ended."""

    exit_code: int
    reason: str
    message: str
    started: int | None
    finished: int | None


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod. A sidecar, an init container that never ends, is left out: no run is in one."""

    name: str
    init: bool
    image: str
    image_id: str
    requests: Mapping[str, str]
    limits: Mapping[str, str]
    restarts: int = 0
    running_since: int | None = None
    ended: Terminated | None = None
    """The end of its last execution, while it is not running."""
    ended_before: Terminated | None = None
    """The end of the execution before the one that runs."""

    def ran_at(self, time: int) -> bool:
        """Return whether it ran at a time, by what is still known of it."""
        spans = [(end.started, end.finished) for end in (self.ended, self.ended_before) if end is not None]
        if self.running_since is not None:
            spans.append((self.running_since, None))
        return any(
            begin is not None and begin <= time and (end is None or time <= end) for begin, end in spans
        )


@dataclass(frozen=True, slots=True)
class Disruption:
    """Why the cluster took a pod away, as its condition `DisruptionTarget` says."""

    reason: str
    message: str
    time: int | None


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. `deletion_asked` is when its deletion was asked for, `deletion_due` when its grace is over."""

    namespace: str
    name: str
    uid: str
    node: str
    addresses: frozenset[str]
    job: str
    job_uid: str
    phase: str
    reason: str
    message: str
    started: int | None
    deletion_asked: int | None
    deletion_due: int | None
    disruption: Disruption | None
    default_container: str
    containers: tuple[Container, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The pod's namespace and name, which a later pod may have, too."""
        return self.namespace, self.name

    @property
    def is_over(self) -> bool:
        """Whether none of its containers runs again."""
        return self.phase in {"Succeeded", "Failed"}

    @property
    def finished(self) -> int | None:
        """When its last container ended; None if it goes on, or nobody knows."""
        ends = [each.ended.finished for each in self.containers if each.ended and each.ended.finished]
        return max(ends, default=None) if self.is_over else None


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as far as it deletes its pods: suspended, failed by a rule of its own, or going away."""

    namespace: str
    name: str
    uid: str
    suspended: bool
    failed: str
    """The reason for which it failed: `BackoffLimitExceeded`, `DeadlineExceeded`."""
    deleted: bool


def read_pod(found: Json) -> Pod:
    """Read a pod."""
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    due = time_ms(meta.get("deletionTimestamp"))
    grace = (meta.get("deletionGracePeriodSeconds") or 0) * _SECOND
    owner: Json = next((each for each in meta.get("ownerReferences") or () if each.get("kind") == "Job"), {})
    labels = meta.get("labels") or {}
    return Pod(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        node=spec.get("nodeName") or "",
        # All pods of the host's network have the address of their node.
        addresses=frozenset() if spec.get("hostNetwork") else frozenset(_addresses(status)),
        job=owner.get("name") or next((labels[key] for key in _JOB_LABELS if labels.get(key)), ""),
        job_uid=owner.get("uid") or "",
        phase=status.get("phase") or "",
        reason=status.get("reason") or "",
        message=status.get("message") or "",
        started=time_ms(status.get("startTime")),
        deletion_asked=None if due is None else due - grace,
        deletion_due=due,
        disruption=_disruption(status.get("conditions") or ()),
        default_container=(meta.get("annotations") or {}).get(_DEFAULT_CONTAINER) or "",
        containers=tuple(_containers(spec, status)),
    )


def _addresses(status: Json) -> Iterable[str]:
    if address := status.get("podIP"):
        yield address
    for each in status.get("podIPs") or ():
        if address := each.get("ip"):
            yield address


def _disruption(conditions: Sequence[Json]) -> Disruption | None:
    for each in conditions:
        if each.get("type") == "DisruptionTarget" and each.get("status") == "True":
            return Disruption(
                each.get("reason") or "", each.get("message") or "", time_ms(each.get("lastTransitionTime"))
            )
    return None


def _containers(spec: Json, status: Json) -> Iterable[Container]:
    parts = (("initContainers", "initContainerStatuses", True), ("containers", "containerStatuses", False))
    for specs, statuses, init in parts:
        known = {each["name"]: each for each in status.get(statuses) or ()}
        for each in spec.get(specs) or ():
            if not (init and each.get("restartPolicy") == "Always"):
                yield _container(each, known.get(each["name"], {}), init=init)


def _container(spec: Json, status: Json, *, init: bool) -> Container:
    resources = spec.get("resources") or {}
    state, before = status.get("state") or {}, _terminated(status.get("lastState") or {})
    running = state.get("running")
    # One that waits to be started again has ended as its last state says.
    ended = _terminated(state) or (None if running else before)
    return Container(
        name=spec["name"],
        init=init,
        image=spec.get("image") or "",
        image_id=status.get("imageID") or "",
        requests=resources.get("requests") or {},
        limits=resources.get("limits") or {},
        restarts=status.get("restartCount") or 0,
        running_since=time_ms(running.get("startedAt")) if running else None,
        ended=ended,
        ended_before=None if before is ended else before,
    )


def _terminated(state: Json) -> Terminated | None:
    end = state.get("terminated")
    if not end:
        return None
    return Terminated(
        exit_code=end.get("exitCode") or 0,
        reason=end.get("reason") or "",
        message=end.get("message") or "",
        started=time_ms(end.get("startedAt")),
        finished=time_ms(end.get("finishedAt")),
    )


def read_job(found: Json) -> Job:
    """Read a job."""
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    # `FailureTarget` comes first: the job is failing, and deletes what is left of its pods.
    failed = (
        each.get("reason") or "Failed"
        for each in status.get("conditions") or ()
        if each.get("type") in {"Failed", "FailureTarget"} and each.get("status") == "True"
    )
    return Job(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        suspended=bool(spec.get("suspend")),
        failed=next(failed, ""),
        deleted=bool(meta.get("deletionTimestamp")),
    )
