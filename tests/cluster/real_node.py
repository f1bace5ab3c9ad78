"""A node that runs pods: containerd, kubelet, kube-proxy and the cluster's DNS, inside namespaces of its own.

It must run below `in_namespaces.sh`, and never on the machine's own network. Images come from archives.

    python -m tests.cluster.real_node FOLDER IMAGES COMMAND…

starts one with the archives of a folder, runs a command whose KUBECONFIG names it, and ends as that does.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import yaml

from tests.cluster import programs
from tests.cluster.cluster import Cluster, run
from tests.cluster.cluster_dns import DOMAIN, ClusterDns
from tests.cluster.control_plane import ControlPlane, add_storage
from tests.cluster.fake_node import NODE
from tests.fixtures.backing_services import running
from tests.fixtures.waiting import wait_until
from trackhelm_stack.program import Program

ADDRESS: Final = "10.77.0.1"
"""That of the node, which `in_namespaces.sh` gives to its bridge."""

_PODS: Final = "10.244.0.0/24"
_START_SECONDS: Final = 180
_PAUSE: Final = "localhost/pause:test"


def is_isolated() -> bool:
    """Return whether this process is where a node may be started."""
    found = json.loads(run(["ip", "-json", "link"]))
    return {each["ifname"] for each in found} <= {"lo", "node0", "nd0", "nd1"}


class Node:
    """A node whose files are in a folder."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane, self._folder = plane, folder
        self._socket = folder / "containerd.sock"
        self.images = folder / "containerd"

    def write_files(self) -> None:
        """Write the files that its programs read."""
        for name in ("cni", "static", "kubelet"):
            (self._folder / name).mkdir(parents=True)
        (self._folder / "cni" / "10-pods.conflist").write_text(json.dumps(self._network()), encoding="utf-8")
        (self._folder / "kubelet.yaml").write_text(yaml.safe_dump(self._kubelet()), encoding="utf-8")
        (self._folder / "containerd.toml").write_text(self._containerd(), encoding="utf-8")

    def _network(self) -> dict[str, object]:
        # Each pod has a line of its own to the node, so that Services between pods pass its rules.
        addresses = {
            "type": "host-local",
            "ranges": [[{"subnet": _PODS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(self._folder / "addresses"),
        }
        return {
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [{"type": "ptp", "ipMasq": False, "ipam": addresses}],
        }

    def _kubelet(self) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ADDRESS,
            "cgroupDriver": "cgroupfs",
            "failSwapOn": False,
            "failCgroupV1": False,
            "enforceNodeAllocatable": ["pods"],
            # Nobody but the tests is in this network.
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%"},
            # However full the machine's disk is: an image that was removed cannot be fetched again.
            "imageGCHighThresholdPercent": 100,
            "podLogsDir": str(self._folder / "logs"),
            "clusterDNS": [ADDRESS],
            "clusterDomain": DOMAIN,
            "resolvConf": "/dev/null",
            "staticPodPath": str(self._folder / "static"),
            "containerRuntimeEndpoint": f"unix://{self._socket}",
        }

    def _containerd(self) -> str:
        # A machine that is a container itself may not lower a process's score for the killer of processes.
        return f"""
version = 2
root = "{self.images}"
state = "{self._folder / "containerd-state"}"
[grpc]
  address = "{self._socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{_PAUSE}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{self._folder / "cni"}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
"""

    def containerd(self) -> Program:
        """Return the program that runs containers. Raises `UnavailableError`."""
        path = shutil.which("containerd")
        if path is None:
            raise programs.UnavailableError("containerd is not installed: apt-get install containerd runc")
        command = [path, "--config", str(self._folder / "containerd.toml")]
        return Program(name="containerd", command=command, is_ready=self._socket.exists)

    def _ctr(self, *arguments: str) -> str:
        return run(["ctr", "--address", str(self._socket), "--namespace", "k8s.io", *arguments])

    def import_images(self, images: Path) -> None:
        """Take the images of the archives of a folder, and give some of them the names that it lists."""
        for archive in sorted(images.glob("*.tar")):
            self._ctr("images", "import", str(archive))
        for line in (images / "names").read_text(encoding="utf-8").splitlines():
            self._ctr("images", "tag", *line.split())

    def kill(self, container: str) -> None:
        """Kill the processes of a container, by the id that its pod's status has for it."""
        self._ctr("tasks", "kill", "--all", "--signal", "SIGKILL", container.partition("://")[2])

    def kubelet(self) -> Program:
        """Return the program that makes containers of pods."""
        options = [
            f"--config={self._folder / 'kubelet.yaml'}",
            f"--kubeconfig={self._plane.kubeconfig('node')}",
            f"--hostname-override={NODE}",
            f"--node-ip={ADDRESS}",
            f"--root-dir={self._folder / 'kubelet'}",
            f"--cert-dir={self._folder / 'kubelet-pki'}",
        ]
        command = [str(programs.program("kubelet")), *options]
        return Program(name="kubelet", command=command, is_ready=lambda: True)

    def proxy(self) -> Program:
        """Return the program that leads the addresses of Services to pods."""
        options = [
            f"--kubeconfig={self._plane.kubeconfig()}",
            f"--hostname-override={NODE}",
            f"--cluster-cidr={_PODS}",
            f"--bind-address={ADDRESS}",
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--proxy-mode=iptables",
        ]
        command = [str(programs.program("kube-proxy")), *options]
        return Program(name="kube-proxy", command=command, is_ready=lambda: True)


def _is_ready(cluster: Cluster) -> bool:
    for node in cluster.ask("GET", "/api/v1/nodes")["items"]:
        for each in node["status"].get("conditions", ()):
            if each["type"] == "Ready" and each["status"] == "True":
                return True
    return False


@contextmanager
def real_cluster(folder: Path, images: Path) -> Iterator[tuple[Cluster, Node]]:
    """Yield a cluster, and its node, which has the images of a folder. Raises `UnavailableError`."""
    assert is_isolated(), "a node may only be started below in_namespaces.sh"
    volumes = folder / "volumes"
    plane = ControlPlane(folder, ADDRESS)
    with ExitStack() as parts:
        parts.callback(plane.stop)
        plane.start()
        cluster = Cluster(plane.kubeconfig(), folder, own=True)
        add_storage(cluster, volumes)
        for number in range(64):
            (volumes / str(number)).mkdir(parents=True)
            # A user without rights writes to it, as to a volume of the cluster's.
            (volumes / str(number)).chmod(0o777)
        node = Node(plane, folder / "node")
        node.write_files()
        # Images take gigabytes, and the folders of tests are kept a while.
        parts.callback(shutil.rmtree, node.images, ignore_errors=True)
        parts.enter_context(running(node.containerd(), seconds=_START_SECONDS))
        node.import_images(images)
        parts.enter_context(ClusterDns(cluster.ask, ADDRESS))
        parts.enter_context(running(node.proxy(), seconds=_START_SECONDS))
        parts.enter_context(running(node.kubelet(), seconds=_START_SECONDS))
        wait_until(lambda: _is_ready(cluster), seconds=_START_SECONDS)
        yield cluster, node


def main() -> int:
    """Start a cluster, run a command with it, and return the command's exit code."""
    folder, images, *command = sys.argv[1:]
    with real_cluster(Path(folder), Path(images)) as (cluster, _):
        told = os.environ | {"KUBECONFIG": str(cluster.kubeconfig)}
        return subprocess.run(command, env=told, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
