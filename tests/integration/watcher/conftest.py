"""A cluster whose rights are those of the page, and watchers of it over the database of the API."""

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.fixtures import pods
from tests.fixtures.api import Api
from tests.fixtures.kubernetes_api import KubernetesApi, Rule, kubernetes_api
from tests.fixtures.runs_of_pods import RunsOfPods
from trackhelm_core.runtime import now_ms
from trackhelm_core.settings import WatcherSettings
from trackhelm_domain.opening import open_database
from trackhelm_watcher.cluster import open_cluster
from trackhelm_watcher.service import Watcher

PAGE: Final = Path(__file__).parents[3] / "docs" / "operations" / "watcher.md"

AGO: Final = 20
"""The pods of these tests have run for so many seconds when a test begins."""


def documented(language: str) -> list[str]:
    """Return the examples of the page in a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )


def documented_rules() -> list[Rule]:
    """Return what the Roles of the page allow."""
    found = [each for text in documented("yaml") for each in yaml.safe_load_all(text)]
    return [
        Rule(
            role["metadata"]["namespace"],
            rule["apiGroups"],
            rule["resources"],
            rule["verbs"],
            rule.get("resourceNames", ()),
        )
        for role in found
        if role["kind"] == "Role"
        for rule in role["rules"]
    ]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pods have started some seconds ago."""
    monkeypatch.setattr(pods, "START", now_ms() - AGO * 1_000)


@pytest.fixture
def cluster() -> Iterator[KubernetesApi]:
    """Yield a cluster that allows what the page says, and no more is asked of it."""
    with kubernetes_api(documented_rules()) as api:
        yield api
        assert not api.refused


@dataclass
class Place(RunsOfPods):
    """The API, a cluster, and watchers of it. Pods have names and addresses of their own in each test."""

    cluster: KubernetesApi
    folder: Path
    closing: ExitStack = field(default_factory=ExitStack)
    name: str = field(default_factory=lambda: f"train-{uuid.uuid4().hex[:8]}")
    address: str = ""

    def __post_init__(self) -> None:
        number = uuid.uuid4().int
        self.address = ".".join(["10", *(str(number >> shift & 255) for shift in (0, 8, 16))])

    def run(self, address: str | None = None, **message: Any) -> str:
        """Create a run from an address, by default that of the pod."""
        return self.caller(address or self.address).new_run(self.api.new_experiment(), **message)

    def pod(self, *containers: Any, **given: Any) -> dict[str, Any]:
        """Create or change the pod."""
        found = pods.pod(*containers, **{"name": self.name, "address": self.address, **given})
        return self.cluster.put("pods", found)

    def delete_pod(self) -> None:
        self.cluster.delete("pods", pods.NAMESPACE, self.name)

    def watcher(self, **settings: Any) -> Watcher:
        """Start a watcher, which ends with the test."""
        return self.closing.enter_context(watching(self, **settings))


def settings_of(place: Place, **given: Any) -> WatcherSettings:
    message: dict[str, Any] = {
        "watcher_namespaces": pods.NAMESPACE,
        "watcher_kubeconfig": place.cluster.kubeconfig(place.folder),
        "watcher_lease_namespace": "trackhelm",
        "watcher_interval_seconds": 0.1,
        "watcher_lease_seconds": 3,
    }
    return WatcherSettings(**(message | given))


@contextmanager
def watching(place: Place, **given: Any) -> Iterator[Watcher]:
    """Run a watcher with a database of its own, as in a process of its own."""
    settings = settings_of(place, **given)
    database = open_database(place.url)
    watcher = Watcher(
        database, open_cluster(settings.watcher_kubeconfig), settings, identity=uuid.uuid4().hex
    )
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        thread.join(60)
        database.close()
        assert not thread.is_alive()


@pytest.fixture
def place(api: Api, cluster: KubernetesApi, tmp_path: Path) -> Iterator[Place]:
    """Yield the API over each database, and an empty cluster."""
    place = Place(api, cluster, tmp_path)
    with place.closing:
        yield place
