"""Helm and the chart on a cluster: what is installed, upgraded, rolled back and left behind."""

import re
import shlex
from typing import Any

import pytest

from tests.cluster.cluster import CommandError, Json, Release
from tests.cluster.fake_node import FakeNode
from tests.fixtures.waiting import wait_until

# What every namespace has without us.
OF_THE_CLUSTER = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}

SECRETS = {
    "trackhelm-database-app": ["uri"],
    "trackhelm-redis": ["url"],
    "trackhelm-bucket": ["access-key", "secret-key"],
    "trackhelm-encryption": ["secret-key"],
}


def images(release: Release) -> set[str]:
    """Return the tags of the server's image that the Deployments name."""
    found = release.found("deployments").values()
    named = [each["spec"]["template"]["spec"]["containers"][0]["image"] for each in found]
    return {image.rpartition(":")[2] for image in named if "trackhelm-server" in image}


def generations(release: Release) -> dict[str, int]:
    """Return how often the specification of each Deployment and StatefulSet has changed."""
    found = {**release.found("deployments"), **release.found("statefulsets")}
    return {name: each["metadata"]["generation"] for name, each in found.items()}


def jobs(release: Release) -> dict[str, Json]:
    return {name: each for name, each in release.found("jobs").items() if "-migrate-" in name}


def left(release: Release) -> set[str]:
    """Return what is in the namespace, but what every namespace has."""
    kinds = "all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,persistentvolumeclaims"
    more = ",poddisruptionbudgets,leases,ingresses"
    found = release.cluster.found(kinds + more, release.namespace)
    return {f"{each['kind']}/{each['metadata']['name']}" for each in found} - OF_THE_CLUSTER


def is_mounted(pod: Json) -> bool:
    """Return whether a token of the cluster's API is mounted into a pod."""
    sources = [
        source
        for volume in pod["spec"].get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
    ]
    return any("serviceAccountToken" in source for source in sources)


def component(found: Json) -> str:
    name: str = found["metadata"]["labels"]["app.kubernetes.io/component"]
    return name


@pytest.mark.parametrize("version", ["helm4", "helm3"])
def test_the_evaluation_profile_from_installing_to_what_stays(
    release: Release, node: FakeNode, version: str
) -> None:
    release.version = version
    # Nothing but a name and a chart, as on the page.
    notes = release.install("evaluation", "--wait")
    pods = release.found("pods").values()
    running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
    assert {component(pod) for pod in running} >= {"ingest", "query", "gateway", "watcher", "postgres"}
    assert {component(pod) for pod in pods if is_mounted(pod)} == {"watcher"}
    claims = release.found("persistentvolumeclaims")
    assert len(claims) == 3
    assert {each["status"]["phase"] for each in claims.values()} == {"Bound"}
    passwords, begun = release.secret("trackhelm-bundled"), generations(release)
    (first,) = jobs(release)
    wait_until(lambda: jobs(release)[first]["status"].get("succeeded") == 1)

    # The same again restarts nothing, and makes no password anew.
    release.upgrade("evaluation", "--wait")
    assert generations(release) == begun
    assert list(jobs(release)) == [first]
    assert release.secret("trackhelm-bundled") == passwords

    release.upgrade("evaluation", "--wait", "--set", "image.tag=next")
    assert images(release) == {"next"}
    (second,) = jobs(release)
    assert second != first
    wait_until(lambda: jobs(release)[second]["status"].get("succeeded") == 1)
    assert release.secret("trackhelm-bundled") == passwords
    # Each pod of the server is another one now, and the stores are not.
    stores = {"trackhelm-postgres", "trackhelm-redis", "trackhelm-object-store"}
    assert {name for name, value in generations(release).items() if value == begun[name]} == stores

    release.helm("rollback", release.name, "2", "--wait", "--timeout", "4m")
    assert images(release) != {"next"}
    assert list(jobs(release)) == [first]
    assert release.secret("trackhelm-bundled") == passwords

    tested = release.helm("test", release.name, "--timeout", "2m")
    assert re.search(r"Phase:\s+Succeeded", tested)
    assert not [name for name in left(release) if name.endswith("-test")]

    before = {name: each["metadata"]["uid"] for name, each in claims.items()}
    release.helm("uninstall", release.name, "--wait", "--timeout", "4m")
    stays = {*(f"PersistentVolumeClaim/{name}" for name in claims), "Secret/trackhelm-bundled"}
    wait_until(lambda: left(release) <= stays | {"Lease/trackhelm-watcher"})
    assert left(release) >= stays

    # Installed again, the stores have their passwords and their volumes.
    release.install("evaluation", "--wait")
    assert release.secret("trackhelm-bundled") == passwords
    again = release.found("persistentvolumeclaims")
    assert {name: each["metadata"]["uid"] for name, each in again.items()} == before
    release.helm("uninstall", release.name, "--wait", "--timeout", "4m")

    # The commands that Helm printed remove what is left, and nothing else is needed.
    commands = re.findall(r"^\s+kubectl (--namespace \S+ delete .*)$", notes, re.MULTILINE)
    assert len(commands) == len(stays)
    for command in commands:
        release.cluster.kubectl(*shlex.split(command))
    wait_until(lambda: left(release) <= {"Lease/trackhelm-watcher"})


def add_secrets(release: Release) -> None:
    release.cluster.apply(
        *(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": release.namespace},
                "stringData": dict.fromkeys(keys, "secret"),
            }
            for name, keys in SECRETS.items()
        )
    )


@pytest.mark.parametrize("profile", ["embedded", "production"])
def test_the_profile_comes_up(release: Release, node: FakeNode, profile: str) -> None:
    add_secrets(release)
    release.install(profile, "--wait")
    pods = release.found("pods").values()
    assert {component(pod) for pod in pods if is_mounted(pod)} <= {"watcher"}
    for name, each in release.found("deployments").items():
        assert each["status"]["readyReplicas"] == each["status"]["replicas"] > 0, name
    # Helm waits for the deletion of pods, which need not be asked twice.
    release.helm("uninstall", release.name, "--wait", "--timeout", "4m")
    wait_until(lambda: not release.found("pods"))


def test_a_profile_with_everything_is_stored(release: Release) -> None:
    if not release.cluster.own:
        pytest.skip("its resources of other operators may be unknown to a cluster that is not the tests' own")
    # A ConfigMap of the profile names its namespace.
    values: dict[str, Any] = {"extraObjects": []}
    release.install("everything", "--values", release.cluster.values(values))
    assert release.found("scaledobjects")
    # KEDA sets the replicas: an upgrade must not set them back.
    scaled = "deployment/trackhelm-tracking-worker-metrics"
    release.cluster.kubectl("scale", scaled, "--replicas=7", "--namespace", release.namespace)
    release.upgrade("everything", "--values", release.cluster.values(values), "--set", "image.tag=next")
    name = scaled.partition("/")[2]
    assert release.found("deployments")[name]["spec"]["replicas"] == 7
    release.helm("uninstall", release.name)


def test_an_upgrade_that_is_refused_leaves_the_release_as_it_was(release: Release, node: FakeNode) -> None:
    release.install("embedded", "--wait")
    begun = generations(release)
    with pytest.raises(CommandError, match="quantities must match"):
        release.upgrade("embedded", "--set", "embedded.resources.limits.memory=64Mb")
    assert generations(release) == begun
    release.helm("rollback", release.name, "1", "--wait", "--timeout", "4m")
    assert generations(release) == begun
    release.helm("uninstall", release.name, "--wait", "--timeout", "4m")
