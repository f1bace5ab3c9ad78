"""Real pods of the images that were built here, on a node of the tests' own: `make test-cluster-node`.

The chart is installed as on the page, without any value. The stores' images are stand-ins under the names
that the chart has for them.
"""

import json
import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.charts.rendering import CHART
from tests.cluster.cluster import Cluster, Json, Release
from tests.cluster.real_node import real_cluster
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.timeout(1_500)

PATIENCE = 300

# A program that knows nothing of pods, as it would be with any client.
TRAINING = """
import json, urllib.request
def call(path, **message):
    request = urllib.request.Request("http://trackhelm/api/2.0/mlflow/" + path, json.dumps(message).encode(),
                                     {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=60))
run = call("runs/create", experiment_id="0", run_name=NAME)["run"]["info"]["run_id"]
call("runs/log-metric", run_id=run, key="loss", value=0.5, timestamp=1, step=1)
print("created", run, flush=True)
"""
GROWING = "held = []\nwhile True: held.append(bytearray(b'x' * 1_000_000))\n"
WAITING = "import signal\nsignal.pause()\n"
FAILING = "raise SystemExit(3)\n"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """Yield the evaluation profile, installed and ready, on a node of the tests' own."""
    images = os.environ.get("TEST_CLUSTER_IMAGES")
    if images is None:
        pytest.skip("real pods need root, containerd and built images: `make test-cluster-node`")
    archives = sorted(Path(images).glob("*.tar"))
    with real_cluster(tmp_path_factory.mktemp("node"), archives) as cluster:
        found = Release(cluster, cluster.new_namespace("trackhelm"))
        options = ("--namespace", found.namespace, "--wait", "--timeout", "10m")
        cluster.helm("install", found.name, str(CHART), *options)
        yield found


class Training:
    """A pod that creates a run, and what the server says of it."""

    def __init__(self, release: Release, name: str, program: str, **spec: Any) -> None:
        self._release, self.name = release, name
        limits = {"memory": "64Mi"}
        container = {
            "name": "train",
            "image": "ghcr.io/trackhelm/trackhelm-server:0.1.0",
            "command": ["python3", "-c", TRAINING.replace("NAME", repr(name)) + program],
            "resources": {"requests": {"cpu": "10m", **limits}, "limits": limits},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        security = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
        body = {
            "metadata": {"name": name, "namespace": release.namespace},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 2,
                "securityContext": security,
                "containers": [container],
                **spec,
            },
        }
        release.cluster.ask("POST", f"/api/v1/namespaces/{release.namespace}/pods", body)

    def run(self) -> Json:
        """Return the run that the pod created; nothing before it is there."""
        message = {"experiment_ids": ["0"], "filter": f"attributes.run_name = '{self.name}'"}
        runs = call(self._release, "runs/search", message).get("runs", [])
        return runs[0] if runs else {}

    def ended(self) -> tuple[str, dict[str, str]]:
        """Wait for the end of the run, and return its state and what is known of its pod."""
        wait_until(lambda: self.run().get("info", {}).get("status", "RUNNING") != "RUNNING", seconds=PATIENCE)
        run = self.run()
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        prefix = "trackhelm.k8s."
        known = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
        return run["info"]["status"], known


def call(release: Release, path: str, message: Json) -> Json:
    """Send a request to the gateway, by the address of its Service."""
    address = release.found("services")["trackhelm"]["spec"]["clusterIP"]
    request = urllib.request.Request(
        f"http://{address}/api/2.0/mlflow/{path}",
        json.dumps(message).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        found: Json = json.load(response)
    return found


def test_everything_runs_without_a_restart(release: Release) -> None:
    pods = release.found("pods").values()
    states = {
        pod["metadata"]["name"]: [each["restartCount"] for each in pod["status"]["containerStatuses"]]
        for pod in pods
        if pod["status"]["phase"] == "Running"
    }
    assert len(states) >= 14
    assert {count for counts in states.values() for count in counts} == {0}, states
    for name, each in release.found("deployments").items():
        assert each["status"]["readyReplicas"] == each["spec"]["replicas"], name


def test_the_test_of_the_release_logs_a_metric_and_reads_it_back(release: Release) -> None:
    said = release.helm("test", release.name, "--timeout", "5m")
    assert re.search(r"Phase:\s+Succeeded", said), said


def test_a_training_pod_that_is_really_out_of_memory_shows_so_on_its_run(release: Release) -> None:
    training = Training(release, "oom", GROWING)
    status, known = training.ended()
    assert (status, known["reason"], known["exit_code"]) == ("FAILED", "OOMKilled", "137")
    assert known["message"] == "Container train used more memory than its limit of 64Mi."
    # Found by the address alone, through Service and gateway.
    assert (known["joined_by"], known["pod"], known["container"]) == ("address", "oom", "train")
    assert known["limits"] == '{"memory": "64Mi"}'
    (metric,) = training.run()["data"]["metrics"]
    assert metric["value"] == 0.5


def test_a_training_pod_that_fails_shows_its_exit_code(release: Release) -> None:
    status, known = Training(release, "fails", FAILING).ended()
    assert (status, known["reason"], known["exit_code"]) == ("FAILED", "Error", "3")


def test_a_training_pod_that_is_deleted_shows_so_on_its_run(release: Release) -> None:
    training = Training(release, "deleted", WAITING)
    wait_until(training.run, seconds=PATIENCE)
    release.cluster.kubectl("delete", "pod", "deleted", "--namespace", release.namespace)
    status, known = training.ended()
    assert (status, known["reason"]) == ("KILLED", "Deleted")


def test_logs_and_the_doctor_are_there_inside_a_pod(release: Release) -> None:
    where = ("--namespace", release.namespace, "deployment/trackhelm-watcher")
    cluster: Cluster = release.cluster
    assert "watcher runs" in cluster.kubectl("logs", *where)
    # The watcher serves no files.
    said = cluster.kubectl("exec", *where, "--", "trackhelm-server", "doctor", "--skip", "artifacts")
    assert "ok     watcher: pods, jobs and events" in said


def test_uninstalling_leaves_the_volumes(release: Release) -> None:
    release.helm("uninstall", release.name, "--wait", "--timeout", "5m")
    assert len(release.found("persistentvolumeclaims")) == 3
    assert not release.found("deployments")
