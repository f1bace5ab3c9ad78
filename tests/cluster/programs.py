"""The programs of a cluster, and Prometheus: where they are kept, and how they are built.

    python -m tests.cluster.programs [--within SECONDS] [--node]

builds those that are missing, from the Go modules that `kubernetes/go.mod` and `prometheus/go.mod` pin, into
a folder outside the tree. It takes some 25 minutes of a processor once, and nothing afterwards. With a limit
of time, what could not be had is said and is no failure: the tests that need it are skipped, and the next
call goes on where this one ended, since Go keeps what it has compiled. This program must not install Go.
"""

import argparse
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent

_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
}
NAMES: Final = tuple(_PACKAGES)

_NODE: Final = {
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
    "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
}
"""Those of a node that runs pods."""

NODE_NAMES: Final = (*NAMES, *_NODE)

_MONITORING: Final = {
    "promtool": "github.com/prometheus/prometheus/cmd/promtool",
    "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
}
"""Without these, what a cluster is asked stays the same: only what concerns monitoring is skipped."""

MONITORING_NAMES: Final = tuple(_MONITORING)

_AT_ONCE: Final = "2"
"""How many packages are compiled at once: the machine has other work, too."""


class UnavailableError(Exception):
    """A program is not there, and cannot be built; the message says why, and what would help."""


def _modules(name: str) -> Path:
    """Return the folder whose `go.mod` pins a program."""
    return _HERE / ("prometheus" if name in _MONITORING else "kubernetes")


def _version(modules: Path) -> str:
    text = (modules / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"/{modules.name} v([0-9.]+)(?: //.*)?$", text, re.MULTILINE)
    assert found is not None
    return found[1]


def kubernetes_version() -> str:
    """Return the version of Kubernetes that is built, such as `1.37.2`."""
    return _version(_HERE / "kubernetes")


def _place(name: str) -> Path:
    """Return where a program is kept: below `TEST_CLUSTER_CACHE`, or the user's cache, by its version."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = Path(os.environ.get("TEST_CLUSTER_CACHE") or caches / "trackhelm-cluster")
    modules = _modules(name)
    pinned = hashlib.sha256((modules / "go.sum").read_bytes()).hexdigest()
    return root / f"{_version(modules)}-{pinned[:8]}" / name


def missing(names: Sequence[str] = NAMES) -> list[str]:
    """Return which of the programs are not there yet."""
    return [name for name in names if not _place(name).is_file()]


def program(name: str) -> Path:
    """Return a program. Raises `UnavailableError` if it was not built."""
    path = _place(name)
    if not path.is_file():
        raise UnavailableError(f"{name} is not built: `make test-cluster` does it, with Go")
    return path


@dataclass(frozen=True, slots=True)
class _Go:
    """The Go toolchain of this machine, which is new enough."""

    path: str

    @classmethod
    def found(cls) -> "_Go":
        """Return it. Raises `UnavailableError` if there is none, or one that is too old."""
        text = (_HERE / "kubernetes" / "go.mod").read_text(encoding="utf-8")
        wanted = re.search(r"^go ([0-9]+)\.([0-9]+)", text, re.MULTILINE)
        assert wanted is not None
        path = shutil.which("go")
        needed = f"Go {wanted[1]}.{wanted[2]} or later builds Kubernetes {kubernetes_version()}"
        if path is None:
            raise UnavailableError(f"{needed}, and there is no `go` on PATH")
        told = subprocess.run([path, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
        there = re.match(r"go([0-9]+)\.([0-9]+)", told)
        if there is None or tuple(map(int, there.groups())) < tuple(map(int, wanted.groups())):
            raise UnavailableError(f"{needed}, and `go` is {told.strip() or 'no toolchain'}")
        return cls(path)

    def build(self, name: str, seconds: float | None) -> None:
        """Build a program within a time. Raises `UnavailableError` if that fails, or takes longer."""
        version = kubernetes_version()
        major, minor, _ = version.split(".")
        marks = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
        # Servers and clients judge by it what they may ask of each other.
        stamped = [
            f"-X {package}.{mark}={value}"
            for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
            for mark, value in marks.items()
        ]
        target = _place(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        # What is built may not be found half written.
        unfinished = target.with_name(f"{name}.{os.getpid()}")
        command = [self.path, "build", "-p", _AT_ONCE, "-trimpath", "-ldflags", " ".join(["-s -w", *stamped])]
        process = subprocess.Popen(
            ["nice", *command, "-o", str(unfinished), (_PACKAGES | _NODE | _MONITORING)[name]],
            cwd=_modules(name),
            env=os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"{name} was not built in the time given; the next call goes on") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code:
            raise UnavailableError(f"{name} could not be built: go ended with exit code {code}")
        unfinished.rename(target)


def build(within: float | None = None, names: Sequence[str] = NAMES) -> None:
    """Build what is missing, in so many seconds. Raises `UnavailableError` if that cannot be done."""
    due = None if within is None else time.monotonic() + within
    if not missing(names):
        return
    go = _Go.found()
    for name in missing(names):
        print(f"building {name} {_version(_modules(name))} into {_place(name).parent}", flush=True)  # noqa: T201
        go.build(name, None if due is None else max(0.0, due - time.monotonic()))


def main() -> int:
    """Build what is missing, and return the exit code."""
    parser = argparse.ArgumentParser(description="Build the programs of the tests' cluster.")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="give up then, without failing")
    parser.add_argument("--node", action="store_true", help="and those of a node that runs pods")
    arguments = parser.parse_args()
    within: float | None = arguments.within
    due = None if within is None else time.monotonic() + within
    parts = {"CLUSTER": NODE_NAMES if arguments.node else NAMES, "PROMETHEUS": MONITORING_NAMES}
    for part, names in parts.items():
        try:
            build(None if due is None else max(0.0, due - time.monotonic()), names)
        except UnavailableError as error:
            print(f"NO {part} for the tests: {error}", flush=True)  # noqa: T201
            return 1 if within is None else os.EX_OK
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
