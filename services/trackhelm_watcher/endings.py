"""How the program of a run ended, decided from its pod: pure functions, with the time as an argument.

What a pod does not say is not guessed: a run goes on until there is evidence that its program does not.
"""

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trackhelm_watcher.joining import Claim, container_of
from trackhelm_watcher.pods import Container, Job, Json, Pod, Terminated, time_ms

SKEW_MS: Final = 5_000
"""How far the clocks of a node and of the server may differ. A container that was started again takes a
second to start, and seconds to import its libraries before it resumes a run."""

LOST_AFTER_MS: Final = 60_000
"""How long after the end of its grace a pod that its node does not end counts as lost. Kubelets report within
10 s."""

_SIGNALLED: Final = 128

FAILED, KILLED, FINISHED = "FAILED", "KILLED", "FINISHED"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended: the state that its run gets, the reason in one word, and a sentence."""

    status: str
    reason: str
    message: str
    time: int
    exit_code: int | None = None
    deleted_by: str = ""

    @property
    def by_others(self) -> bool:
        """Whether something took the program away that it had no part in."""
        return self.status == KILLED


@dataclass(frozen=True, slots=True)
class _Cause:
    """What took a pod away from outside, and since when; None if that is not known."""

    reason: str
    message: str
    since: int | None


_BY_STATUS: Final = {
    "Evicted": "Evicted",
    "Preempting": "Preempted",
    "NodeLost": "NodeLost",
    "Terminated": "NodeShutdown",
    "Shutdown": "NodeShutdown",
    "NodeShutdown": "NodeShutdown",
    "DeadlineExceeded": "DeadlineExceeded",
}
"""The reason of a pod's status, which its kubelet writes, and ours for it."""

_BY_DISRUPTION: Final = {
    "PreemptionByScheduler": "Preempted",
    "DeletionByTaintManager": "Evicted",
    "EvictionByEvictionAPI": "Evicted",
    "TerminationByKubelet": "Evicted",
    "DeletionByPodGC": "NodeLost",
}
"""The reason of the condition `DisruptionTarget`, and ours for it."""

_UNREPORTED: Final = "ContainerStatusUnknown"
"""The reason of a container whose end nobody saw."""


def ending_of(pod: Pod, claim: Claim, now: int) -> Ending | None:
    """Return how the program of a run ended, None if its pod does not say that it did."""
    container = container_of(pod, claim)
    if container is not None:
        end = _end_since(container, claim)
        if end is not None:
            return _judged(pod, container, end, now)
    elif pod.is_over and (worst := _worst(pod.containers)) is not None:
        return _judged(pod, *worst, now)
    if pod.is_over:
        return _judged(pod, container, None, now)
    if pod.deletion_due is not None and now > pod.deletion_due + LOST_AFTER_MS:
        waited = (now - pod.deletion_due) // 1_000
        message = f"Node {pod.node} has not ended the pod {waited} s after it was to be deleted."
        return Ending(KILLED, "NodeLost", message, now)
    return None


def ending_of_gone(pod: Pod | None, claim: Claim, now: int) -> Ending:
    """Return how the program of a run ended whose pod the cluster has no more.

    `pod` is what was last seen of it; None if that was before the watcher started.
    """
    if pod is None:
        return Ending(KILLED, "Deleted", "The pod was deleted while nobody watched it.", now)
    if seen := ending_of(pod, claim, now):
        return seen
    cause = _cause(pod)
    if cause is not None and pod.disruption is not None and pod.disruption.reason == "DeletionByTaintManager":
        # Its kubelet would have reported the end of its containers.
        cause = _Cause("NodeLost", cause.message, cause.since)
    if cause is None:
        cause = _Cause("Deleted", "The pod was deleted.", None)
    return Ending(KILLED, cause.reason, cause.message, now)


def _end_since(container: Container, claim: Claim) -> Terminated | None:
    """Return the end of the execution in which a run was created or resumed, if that has ended."""
    if container.ended is not None:
        return container.ended
    before = container.ended_before
    if before is not None and before.finished is not None and claim.time < before.finished - SKEW_MS:
        return before
    return None


def _worst(containers: Iterable[Container]) -> tuple[Container, Terminated] | None:
    """Return the end that tells most of a pod's: of what used too much memory, else of what failed first."""
    ends = [(each, each.ended) for each in containers if each.ended is not None and not each.init]
    ends.sort(
        key=lambda pair: (
            pair[1].reason != "OOMKilled",
            pair[1].exit_code == 0,
            pair[1].finished or 0 if pair[1].exit_code else -(pair[1].finished or 0),
        )
    )
    return ends[0] if ends else None


def _judged(pod: Pod, container: Container | None, end: Terminated | None, now: int) -> Ending:
    time = now if end is None or end.finished is None else end.finished
    code = None if end is None or end.reason == _UNREPORTED else end.exit_code
    if container is not None and end is not None and end.reason == "OOMKilled":
        limit = container.limits.get("memory")
        over = f"its limit of {limit}" if limit else "its node had"
        message = f"Container {container.name} used more memory than {over}."
        return Ending(FAILED, "OOMKilled", message, time, code)
    cause = _cause(pod)
    if cause is not None and _was_first(cause, end):
        return Ending(KILLED, cause.reason, cause.message, time, code)
    if container is None or end is None:
        if pod.phase == "Succeeded":
            return Ending(FINISHED, "Completed", "The pod ended successfully.", time)
        return Ending(FAILED, "Failed", pod.message or "The pod failed, and says nothing of why.", time)
    return _by_itself(container, end, time)


def _by_itself(container: Container, end: Terminated, time: int) -> Ending:
    if end.reason == _UNREPORTED:
        return Ending(KILLED, "NodeLost", end.message or "Nobody saw the container end.", time)
    if end.exit_code == 0:
        message = f"Container {container.name} ended with exit code 0, and did not end its run."
        return Ending(FINISHED, "Completed", message, time, 0)
    message = f"Container {container.name} ended with exit code {end.exit_code}{_signal(end.exit_code)}."
    # A message of the container's own, such as the end of its log.
    message = f"{message} {end.message}".strip()
    return Ending(FAILED, end.reason or "Error", message, time, end.exit_code)


def _cause(pod: Pod) -> _Cause | None:
    if pod.reason == "DeadlineExceeded":
        return _Cause("DeadlineExceeded", pod.message or "The pod ran longer than it may.", None)
    if pod.disruption is not None:
        reason = _BY_DISRUPTION.get(pod.disruption.reason, "Evicted")
        if pod.disruption.reason == "TerminationByKubelet":
            reason = _BY_STATUS.get(pod.reason, reason)
        return _Cause(reason, pod.message or pod.disruption.message, pod.disruption.time)
    if pod.reason:
        return _Cause(_BY_STATUS.get(pod.reason, pod.reason), pod.message, None)
    if pod.deletion_asked is not None:
        return _Cause("Deleted", "The pod was deleted.", pod.deletion_asked)
    return None


def _was_first(cause: _Cause, end: Terminated | None) -> bool:
    # Times of the API are whole seconds.
    return cause.since is None or end is None or end.finished is None or end.finished + 1_000 >= cause.since


def _signal(exit_code: int) -> str:
    try:
        return f" ({signal.Signals(exit_code - _SIGNALLED).name})"
    except ValueError:
        return ""


# Who deleted a pod, by the events of the cluster and by its job. A user's own deletion leaves no event.

_TELLING: Final = {
    "Preempted": "Preempted",
    "Evicted": "Evicted",
    "TaintManagerEviction": "Evicted",
    "ScaleDown": "Evicted",
    "NodeNotReady": "NodeLost",
    "SuccessfulDelete": "Deleted",
}
"""The reasons of events that tell who took a pod away, and ours for them."""


def explained(ending: Ending, name: str, job: Job | None, events: Iterable[Json]) -> Ending:
    """Return an ending with what events and the pod's job say of who took the pod away.

    `name` is the pod's, and `job` what is known of its job.
    """
    if not ending.by_others:
        return ending
    reason, message, by = ending.reason, ending.message, ""
    for event in sorted(events, key=event_time, reverse=True):
        about = event.get("involvedObject") or {}
        if event.get("reason") not in _TELLING or not (about.get("name") == name or name in _text(event)):
            continue
        by = (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""
        if reason == "Deleted":
            reason, message = _TELLING[event["reason"]], _text(event) or message
        break
    if reason == "Deleted" and job is not None:
        if job.failed:
            by, message = (
                "job-controller",
                f"Job {job.name} failed ({job.failed}), and its pods were deleted.",
            )
        elif job.deleted:
            by, message = "job-controller", f"Job {job.name} was deleted, and its pods with it."
        elif job.suspended:
            by, message = "job-controller", f"Job {job.name} was suspended, and its pods were deleted."
    return Ending(ending.status, reason, message, ending.time, ending.exit_code, by)


def _text(event: Json) -> str:
    return event.get("message") or ""


def event_time(event: Json) -> int:
    """Return when what an event tells of happened last, in milliseconds since the epoch, or 0."""
    return time_ms(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp")) or 0
