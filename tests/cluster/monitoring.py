"""A Prometheus that watches a release as its monitors say, with the alerts of the chart.

It stands in for the operator of Prometheus, which makes such a configuration of a ServiceMonitor and a
PodMonitor.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.charts.rendering import CHART
from tests.cluster import programs
from tests.cluster.cluster import Json, Release
from tests.fixtures.backing_services import running
from trackhelm_stack.program import Program, free_ports

_COMPONENT = "label_app_kubernetes_io_component"
_ROLES = {
    "ServiceMonitor": ("endpointslice", "service", "endpointslice_port_name", "endpoints"),
    "PodMonitor": ("pod", "pod", "pod_container_port_name", "podMetricsEndpoints"),
}
"""How Prometheus finds what each kind of monitor selects: its role, whose labels, the port, the endpoints."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    url: str

    def _ask(self, path: str, **arguments: str) -> Any:
        query = urllib.parse.urlencode(arguments)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=60) as answer:
            return json.load(answer)["data"]

    def targets(self) -> Sequence[Json]:
        """Return what is scraped, and how that goes."""
        found: Sequence[Json] = self._ask("targets", state="active")["activeTargets"]
        return found

    def rules(self) -> dict[str, Json]:
        """Return the alerts by name, with their `state` and their `health`."""
        groups = self._ask("rules", type="alert")["groups"]
        return {rule["name"]: rule for group in groups for rule in group["rules"]}

    def values(self, expression: str) -> list[float]:
        """Return the values of an expression."""
        return [float(each["value"][1]) for each in self._ask("query", query=expression)["result"]]


def _scraped(release: Release, monitor: Json) -> Json:
    role, labelled, port, endpoints = _ROLES[monitor["kind"]]
    (wanted,) = monitor["spec"]["selector"]["matchExpressions"]
    (endpoint,) = monitor["spec"][endpoints]
    assert (wanted["key"], wanted["operator"]) == ("app.kubernetes.io/component", "In")
    found = {
        "role": role,
        "kubeconfig_file": str(release.cluster.kubeconfig),
        "namespaces": {"names": [release.namespace]},
    }
    meta = "__meta_kubernetes_"
    return {
        "job_name": monitor["kind"],
        "metrics_path": endpoint["path"],
        "scrape_interval": "5s",
        "kubernetes_sd_configs": [found],
        "relabel_configs": [
            {
                "action": "keep",
                "source_labels": [f"{meta}{labelled}_{_COMPONENT}"],
                "regex": "|".join(wanted["values"]),
            },
            {"action": "keep", "source_labels": [f"{meta}{port}"], "regex": endpoint["port"]},
            {"source_labels": [f"{meta}namespace"], "target_label": "namespace"},
            {"source_labels": [f"{meta}pod_name"], "target_label": "pod"},
        ],
    }


@contextmanager
def prometheus(release: Release, folder: Path) -> Iterator[Prometheus]:
    """Run one with its data in a folder. Raises `UnavailableError` if it was not built."""
    program = programs.program("prometheus")
    options = ("--set", "monitoring.serviceMonitor.enabled=true", "--namespace", release.namespace)
    rendered = yaml.safe_load_all(release.cluster.helm("template", release.name, str(CHART), *options))
    monitors = [each for each in rendered if each and each["kind"] in _ROLES]
    assert {each["kind"] for each in monitors} == set(_ROLES)
    configuration = {
        "global": {"evaluation_interval": "5s"},
        "rule_files": [str(CHART / "files" / "alerts.yaml")],
        "scrape_configs": [_scraped(release, monitor) for monitor in monitors],
    }
    folder.mkdir(parents=True)
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [
        str(program),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    with running(Program(name="prometheus", command=command, is_ready=is_ready), seconds=180):
        yield Prometheus(url)
