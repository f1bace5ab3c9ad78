"""One cluster for all tests: the one that KUBECONFIG names, or a control plane of the tests' own.

Each test works in namespaces of its own, which are deleted after it. Tests that need a node whose pods they
end, or an API server that they stop, are skipped on a cluster that is not theirs.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.charts.rendering import KUBERNETES
from tests.cluster import programs
from tests.cluster.cluster import Cluster, Release
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.crds import DEFINITIONS
from tests.cluster.fake_node import FakeNode

_FOREIGN = "runs on a cluster of the tests' own: unset KUBECONFIG"


def pytest_report_header() -> str:
    """Say at the beginning of a run which cluster is tested."""
    if named := os.environ.get("KUBECONFIG"):
        return f"cluster: as {named} says"
    if lacking := programs.missing():
        return f"cluster: NONE, since these programs are not built: {', '.join(lacking)}"
    return f"cluster: Kubernetes {programs.kubernetes_version()} of the tests' own"


@dataclass(frozen=True)
class Rig:
    """A cluster, and, if it is the tests' own, its parts."""

    cluster: Cluster
    plane: ControlPlane | None = None
    node: FakeNode | None = None


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Yield the cluster under test; skip if there is none."""
    folder = tmp_path_factory.mktemp("cluster")
    if named := os.environ.get("KUBECONFIG"):
        yield Rig(Cluster(Path(named), folder, own=False))
        return
    if lacking := programs.missing():
        pytest.skip(f"no cluster: {', '.join(lacking)} not built, and KUBECONFIG is not set")
    with control_plane(folder) as (plane, cluster, node):
        # What operators of others bring, and classes that a profile names.
        cluster.apply(*DEFINITIONS)
        cluster.kubectl("wait", "--for=condition=Established", "--all", "crd", "--timeout=60s")
        yield Rig(cluster, plane, node)


@pytest.fixture(scope="session")
def cluster(rig: Rig) -> Cluster:
    """Return the cluster under test."""
    version = tuple(map(int, rig.cluster.version.split(".")[:2]))
    oldest = tuple(map(int, KUBERNETES[0].split(".")[:2]))
    assert version >= oldest, f"the chart needs Kubernetes {KUBERNETES[0]}, and this is {rig.cluster.version}"
    return rig.cluster


@pytest.fixture
def node(rig: Rig, cluster: Cluster) -> FakeNode:
    """Return the node whose pods tests end."""
    if rig.node is None:
        pytest.skip(_FOREIGN)
    return rig.node


@pytest.fixture
def plane(rig: Rig, cluster: Cluster) -> ControlPlane:
    """Return the control plane, which tests may stop."""
    if rig.plane is None:
        pytest.skip(_FOREIGN)
    return rig.plane


@contextmanager
def own_namespaces(cluster: Cluster) -> Iterator[Callable[[str], str]]:
    """Yield a function that creates a namespace; all of them are deleted at the end."""
    made: list[str] = []

    def create(prefix: str) -> str:
        made.append(cluster.new_namespace(f"{prefix}-{uuid.uuid4().hex[:8]}"))
        return made[-1]

    try:
        yield create
    finally:
        for name in made:
            cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Callable[[str], str]]:
    """Yield a function that creates a namespace, which is deleted after the test."""
    with own_namespaces(cluster) as create:
        yield create


@pytest.fixture
def release(cluster: Cluster, namespace: Callable[[str], str]) -> Release:
    """Return a release of the chart that is not installed yet, in a namespace of its own."""
    return Release(cluster, namespace("trackhelm"))
