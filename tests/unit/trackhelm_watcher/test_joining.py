"""Which pod a run is in, and what its tags say of that pod."""

import json
from typing import Any

import pytest

from tests.fixtures.pods import ADDRESS, DIGEST, START, container, pod, running, terminated
from trackhelm_watcher import facts
from trackhelm_watcher.endings import Ending
from trackhelm_watcher.facts import facts_of, gpus_of, with_ending
from trackhelm_watcher.joining import Claim, JoinedBy, Pods, Seen, container_of
from trackhelm_watcher.pods import Container, read_pod


def of(*found: dict[str, Any] | Seen) -> Pods:
    return Pods(each if isinstance(each, Seen) else Seen(read_pod(each)) for each in found)


def joined(pods: Pods, **claim: Any) -> tuple[str, str] | None:
    found = pods.of(Claim(claim.pop("time", START + 10_000), **claim))
    return None if found is None else (found[0].pod.uid, found[1].value)


A, B = pod(name="a", uid="1"), pod(name="b", uid="2", address="10.1.2.4")


@pytest.mark.parametrize("address", [ADDRESS, f"::ffff:{ADDRESS}", "fd00::5", "FD00:0::5"])
def test_by_each_of_its_addresses(address: str) -> None:
    assert joined(of(A), address=address) == ("1", "address")


@pytest.mark.parametrize("address", ["", "10.1.2.9", "no address", "127.0.0.1"])
def test_not_by_another_address(address: str) -> None:
    assert joined(of(A), address=address) is None


def test_not_by_the_address_of_its_node() -> None:
    assert joined(of(pod(host_network=True)), address=ADDRESS) is None


@pytest.mark.parametrize("tag", ["training/b", "training/b/2"])
def test_the_tag_counts_more_than_the_address(tag: str) -> None:
    assert joined(of(A, B), address=ADDRESS, pod=tag) == ("2", "tag")


@pytest.mark.parametrize("tag", ["training/c", "training/b/1", "other/b", "b", "/", "a/b/c/d"])
def test_a_tag_that_names_no_pod_leaves_the_address(tag: str) -> None:
    assert joined(of(A, B), address=ADDRESS, pod=tag) == ("1", "address")


def test_a_run_may_say_that_it_is_in_no_pod() -> None:
    assert joined(of(A), address=ADDRESS, pod="none") is None


def test_an_address_that_two_pods_had_one_after_the_other() -> None:
    first = Seen(read_pod(pod(name="a", uid="1")), gone=START + 50_000)
    second = pod(name="b", uid="2", started=55)
    for order in ((first, second), (second, first)):
        pods = of(*order)
        assert joined(pods, address=ADDRESS, time=START + 49_000) == ("1", "address")
        assert joined(pods, address=ADDRESS, time=START + 58_000) == ("2", "address")
        # Before either, and by clocks that differ.
        assert joined(pods, address=ADDRESS, time=START - 60_000) is None
        assert joined(pods, address=ADDRESS, time=START - 5_000) == ("1", "address")


def test_a_pod_that_is_over_had_its_address_until_then() -> None:
    over = pod(container(state=terminated(1, finished=60)), phase="Failed")
    assert joined(of(over), address=ADDRESS, time=START + 61_000) is not None
    assert joined(of(over), address=ADDRESS, time=START + 63_000) is None


def test_a_tag_stays_when_a_run_is_resumed_in_the_next_pod() -> None:
    old = pod(container(state=terminated(1, finished=60)), phase="Failed", name="a", uid="1")
    new = pod(name="b", uid="2", address="10.1.2.4", started=59)
    resumed = {"pod": "training/a/1", "address": "10.1.2.4"}
    assert joined(of(old, new), time=START + 10_000, **resumed) == ("1", "tag")
    assert joined(of(old, new), time=START + 61_500, **resumed) == ("2", "address")
    assert joined(of(old), time=START + 70_000, **resumed) is None


def test_the_container_of_a_run() -> None:
    init = (
        container("fetch", terminated(0, started=1, finished=20)),
        container("proxy", running(1), restartPolicy="Always"),
    )
    found = read_pod(pod(container(state=running(22)), init=init))
    at_ten, at_thirty = Claim(START + 10_000), Claim(START + 30_000)
    assert getattr(container_of(found, at_ten), "name", None) == "fetch"
    assert getattr(container_of(found, at_thirty), "name", None) == "train"
    two = read_pod(pod(container("a"), container("b")))
    assert container_of(two, at_thirty) is None
    assert getattr(container_of(two, Claim(START, container="b")), "name", None) == "b"
    assert container_of(two, Claim(START, container="c")) is None


def test_what_is_told_of_a_pod() -> None:
    found = read_pod(pod(container(restarts=2)))
    told = facts_of(found, found.containers[0], JoinedBy.TAG, 5, {})
    assert told == {
        "trackhelm.k8s.namespace": "training",
        "trackhelm.k8s.pod": "train-5d2xk",
        "trackhelm.k8s.pod_uid": "uid-of-train-5d2xk",
        "trackhelm.k8s.since": "5",
        "trackhelm.k8s.joined_by": "tag",
        "trackhelm.k8s.node": "gpu-7",
        "trackhelm.k8s.job": "train",
        "trackhelm.k8s.container": "train",
        "trackhelm.k8s.image": "registry.example/train:1",
        "trackhelm.k8s.image_digest": DIGEST,
        "trackhelm.k8s.requests": '{"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "2"}',
        "trackhelm.k8s.limits": '{"memory": "4Gi", "nvidia.com/gpu": "2"}',
        "trackhelm.k8s.gpus": "2",
        "trackhelm.k8s.restarts": "2",
    }
    assert set(told) <= set(facts.KEYS)


def test_what_is_told_where_nobody_knows_the_container() -> None:
    found = read_pod(pod(container("a"), container("b", restarts=1)))
    told = facts_of(found, None, JoinedBy.ADDRESS, 5, {})
    assert "trackhelm.k8s.container" not in told
    assert json.loads(told["trackhelm.k8s.limits"])["b"] == {"memory": "4Gi", "nvidia.com/gpu": "2"}
    assert (told["trackhelm.k8s.gpus"], told["trackhelm.k8s.restarts"]) == ("4", "1")


def test_the_end_is_told_until_the_run_is_resumed() -> None:
    found = read_pod(pod())
    told = facts_of(found, found.containers[0], JoinedBy.TAG, 5, {})
    ended = with_ending(told, Ending("KILLED", "Evicted", "Drained.", 9, 143, "kubelet"))
    assert (
        ended.items()
        >= {
            "trackhelm.k8s.reason": "Evicted",
            "trackhelm.k8s.message": "Drained.",
            "trackhelm.k8s.exit_code": "143",
            "trackhelm.k8s.deleted_by": "kubelet",
        }.items()
    )
    assert set(ended) <= set(facts.KEYS)
    resumed = facts_of(found, found.containers[0], JoinedBy.TAG, 7, ended)
    assert resumed == {**told, "trackhelm.k8s.since": "7", "trackhelm.k8s.previous_reason": "Evicted"}


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [
        ({}, 0),
        ({"cpu": "8", "memory": "4Gi"}, 0),
        ({"nvidia.com/gpu": "4"}, 4),
        ({"amd.com/gpu": "1"}, 1),
        ({"gpu.intel.com/i915": "2"}, 2),
        ({"nvidia.com/mig-1g.5gb": "3"}, 3),
        ({"example.com/fpga": "3"}, 0),
    ],
)
def test_gpus_of_every_vendor(resources: dict[str, str], gpus: int) -> None:
    assert gpus_of(Container("a", init=False, image="", image_id="", requests={}, limits=resources)) == gpus
