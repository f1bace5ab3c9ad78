"""A pod as the API sends it, and how the run in it ended."""

from typing import Any

import pytest
from kubernetes.client import V1Job, V1Pod

from tests.fixtures import pods
from tests.fixtures.pods import CRASH_LOOP, START, container, event, job, pod, running, terminated
from trackhelm_watcher.endings import LOST_AFTER_MS, Ending, ending_of, ending_of_gone, explained
from trackhelm_watcher.joining import Claim
from trackhelm_watcher.pods import read_job, read_pod

Json = dict[str, Any]

NOW = START + 90_000
CLAIM = Claim(START + 10_000)


def ended(found: Json, claim: Claim = CLAIM, now: int = NOW) -> Ending | None:
    # The client's own models refuse what the API would not send.
    assert V1Pod.from_dict(found) is not None
    return ending_of(read_pod(found), claim, now)


def short(ending: Ending | None) -> tuple[str, str, int | None] | None:
    return None if ending is None else (ending.status, ending.reason, ending.exit_code)


OOM = terminated(137, reason="OOMKilled")

ENDS = {
    "it runs": (pod(), None),
    "it is not scheduled yet": (pod(container(state={}), phase="Pending"), None),
    "exit code": (pod(container(state=terminated(3)), phase="Failed"), ("FAILED", "Error", 3)),
    "out of memory": (pod(container(state=OOM), phase="Failed"), ("FAILED", "OOMKilled", 137)),
    "out of memory, and it begins again": (
        pod(container(state=CRASH_LOOP, last=OOM, restarts=1), restart="OnFailure"),
        ("FAILED", "OOMKilled", 137),
    ),
    "out of memory, and it runs again": (
        pod(container(state=running(75), last=OOM, restarts=1), restart="Always"),
        ("FAILED", "OOMKilled", 137),
    ),
    "could not be started": (
        pod(container(state=terminated(128, reason="StartError")), phase="Failed"),
        ("FAILED", "StartError", 128),
    ),
    "successful without ending its run": (
        pod(container(state=terminated(0)), phase="Succeeded"),
        ("FINISHED", "Completed", 0),
    ),
    "evicted by its kubelet": (
        pod(
            container(state=terminated(137)),
            phase="Failed",
            reason="Evicted",
            message="The node was low on resource: memory.",
            disrupted=("TerminationByKubelet", "The node was low on resource: memory.", 58),
        ),
        ("KILLED", "Evicted", 137),
    ),
    "evicted, and its containers are forgotten": (
        pod(phase="Failed", reason="Evicted", message="low on disk", containerStatuses=[]),
        ("KILLED", "Evicted", None),
    ),
    "drained": (
        pod(
            container(state=terminated(143)),
            phase="Failed",
            deleted=55,
            disrupted=("EvictionByEvictionAPI", "Eviction API: evicting", 55),
        ),
        ("KILLED", "Evicted", 143),
    ),
    "preempted by the scheduler": (
        pod(
            container(state=terminated(143)),
            phase="Failed",
            deleted=55,
            disrupted=("PreemptionByScheduler", "preempting to accommodate a higher priority pod", 55),
        ),
        ("KILLED", "Preempted", 143),
    ),
    "preempted by its kubelet": (
        pod(
            container(state=terminated(143)),
            phase="Failed",
            reason="Preempting",
            message="Preempted in order to admit critical pod",
            disrupted=("TerminationByKubelet", "Preempted", 55),
        ),
        ("KILLED", "Preempted", 143),
    ),
    "its node was shut down": (
        pod(
            container(state=terminated(143)),
            phase="Failed",
            reason="Terminated",
            message="Pod was terminated in response to imminent node shutdown.",
            disrupted=("TerminationByKubelet", "node shutdown", 55),
        ),
        ("KILLED", "NodeShutdown", 143),
    ),
    "its node is gone": (
        pod(phase="Failed", disrupted=("DeletionByPodGC", "PodGC: node no longer exists", 80)),
        ("KILLED", "NodeLost", None),
    ),
    "nobody saw its end": (
        pod(
            container(state=terminated(137, reason="ContainerStatusUnknown", message="not found")),
            phase="Failed",
        ),
        ("KILLED", "NodeLost", None),
    ),
    "past its deadline": (
        pod(
            container(state=terminated(143)),
            phase="Failed",
            reason="DeadlineExceeded",
            message="Pod was active on the node longer than the specified deadline",
        ),
        ("KILLED", "DeadlineExceeded", 143),
    ),
    "deleted": (
        pod(container(state=terminated(143)), phase="Failed", deleted=50),
        ("KILLED", "Deleted", 143),
    ),
    "deleted, and it ends in peace": (
        pod(container(state=terminated(0)), phase="Succeeded", deleted=50),
        ("KILLED", "Deleted", 0),
    ),
    "deleted, and it goes on for now": (pod(deleted=50), None),
    "it had failed by itself before it was deleted": (
        pod(container(state=terminated(1, finished=60)), phase="Failed", deleted=80),
        ("FAILED", "Error", 1),
    ),
    "it had failed by itself before it was evicted": (
        pod(
            container(state=terminated(1, finished=60)),
            phase="Failed",
            disrupted=("EvictionByEvictionAPI", "evicting", 80),
        ),
        ("FAILED", "Error", 1),
    ),
    "out of memory while it was deleted": (
        pod(container(state=OOM), phase="Failed", deleted=50),
        ("FAILED", "OOMKilled", 137),
    ),
    "a container that nobody knows of": (
        pod(phase="Failed", message="no more", containerStatuses=[]),
        ("FAILED", "Failed", None),
    ),
    "a sidecar outlives it": (
        pod(
            container(state=terminated(1)),
            init=(container("proxy", running(), restartPolicy="Always"),),
        ),
        ("FAILED", "Error", 1),
    ),
    "a sidecar ends": (
        pod(container(), init=(container("proxy", OOM, restarts=1, restartPolicy="Always"),)),
        None,
    ),
    "an init container ended long ago": (
        pod(container(), init=(container("fetch", terminated(0, started=0, finished=1)),)),
        None,
    ),
    "one of two fails": (
        pod(container(state=terminated(1)), container("other")),
        None,
    ),
    "one of two fails, and then the pod": (
        pod(
            container("other", terminated(143, finished=70)),
            container(state=terminated(9, finished=60)),
            phase="Failed",
        ),
        ("FAILED", "Error", 9),
    ),
    "one of two used too much memory": (
        pod(
            container("other", terminated(1, finished=50)),
            container(state=OOM),
            phase="Failed",
        ),
        ("FAILED", "OOMKilled", 137),
    ),
    "both of two are done": (
        pod(container("other", terminated(0)), container(state=terminated(0)), phase="Succeeded"),
        ("FINISHED", "Completed", 0),
    ),
    "the main one of two fails": (
        pod(
            container("proxy"),
            container(state=terminated(1)),
            annotations={"kubectl.kubernetes.io/default-container": "train"},
        ),
        ("FAILED", "Error", 1),
    ),
    "the other one of two fails": (
        pod(
            container("proxy", terminated(1)),
            container(),
            annotations={"kubectl.kubernetes.io/default-container": "train"},
        ),
        None,
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_a_pod_says(case: str) -> None:
    found, expected = ENDS[case]
    assert short(ended(found)) == expected


def test_the_end_is_told_in_a_sentence_and_with_its_time() -> None:
    killed = ended(pod(container(state=OOM), phase="Failed"))
    assert killed is not None
    assert killed.message == "Container train used more memory than its limit of 4Gi."
    assert killed.time == START + 60_000
    signalled = ended(pod(container(state=terminated(139, message="the last words")), phase="Failed"))
    assert signalled is not None
    assert signalled.message == "Container train ended with exit code 139 (SIGSEGV). the last words"


def test_a_run_that_was_resumed_after_a_restart_goes_on() -> None:
    again = pod(container(state=running(62), last=OOM, restarts=1), restart="OnFailure")
    assert short(ended(again, Claim(START + 30_000))) == ("FAILED", "OOMKilled", 137)
    assert ended(again, Claim(START + 66_000)) is None
    # The server's clock may be some seconds behind the node's.
    assert ended(again, Claim(START + 58_000)) is None


def test_the_container_that_the_client_names_counts() -> None:
    found = pod(container("other"), container(state=terminated(1)))
    named = Claim(CLAIM.time, container="train")
    assert short(ended(found, named)) == ("FAILED", "Error", 1)
    assert ended(found, Claim(CLAIM.time, container="other")) is None


def test_a_run_of_an_init_container_ends_with_it() -> None:
    init = (container("prepare", terminated(0, started=1, finished=20)),)
    found = pod(container(state=running(22)), init=init)
    assert short(ended(found, Claim(START + 10_000))) == ("FINISHED", "Completed", 0)
    assert ended(found, Claim(START + 30_000)) is None


def test_a_pod_that_its_node_does_not_end_is_lost() -> None:
    found = pod(
        deleted=40, grace=30, disrupted=("DeletionByTaintManager", "deleting due to NoExecute taint", 40)
    )
    due = START + 70_000
    assert ended(found, now=due + LOST_AFTER_MS) is None
    assert short(ended(found, now=due + LOST_AFTER_MS + 1)) == ("KILLED", "NodeLost", None)


@pytest.mark.parametrize(
    ("last_seen", "expected"),
    [
        (None, ("KILLED", "Deleted", None)),
        (pod(), ("KILLED", "Deleted", None)),
        (pod(deleted=50), ("KILLED", "Deleted", None)),
        (pod(container(state=OOM), phase="Failed", deleted=80), ("FAILED", "OOMKilled", 137)),
        (
            pod(deleted=50, disrupted=("PreemptionByScheduler", "preempting", 50)),
            ("KILLED", "Preempted", None),
        ),
        (
            pod(deleted=50, disrupted=("DeletionByTaintManager", "NoExecute taint", 50)),
            ("KILLED", "NodeLost", None),
        ),
    ],
)
def test_a_pod_that_is_gone(last_seen: Json | None, expected: tuple[str, str, int | None]) -> None:
    seen = None if last_seen is None else read_pod(last_seen)
    assert short(ending_of_gone(seen, CLAIM, NOW)) == expected


DELETED = Ending("KILLED", "Deleted", "The pod was deleted.", NOW)
NAME = "train-5d2xk"


@pytest.mark.parametrize(
    ("told", "of_job", "expected"),
    [
        (None, None, ("Deleted", "")),
        (("Killing", "Stopping container train", "kubelet"), None, ("Deleted", "")),
        (("Preempted", "Preempted by pod 7 on node gpu-7", "scheduler"), None, ("Preempted", "scheduler")),
        (("ScaleDown", "deleting pod for node scale down", "autoscaler"), None, ("Evicted", "autoscaler")),
        (("TaintManagerEviction", "Marking for deletion", "taints"), None, ("Evicted", "taints")),
        (("NodeNotReady", "Node is not ready", "nodes"), None, ("NodeLost", "nodes")),
        (("SuccessfulDelete", f"Deleted pod: {NAME}", "jobs", "train"), None, ("Deleted", "jobs")),
        (("SuccessfulDelete", "Deleted pod: another", "jobs", "train"), None, ("Deleted", "")),
        (None, job(deleted=50), ("Deleted", "job-controller")),
        (None, job(suspended=True), ("Deleted", "job-controller")),
        (None, job(failed="BackoffLimitExceeded"), ("Deleted", "job-controller")),
        (None, job(), ("Deleted", "")),
    ],
)
def test_who_deleted_a_pod(
    told: tuple[str, ...] | None, of_job: Json | None, expected: tuple[str, str]
) -> None:
    events = []
    if told is not None:
        reason, message, by, *about = told
        events = [event(reason, message, by=by, about=about[0] if about else NAME)]
    if of_job is not None:
        assert V1Job.from_dict(of_job) is not None
    ending = explained(DELETED, NAME, None if of_job is None else read_job(of_job), events)
    assert (ending.reason, ending.deleted_by) == expected


def test_the_newest_event_tells() -> None:
    events = [
        event("TaintManagerEviction", "earlier", by="a", time=10),
        event("Preempted", "later", by="b", time=20),
    ]
    told = explained(DELETED, NAME, None, events)
    assert (told.reason, told.message, told.deleted_by) == ("Preempted", "later", "b")


def test_what_a_program_did_itself_needs_no_explanation() -> None:
    ending = ended(pod(container(state=OOM), phase="Failed"))
    assert ending is not None
    assert explained(ending, NAME, None, [event("Preempted", "", by="scheduler")]) is ending


def test_the_examples_lie_in_the_watched_namespace() -> None:
    assert {read_pod(found).namespace for found, _ in ENDS.values()} == {pods.NAMESPACE}
