"""A node without a kubelet: it registers itself, and writes what a kubelet would write of its pods.

Pods that are bound to it run at once; those of Jobs and of `helm test` end well, unless their annotation
`KEPT` says that a test ends them. It acts as a node's account, with no more rights than a kubelet has.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.cluster.cluster import STRATEGIC_PATCH, Json, RefusedError, Requests

NODE: Final = "fake"
KEPT: Final = "trackhelm.test/kept"
"""The annotation of pods that run until a test ends them."""

DIGEST: Final = "sha256:" + "cd" * 32
ADDRESS: Final = "192.0.2.10"

_LOOKS: Final = 0.2
_BEATS: Final = 5.0
_SIGTERM: Final = 143

_CAPACITY: Final = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}


def now(seconds: float = 0) -> str:
    """Return the time, or one so many seconds later, as the API writes it."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(exit_code: int, reason: str = "", *, started: str | None = None, message: str = "") -> Json:
    """Return the state of a container that has ended."""
    end = {
        "exitCode": exit_code,
        "reason": reason or ("Error" if exit_code else "Completed"),
        "startedAt": started or now(),
        "finishedAt": now(),
        "containerID": "containerd://1f",
    }
    return {"terminated": end | ({"message": message} if message else {})}


def path_of(pod: Json, rest: str = "") -> str:
    """Return the path of a pod."""
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}{rest}"


class FakeNode:
    """A node, while it is entered as a context."""

    def __init__(self, kubeconfig: Path, name: str = NODE, *, taints: Sequence[Json] = ()) -> None:
        self._ask, self._name = Requests(kubeconfig), name
        self._taints = list(taints)
        self._stop = threading.Event()
        self._started: dict[str, str] = {}
        self._numbers = count(256)
        self.failures: list[str] = []
        """What went wrong on its thread, newest last."""
        self._thread = threading.Thread(target=self._run, name=f"node {name}", daemon=True)

    def __enter__(self) -> Self:
        meta = {"name": self._name, "labels": {"kubernetes.io/hostname": self._name}}
        self._ask("POST", "/api/v1/nodes", {"metadata": meta, "spec": {"taints": self._taints}})
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)

    def _beat(self) -> None:
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "fake"}
        times = {"lastHeartbeatTime": now(), "lastTransitionTime": now()}
        status = {
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "conditions": [ready | times],
            "addresses": [{"type": "InternalIP", "address": ADDRESS}],
        }
        path = f"/api/v1/nodes/{self._name}/status"
        self._ask("PATCH", path, {"status": status}, kind=STRATEGIC_PATCH)

    def _run(self) -> None:
        beat = time.monotonic()
        while not self._stop.wait(_LOOKS):
            # The API server may be away for a while, and a pod may change under its hands.
            try:
                if time.monotonic() > beat + _BEATS:
                    self._beat()
                    beat = time.monotonic()
                for pod in self._pods():
                    self._look_at(pod)
            except (RefusedError, OSError, ValueError) as error:
                self.failures.append(repr(error))
            except Exception as error:  # noqa: BLE001 - the client raises what it likes of a server that is away
                self.failures.append(repr(error))

    def _pods(self) -> list[Json]:
        found = self._ask("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{self._name}")
        items: list[Json] = found["items"]
        return items

    def _look_at(self, pod: Json) -> None:
        phase = (pod.get("status") or {}).get("phase")
        if pod["metadata"].get("deletionTimestamp"):
            if phase not in {"Succeeded", "Failed"}:
                self.end(pod, _SIGTERM)
            self._remove(pod)
        elif phase == "Pending":
            self._begin(pod)
            if _ends_well(pod):
                self.end(pod, 0)

    def _remove(self, pod: Json) -> None:
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        with suppress(RefusedError):
            self._ask("DELETE", path_of(pod), body)

    def _write(self, pod: Json, status: Mapping[str, Any]) -> None:
        self._ask("PATCH", path_of(pod, "/status"), {"status": dict(status)}, kind=STRATEGIC_PATCH)

    def _begin(self, pod: Json) -> None:
        high, low = divmod(next(self._numbers), 256)
        address, begun = f"10.244.{high}.{low}", now()
        self._started[pod["metadata"]["uid"]] = begun
        states: dict[str, Json] = {}
        for each in pod["spec"].get("initContainers") or ():
            runs_on = each.get("restartPolicy") == "Always"
            states[each["name"]] = {"running": {"startedAt": begun}} if runs_on else ended(0)
        for each in pod["spec"]["containers"]:
            states[each["name"]] = {"running": {"startedAt": begun}}
        self._write(
            pod,
            {
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
                "hostIP": ADDRESS,
                "startTime": begun,
                **_conditions(ready=True),
                **_statuses(pod, states),
            },
        )

    def end(self, pod: Json, exit_code: int, reason: str = "", *, message: str = "", **status: Any) -> None:
        """Write that all containers of a pod have ended, and that the pod has."""
        started = self._started.get(pod["metadata"]["uid"])
        state = ended(exit_code, reason, started=started, message=message)
        states = dict.fromkeys((each["name"] for each in pod["spec"]["containers"]), state)
        phase = "Failed" if exit_code else "Succeeded"
        self._write(pod, {"phase": phase, **_conditions(ready=False), **_statuses(pod, states), **status})

    def crash(self, pod: Json, exit_code: int, reason: str = "", *, again: bool = False) -> None:
        """Write that the containers of a pod have ended and wait to be started, or that they run `again`."""
        uid = pod["metadata"]["uid"]
        last = ended(exit_code, reason, started=self._started.get(uid))
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}}
        state = {"running": {"startedAt": now()}} if again else waiting
        names = [each["name"] for each in pod["spec"]["containers"]]
        found = _statuses(pod, dict.fromkeys(names, state), last=last)
        self._write(pod, {"phase": "Running", **found})


def _ends_well(pod: Json) -> bool:
    annotations = pod["metadata"].get("annotations") or {}
    owners = pod["metadata"].get("ownerReferences") or ()
    ends = any(owner["kind"] == "Job" for owner in owners) or "helm.sh/hook" in annotations
    return ends and KEPT not in annotations


def _conditions(*, ready: bool) -> Json:
    status = "True" if ready else "False"
    return {
        "conditions": [
            {"type": kind, "status": status, "lastTransitionTime": now()}
            for kind in ("Ready", "ContainersReady")
        ]
        + [{"type": "Initialized", "status": "True", "lastTransitionTime": now()}]
    }


def _statuses(pod: Json, states: Mapping[str, Json], *, last: Json | None = None) -> Json:
    """Return the statuses of those containers of a pod whose states are given."""
    spec = pod["spec"]
    parts = {"initContainerStatuses": spec.get("initContainers"), "containerStatuses": spec["containers"]}
    return {
        key: [
            {
                "name": each["name"],
                "image": each["image"],
                "imageID": f"{each['image'].partition(':')[0]}@{DIGEST}",
                "ready": _is_ready(states[each["name"]], key),
                "restartCount": 0 if last is None else 1,
                "state": states[each["name"]],
                "lastState": last or {},
            }
            for each in found or ()
            if each["name"] in states
        ]
        for key, found in parts.items()
        if any(each["name"] in states for each in found or ())
    }


def _is_ready(state: Json, key: str) -> bool:
    done = key == "initContainerStatuses" and "terminated" in state
    return done or "running" in state
