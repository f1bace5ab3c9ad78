"""The watcher's process on real watches, with the rights that the chart gives to its account and no others.

Pods are taken away by the cluster's own controllers, and their containers end as the fake node says. The API
runs over PostgreSQL in this process; what matters is what runs say in the end.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster, Json, Release
from tests.cluster.conftest import Rig, own_namespaces
from tests.cluster.fake_node import DIGEST, NODE, FakeNode, path_of
from tests.cluster.watched import WATCHER, Place, Watched
from tests.fixtures.api import Api
from tests.fixtures.waiting import wait_until
from trackhelm_watcher import cluster as of_the_watcher
from trackhelm_watcher.cluster import ClusterError, Kind, open_cluster
from trackhelm_watcher.informer import Informer

pytestmark = pytest.mark.over("postgresql")


@pytest.fixture(scope="module")
def watched(rig: Rig, cluster: Cluster) -> Iterator[Watched]:
    """Yield a release without a watcher: processes of the tests' own act by its account."""
    if rig.node is None:
        pytest.skip("pods that tests end need a node of the tests' own: unset KUBECONFIG")
    with own_namespaces(cluster) as create:
        release = Release(cluster, create("trackhelm"))
        found = Watched(release, create("training"), create("other"))
        release.install(
            "evaluation", "--set", f"watcher.namespaces={{{found.training}}}", "--set", "watcher.replicas=0"
        )
        yield found


@pytest.fixture
def place(api: Api, watched: Watched, node: FakeNode, tmp_path: Path) -> Iterator[Place]:
    """Yield a place where no watcher runs yet."""
    place = Place(api, watched, node, tmp_path)
    with place.processes:
        yield place
    # What was refused would be a right that the chart does not give.
    assert place.refusals_expected or "403 " not in place.log(), place.log()


def test_a_container_that_used_too_much_memory_shows_so_on_its_run(place: Place) -> None:
    pod = place.pod(container={"ports": [{"containerPort": 8080}]})
    run = place.run_in(pod)
    elsewhere = place.run_in(place.pod(namespace=place.watched.other))
    place.watcher()
    tags = place.joined(run)
    assert tags.pop("since").isdigit()
    assert tags == {
        "namespace": place.watched.training,
        "pod": place.name,
        "pod_uid": pod["metadata"]["uid"],
        "joined_by": "address",
        "node": NODE,
        "container": "train",
        "image": "registry.example/train:1",
        "image_digest": DIGEST,
        "requests": '{"cpu": "100m", "memory": "64Mi"}',
        "limits": '{"memory": "64Mi"}',
        "gpus": "0",
        "restarts": "0",
    }
    place.node.end(pod, 137, "OOMKilled")
    assert place.ended(run) == ("FAILED", "OOMKilled")
    assert place.tags(run)["message"] == "Container train used more memory than its limit of 64Mi."
    assert [event["action"] for event in place.events(run)] == ["tagged", "status_changed"]
    assert place.info(elsewhere)["status"] == "RUNNING"
    assert not place.tags(elsewhere)


def test_a_pod_that_names_itself_by_a_tag_is_found_without_its_address(place: Place) -> None:
    pod = place.pod()
    name = f"{place.watched.training}/{place.name}/{pod['metadata']['uid']}"
    run = place.caller("192.0.2.77").new_run(
        place.api.new_experiment(), tags=[{"key": "trackhelm.pod", "value": name}]
    )
    place.watcher()
    assert place.joined(run)["joined_by"] == "tag"
    place.node.end(pod, 3, message="no such file: data.csv")
    assert place.ended(run) == ("FAILED", "Error")
    assert place.tags(run)["exit_code"] == "3"
    assert place.tags(run)["message"].endswith("no such file: data.csv")


def test_a_pod_that_a_user_deletes(place: Place) -> None:
    pod = place.pod()
    run = place.run_in(pod)
    place.watcher()
    place.joined(run)
    place.cluster.kubectl("delete", "pod", place.name, "--namespace", place.watched.training)
    assert place.ended(run) == ("KILLED", "Deleted")
    assert "deleted_by" not in place.tags(run)


def test_a_pod_that_is_deleted_without_grace(place: Place) -> None:
    run = place.run_in(place.pod())
    place.watcher()
    place.joined(run)
    at_once = ("--force", "--grace-period=0")
    place.cluster.kubectl("delete", "pod", place.name, "--namespace", place.watched.training, *at_once)
    assert place.ended(run) == ("KILLED", "Deleted")


def test_a_pod_that_a_drain_evicts(place: Place) -> None:
    pod = place.pod()
    run = place.run_in(pod)
    place.watcher()
    place.joined(run)
    meta = {"name": place.name, "namespace": place.watched.training}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
    place.cluster.ask("POST", path_of(pod, "/eviction"), eviction)
    assert place.ended(run) == ("KILLED", "Evicted")


@contextmanager
def priorities(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Yield the names of two classes, the lower first."""
    names = [f"p{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for value, name in zip((10, 1_000_000), names, strict=True):
        body = {"metadata": {"name": name}, "value": value}
        cluster.ask("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", body)
    try:
        yield names[0], names[1]
    finally:
        for name in names:
            cluster.ask("DELETE", f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}")


def test_a_pod_that_the_scheduler_preempts(place: Place) -> None:
    # Each fills more than half of the node.
    large = {"resources": {"requests": {"cpu": "33"}}}
    with priorities(place.cluster) as (low, high):
        run = place.run_in(place.pod(priorityClassName=low, container=large))
        place.watcher()
        place.joined(run)
        other = place.pod(f"{place.name}-b", priorityClassName=high, container=large)
        assert place.ended(run) == ("KILLED", "Preempted")
        assert place.tags(run)["deleted_by"] == "default-scheduler"
        place.cluster.ask("DELETE", path_of(other))


@contextmanager
def second_node(rig: Rig) -> Iterator[str]:
    """Yield the name of a node that only pods come to that tolerate it."""
    assert rig.plane is not None
    name = f"spare-{uuid.uuid4().hex[:8]}"
    with FakeNode(rig.plane.kubeconfig(), name, taints=[{"key": "spare", "effect": "NoSchedule"}]):
        yield name
    rig.cluster.ask("DELETE", f"/api/v1/nodes/{name}")


def test_a_pod_that_a_taint_drives_away(place: Place, rig: Rig) -> None:
    with second_node(rig) as name:
        spare: Json = {
            "nodeSelector": {"kubernetes.io/hostname": name},
            "tolerations": [{"key": "spare", "effect": "NoSchedule"}],
        }
        run = place.run_in(place.pod(**spare))
        place.watcher()
        assert place.joined(run)["node"] == name
        place.cluster.kubectl("taint", "node", name, "broken=yes:NoExecute")
        assert place.ended(run) == ("KILLED", "Evicted")
        assert place.tags(run)["deleted_by"] == "taint-eviction-controller"


JOBS = {
    "deleted": (["delete", "job"], "was deleted"),
    "suspended": (["patch", "job", "--patch", '{"spec": {"suspend": true}}'], "Deleted pod: |was suspended"),
    "too late": (
        ["patch", "job", "--patch", '{"spec": {"activeDeadlineSeconds": 1}}'],
        "DeadlineExceeded",
    ),
}


@pytest.mark.parametrize("case", JOBS)
def test_a_pod_that_goes_because_of_its_job(place: Place, case: str) -> None:
    (verb, *words), said = JOBS[case]
    run = place.run_in(place.job())
    place.watcher()
    assert place.joined(run)["job"] == place.name
    place.cluster.kubectl(verb, words[0], place.name, *words[1:], "--namespace", place.watched.training)
    assert place.ended(run) == ("KILLED", "Deleted")
    assert place.tags(run)["deleted_by"] == "job-controller"
    assert re.search(said, place.tags(run)["message"])


def test_a_job_that_tries_again_resumes_its_run_in_the_next_pod(place: Place) -> None:
    pod = place.job(backoffLimit=3)
    run = place.run_in(pod)
    place.watcher()
    place.joined(run)
    place.node.end(pod, 137, "OOMKilled")
    assert place.ended(run) == ("FAILED", "OOMKilled")
    selector = f"batch.kubernetes.io/job-name={place.name}"
    ended = pod["metadata"]["name"]

    def next_pods() -> list[Json]:
        pods = place.cluster.found("pods", place.watched.training, f"--selector={selector}")
        return [each for each in pods if each["metadata"]["name"] != ended and each["status"].get("podIP")]

    # The controller waits ten seconds before it makes another.
    wait_until(next_pods, seconds=120)
    (another,) = next_pods()
    place.caller(another["status"]["podIP"]).post("runs/update", run_id=run, status="RUNNING")
    wait_until(lambda: place.tags(run).get("pod") == another["metadata"]["name"])
    assert place.info(run)["status"] == "RUNNING"
    assert place.tags(run)["previous_reason"] == "OOMKilled"
    place.node.end(another, 0)
    assert place.ended(run) == ("FINISHED", "Completed")


def test_a_container_that_restarts_resumes_its_run(place: Place) -> None:
    pod = place.pod(restartPolicy="Always")
    run = place.run_in(pod)
    place.watcher()
    place.joined(run)
    place.node.crash(pod, 137, "OOMKilled")
    assert place.ended(run) == ("FAILED", "OOMKilled")
    place.node.crash(pod, 137, "OOMKilled", again=True)
    place.caller(pod["status"]["podIP"]).post("runs/update", run_id=run, status="RUNNING")
    wait_until(lambda: place.tags(run).get("previous_reason") == "OOMKilled")
    wait_until(lambda: place.tags(run)["restarts"] == "1")
    assert place.info(run)["status"] == "RUNNING"


def test_two_watchers_of_which_one_is_killed_and_one_is_stopped(place: Place) -> None:
    pod = place.pod()
    run = place.run_in(pod)
    before = place.watched.lease().get("leaseTransitions", 0)
    first = place.watcher()
    place.joined(run)
    leader = place.watched.lease()
    assert leader["holderIdentity"].split("_")[1] == str(first.pid)
    second = place.watcher()
    wait_until(lambda: place.log().count("watcher runs") == 2)
    assert place.watched.lease()["holderIdentity"] == leader["holderIdentity"]
    first.kill()
    wait_until(lambda: place.watched.lease()["holderIdentity"].split("_")[1] == str(second.pid))
    place.node.end(pod, 137, "OOMKilled")
    assert place.ended(run) == ("FAILED", "OOMKilled")
    assert [event["action"] for event in place.events(run)] == ["tagged", "status_changed"]
    assert place.watched.lease()["leaseTransitions"] >= before + 1
    # One that is told to end gives its Lease back.
    second.send_signal(signal.SIGTERM)
    assert second.wait(120) == 0
    assert place.watched.lease().get("holderIdentity", "") == ""
    third = place.watcher()
    wait_until(lambda: str(third.pid) in place.watched.lease().get("holderIdentity", ""))


def test_what_happens_while_the_api_server_is_away_is_found_afterwards(place: Place, rig: Rig) -> None:
    assert rig.plane is not None
    pods = [place.pod(f"{place.name}-{number}") for number in range(3)]
    runs = [place.run_in(pod) for pod in pods]
    place.watcher()
    for run in runs:
        place.joined(run)
    # An API server that begins knows no Role for a moment.
    place.refusals_expected = True
    rig.plane.stop_api_server()
    try:
        wait_until(lambda: "the lease is not to be had" in place.log())
    finally:
        rig.plane.start_api_server()
    place.node.end(pods[0], 137, "OOMKilled")
    place.cluster.ask("DELETE", path_of(pods[1]), {"gracePeriodSeconds": 0})
    assert place.ended(runs[0]) == ("FAILED", "OOMKilled")
    assert place.ended(runs[1]) == ("KILLED", "Deleted")
    assert place.info(runs[2])["status"] == "RUNNING"
    # And what begins now is heard of by watches.
    run = place.run_in(place.pod(f"{place.name}-new"))
    assert place.joined(run)["pod"] == f"{place.name}-new"


def test_a_watcher_that_was_killed_finds_what_happened_meanwhile(place: Place) -> None:
    pods = [place.pod(f"{place.name}-{number}") for number in range(2)]
    runs = [place.run_in(pod) for pod in pods]
    killed = place.watcher()
    for run in runs:
        place.joined(run)
    killed.kill()
    killed.wait()
    place.node.end(pods[0], 137, "OOMKilled")
    place.cluster.ask("DELETE", path_of(pods[1]), {"gracePeriodSeconds": 0})
    place.watcher()
    assert place.ended(runs[0]) == ("FAILED", "OOMKilled")
    assert place.ended(runs[1]) == ("KILLED", "Deleted")


def test_pods_that_do_not_match_the_selector_are_left_alone(place: Place) -> None:
    pod, beside = place.pod(), place.pod(f"{place.name}-b")
    label = ("label", "pod", "--namespace", place.watched.training)
    place.cluster.kubectl(*label, place.name, "team=vision")
    run, other = place.run_in(pod), place.run_in(beside)
    place.watcher(POD_SELECTOR="team=vision")
    place.joined(run)
    assert not place.tags(other)
    # A pod that is selected no more looks to a watch as if it had been deleted.
    place.cluster.kubectl(*label, place.name, "team=sound", "--overwrite")
    place.cluster.kubectl(*label, beside["metadata"]["name"], "team=vision")
    place.joined(other)
    assert place.info(run)["status"] == "RUNNING"


# The parts that a process cannot be asked about.


def test_a_list_is_whole_over_pages_and_a_version_that_is_too_old_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        place.pod(f"{place.name}-{number}")
    monkeypatch.setattr(of_the_watcher, "_PAGE", 2)
    cluster = open_cluster(place.watched.kubeconfig())
    namespace = place.watched.training
    found, version = cluster.listed(Kind.PODS, namespace)
    names = [each["metadata"]["name"] for each in found]
    assert len(names) == len(set(names)) >= 5
    assert int(version) > 1
    with pytest.raises(ClusterError) as refused:
        list(cluster.watch(Kind.PODS, namespace, "1"))
    assert refused.value.is_gone


def test_an_informer_whose_version_is_too_old_lists_again(place: Place) -> None:
    pod = place.pod()
    seen: dict[str, Mapping[str, Any]] = {}
    told = threading.Condition()

    def changed(found: Mapping[str, Any]) -> None:
        with told:
            seen[found["metadata"]["uid"]] = found
            told.notify_all()

    def gone(found: Mapping[str, Any]) -> None:
        with told:
            del seen[found["metadata"]["uid"]]
            told.notify_all()

    cluster = open_cluster(place.watched.kubeconfig())
    informer = Informer(cluster, Kind.PODS, place.watched.training, changed=changed, gone=gone)
    informer._list()
    assert pod["metadata"]["uid"] in seen
    informer._version = "1"
    place.cluster.ask("DELETE", path_of(pod), {"gracePeriodSeconds": 0})
    wait_until(lambda: place.cluster.ask.status_of("GET", path_of(pod)) == 404)
    informer.start()
    try:
        with told:
            assert told.wait_for(lambda: pod["metadata"]["uid"] not in seen, timeout=60)
    finally:
        informer.stop()


def doctor(place: Place, account: str) -> tuple[int, str]:
    settings = {
        "KUBECONFIG": place.watched.kubeconfig(account),
        "NAMESPACES": place.watched.training,
        "LEASE": WATCHER,
        "LEASE_NAMESPACE": place.watched.release.namespace,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "trackhelm_cli", "doctor", "--data", str(place.folder / "data")],
        env={
            "PATH": os.environ["PATH"],
            **{f"TRACKHELM_WATCHER_{name}": str(value) for name, value in settings.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_the_doctor_tells_whether_the_rights_suffice(place: Place) -> None:
    code, said = doctor(place, WATCHER)
    assert code == 0
    assert f"ok     watcher: pods, jobs and events of {place.watched.training} can be read" in said
    code, said = doctor(place, "trackhelm-ingest")
    assert code == 1
    assert "wrong  watcher: its account may not get pods in " in said
    assert "update leases in " in said
