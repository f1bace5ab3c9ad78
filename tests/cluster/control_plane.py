"""The control plane of a cluster: etcd, API server, controllers and scheduler, each a process on 127.0.0.1.

    python -m tests.cluster.control_plane FOLDER

starts one with a node that runs nothing, and prints its KUBECONFIG, until it is stopped by Ctrl-C.
It must not run a pod: there is no kubelet, and what a pod's status says is written by `fake_node.py`.
"""

import http.client
import secrets
import signal
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster import programs
from tests.cluster.cluster import Cluster
from tests.cluster.fake_node import NODE, FakeNode
from tests.fixtures.backing_services import running
from tests.fixtures.certificates import certificate
from trackhelm_stack.program import Program, free_ports

_LOCAL: Final = "127.0.0.1"
SERVICE_ADDRESS: Final = "10.96.0.1"
"""That of the API itself, for pods."""

_STORAGE_CLASS: Final = "fake"
_VOLUMES: Final = 64
"""More than all tests claim: one that was claimed is not used again."""
_START_SECONDS: Final = 180

_USERS: Final = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "node": (f"system:node:{NODE}", "system:nodes"),
}
"""The users of the cluster by the name of their file: each one's name and group."""


def _answers(connection: Callable[[], http.client.HTTPConnection], path: str, token: str = "") -> bool:
    asked = connection()
    try:
        asked.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return asked.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


class ControlPlane:
    """A control plane whose data, certificates and files are in a folder."""

    def __init__(self, folder: Path, address: str = _LOCAL) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.address = folder, address
        self._etcd, self._peers, self._api, self._controllers, self._scheduler = free_ports(5)
        self._tokens = {name: secrets.token_hex(16) for name in _USERS}
        self._programs, self._api_server = ExitStack(), ExitStack()
        self._write_files()

    def kubeconfig(self, name: str = "admin") -> Path:
        """Return the file by which a user reaches the cluster."""
        return self.folder / f"{name}.kubeconfig"

    def _write_files(self) -> None:
        both = certificate(self.folder / "api.pem", more=(self.address, SERVICE_ADDRESS))
        begin = both.read_bytes().index(b"-----BEGIN CERTIFICATE")
        # Pods are told whom to trust, and no key.
        (self.folder / "ca.pem").write_bytes(both.read_bytes()[begin:])
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = serialization.Encoding.PEM
        (self.folder / "accounts.key").write_bytes(
            key.private_bytes(
                pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            )
        )
        (self.folder / "accounts.pub").write_bytes(
            key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        lines = [f'{self._tokens[name]},{user},{name},"{group}"' for name, (user, group) in _USERS.items()]
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name in _USERS:
            self.kubeconfig(name).write_text(yaml.safe_dump(self._config(name)), encoding="utf-8")

    def _config(self, name: str) -> dict[str, object]:
        server = {
            "server": f"https://{self.address}:{self._api}",
            "certificate-authority": str(self.folder / "ca.pem"),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": server}],
            "users": [{"name": name, "user": {"token": self._tokens[name]}}],
            "contexts": [{"name": name, "context": {"cluster": "tests", "user": name}}],
            "current-context": name,
        }

    def start(self) -> None:
        """Start every program, and wait until the API answers. Raises `UnavailableError`."""
        self._programs.enter_context(running(self._etcd_program(), seconds=_START_SECONDS))
        self._programs.callback(self.stop_api_server)
        self.start_api_server()
        for program in (self._controllers_program(), self._scheduler_program()):
            self._programs.enter_context(running(program, seconds=_START_SECONDS))

    def stop(self) -> None:
        """Stop every program."""
        self._programs.close()

    def start_api_server(self) -> None:
        """Start the API server, on the port that it had before."""
        self._api_server.enter_context(running(self._api_server_program(), seconds=_START_SECONDS))

    def stop_api_server(self) -> None:
        """Kill the API server alone; what it knows is in etcd."""
        self._api_server.close()

    def _program(self, name: str, options: Sequence[str], answers: Callable[[], bool]) -> Program:
        command = [str(programs.program(name)), *options]
        # Nothing is kept that could be lost, and the API server waits a minute for watches to end.
        return Program(name=name, command=command, is_ready=answers, stop_signal=signal.SIGKILL)

    def _etcd_program(self) -> Program:
        clients, peers = f"http://{_LOCAL}:{self._etcd}", f"http://{_LOCAL}:{self._peers}"
        options = [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        ]

        def connection() -> http.client.HTTPConnection:
            return http.client.HTTPConnection(_LOCAL, self._etcd, timeout=5)

        return self._program("etcd", options, lambda: _answers(connection, "/health"))

    def _api_server_program(self) -> Program:
        files = self.folder
        options = [
            f"--etcd-servers=http://{_LOCAL}:{self._etcd}",
            f"--bind-address={self.address}",
            f"--secure-port={self._api}",
            f"--advertise-address={self.address}",
            # A Service's endpoint may not be on the loopback interface, where no pod asks for it.
            f"--endpoint-reconciler-type={'none' if self.address == _LOCAL else 'lease'}",
            f"--tls-cert-file={files / 'api.pem'}",
            f"--tls-private-key-file={files / 'api.pem'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={files / 'accounts.pub'}",
            f"--service-account-signing-key-file={files / 'accounts.key'}",
            f"--token-auth-file={files / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--kubelet-preferred-address-types=InternalIP",
        ]

        def connection() -> http.client.HTTPConnection:
            context = ssl.create_default_context(cafile=str(files / "ca.pem"))
            return http.client.HTTPSConnection(self.address, self._api, timeout=5, context=context)

        return self._program(
            "kube-apiserver", options, lambda: _answers(connection, "/readyz", self._tokens["admin"])
        )

    def _inner(self, name: str, user: str, port: int, options: Sequence[str]) -> Program:
        """Return a program that acts on the cluster, and says by itself whether it is alive."""
        config = self.kubeconfig(user)
        common = [
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--bind-address={_LOCAL}",
            f"--secure-port={port}",
            f"--cert-dir={self.folder / name}",
            "--leader-elect=false",
        ]

        def connection() -> http.client.HTTPConnection:
            # It signs its certificate itself, and is asked for nothing that matters.
            context = ssl._create_unverified_context()
            return http.client.HTTPSConnection(_LOCAL, port, timeout=5, context=context)

        return self._program(name, [*common, *options], lambda: _answers(connection, "/healthz"))

    def _controllers_program(self) -> Program:
        options = [
            "--use-service-account-credentials=true",
            f"--root-ca-file={self.folder / 'ca.pem'}",
            f"--service-account-private-key-file={self.folder / 'accounts.key'}",
        ]
        return self._inner("kube-controller-manager", "controllers", self._controllers, options)

    def _scheduler_program(self) -> Program:
        return self._inner("kube-scheduler", "scheduler", self._scheduler, [])


def add_storage(cluster: Cluster, folder: Path) -> None:
    """Create volumes, which a real controller binds to claims."""
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    cluster.apply(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": _STORAGE_CLASS, "annotations": default},
            "provisioner": "kubernetes.io/no-provisioner",
        },
        *(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"fake-{number}"},
                "spec": {
                    "capacity": {"storage": "1Ti"},
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": _STORAGE_CLASS,
                    "hostPath": {"path": str(folder / str(number))},
                },
            }
            for number in range(_VOLUMES)
        ),
    )


@contextmanager
def control_plane(folder: Path) -> Iterator[tuple[ControlPlane, Cluster, FakeNode]]:
    """Yield a control plane with a node and volumes. Raises `UnavailableError` if it cannot be had."""
    plane = ControlPlane(folder)
    try:
        plane.start()
        cluster = Cluster(plane.kubeconfig(), folder, own=True)
        add_storage(cluster, folder / "volumes")
        with FakeNode(plane.kubeconfig("node")) as node:
            yield plane, cluster, node
    finally:
        plane.stop()


def main() -> None:
    """Start a cluster, and wait until it is interrupted."""
    with control_plane(Path(sys.argv[1])) as (plane, _, _):
        print(f"export KUBECONFIG={plane.kubeconfig()}", flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
