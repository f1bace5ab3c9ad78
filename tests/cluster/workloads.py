"""Pods that tests start beside a release, as its users would: a program, what it printed, and how it ends.

It must not know what the programs do; those of `training` end when the file /tmp/stop is there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.cluster.cluster import Json, Release
from tests.fixtures.waiting import wait_until

PATIENCE = 300


@dataclass(frozen=True)
class Workload:
    """A pod with one container, which runs a program once."""

    release: Release
    name: str

    @classmethod
    def start(
        cls,
        release: Release,
        name: str,
        image: str,
        command: Sequence[str],
        *,
        memory: str = "128Mi",
        environment: Mapping[str, str] | None = None,
    ) -> "Workload":
        """Create the pod, as the restricted standard wants it."""
        limits = {"memory": memory}
        container: dict[str, Any] = {
            "name": "train",
            "image": image,
            "command": list(command),
            "env": [{"name": key, "value": value} for key, value in (environment or {}).items()],
            "resources": {"requests": {"cpu": "10m", **limits}, "limits": limits},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 2,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        }
        body = {"metadata": {"name": name, "namespace": release.namespace}, "spec": spec}
        release.cluster.ask("POST", f"/api/v1/namespaces/{release.namespace}/pods", body)
        return cls(release, name)

    def _kubectl(self, command: str, *arguments: str) -> str:
        return self.release.cluster.kubectl(
            command, "--namespace", self.release.namespace, self.name, *arguments
        )

    @property
    def phase(self) -> str:
        """Its phase, such as `Succeeded`."""
        path = f"/api/v1/namespaces/{self.release.namespace}/pods/{self.name}"
        found: str = self.release.cluster.ask("GET", path)["status"]["phase"]
        return found

    def printed(self) -> str:
        """Return what it has printed."""
        return self._kubectl("logs")

    def wait_until_begun(self) -> None:
        """Wait until it says that it has begun."""
        wait_until(lambda: self.phase != "Pending", seconds=PATIENCE)
        wait_until(lambda: "begun" in self.printed(), seconds=PATIENCE)

    def wait_until_ended(self) -> str:
        """Wait for its end, which must be a good one, and return what it printed."""
        wait_until(lambda: self.phase in ("Succeeded", "Failed"), seconds=PATIENCE)
        said = self.printed()
        assert self.phase == "Succeeded", said
        return said

    def stop(self) -> Json:
        """Let a program of `training` end, and return what it found."""
        assert self.phase == "Running", self.printed()
        self._kubectl("exec", "--", "touch", "/tmp/stop")
        found: Json = json.loads(self.wait_until_ended().splitlines()[-1])
        return found
