"""A place for watchers: a release of the chart, pods that tests end, clients' runs, and processes."""

import os
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.cluster.cluster import Cluster, Json, Release
from tests.cluster.fake_node import KEPT, FakeNode
from tests.fixtures.runs_of_pods import RunsOfPods
from tests.fixtures.waiting import wait_until

WATCHER: Final = "trackhelm-watcher"
"""The name of the watcher's account and of its Lease, as the chart has them."""


@dataclass(frozen=True)
class Watched:
    """A release of the chart, a namespace that its watcher may watch, and one that it may not."""

    release: Release
    training: str
    other: str

    def kubeconfig(self, account: str = WATCHER) -> Path:
        return self.release.cluster.kubeconfig_of(self.release.namespace, account)

    def lease(self) -> Json:
        """Return what the Lease says; nothing if there is none."""
        spec: Json = self.release.found("leases").get(WATCHER, {}).get("spec", {})
        return spec


@dataclass
class Place(RunsOfPods):
    """Clients' runs, pods on a node that tests end, and watchers as processes."""

    watched: Watched
    node: FakeNode
    folder: Path
    processes: ExitStack = field(default_factory=ExitStack)
    refusals_expected: bool = False
    name: str = field(default_factory=lambda: f"train-{uuid.uuid4().hex[:8]}")

    @property
    def cluster(self) -> Cluster:
        return self.watched.release.cluster

    def spec(self, **more: Any) -> Json:
        """Return the specification of a pod that the restricted standard lets in."""
        limits = {"cpu": "100m", "memory": "64Mi"}
        container = {
            "name": "train",
            "image": "registry.example/train:1",
            "resources": {"requests": limits, "limits": {"memory": "64Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        return {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container | more.pop("container", {})],
            **more,
        }

    def pod(self, name: str = "", namespace: str = "", **spec: Any) -> Json:
        """Create a pod, and return it when it runs."""
        name, namespace = name or self.name, namespace or self.watched.training
        meta = {"name": name, "namespace": namespace, "annotations": {KEPT: "true"}}
        self.cluster.ask(
            "POST", f"/api/v1/namespaces/{namespace}/pods", {"metadata": meta, "spec": self.spec(**spec)}
        )
        return self.running(f"metadata.name={name}", namespace)

    def running(self, selector: str, namespace: str = "", *, by: str = "field-selector") -> Json:
        """Wait until one pod runs that a selector finds, and return it."""
        found: list[Json] = []

        def one_runs() -> bool:
            pods = self.cluster.found("pods", namespace or self.watched.training, f"--{by}={selector}")
            found[:] = [pod for pod in pods if pod["status"].get("podIP")]
            return len(found) == 1

        wait_until(one_runs)
        return found[0]

    def job(self, **spec: Any) -> Json:
        """Create a job of one pod that tests end, and return the pod when it runs."""
        template = {"metadata": {"annotations": {KEPT: "true"}}, "spec": self.spec()}
        body = {"metadata": {"name": self.name}, "spec": {"template": template, "backoffLimit": 0, **spec}}
        self.cluster.ask("POST", f"/apis/batch/v1/namespaces/{self.watched.training}/jobs", body)
        return self.running(f"batch.kubernetes.io/job-name={self.name}", by="selector")

    def run_in(self, pod: Json, **message: Any) -> str:
        """Create a run from the address of a pod."""
        return self.caller(pod["status"]["podIP"]).new_run(self.api.new_experiment(), **message)

    def watcher(self, **settings: Any) -> "subprocess.Popen[bytes]":
        """Start a watcher's process, which ends with the test."""
        given = {
            "KUBECONFIG": self.watched.kubeconfig(),
            "NAMESPACES": self.watched.training,
            "LEASE": WATCHER,
            "LEASE_NAMESPACE": self.watched.release.namespace,
            "LEASE_SECONDS": 3,
            "INTERVAL_SECONDS": 0.2,
            **settings,
        }
        variables = {f"TRACKHELM_WATCHER_{name}": str(value) for name, value in given.items()}
        log = self.processes.enter_context((self.folder / f"watcher-{uuid.uuid4().hex}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "trackhelm_cli", "watcher", "--database-url", self.url],
            env={"PATH": os.environ["PATH"], "TRACKHELM_ARTIFACTS_URL": "no-store://", **variables},
            stdout=log,
            stderr=log,
        )
        self.processes.callback(process.wait)
        self.processes.callback(process.kill)
        return process

    def log(self) -> str:
        """Return what all watchers of the test have written."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("watcher-*.log")))
