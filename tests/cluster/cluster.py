"""A cluster under test, as its users see it: `kubectl`, Helm, and requests as any account.

It must not know how the cluster was started.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_kube_config

from tests.charts.rendering import CHART, tools
from tests.cluster import programs
from tests.fixtures.waiting import wait_until

Json = dict[str, Any]

COMMAND_SECONDS: Final = 900
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"


@dataclass(frozen=True, slots=True)
class CommandError(Exception):
    """A program ended with an error; `said` is what it printed."""

    said: str

    def __str__(self) -> str:
        return self.said


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """The API refused a request."""

    status: int
    message: str


def run(command: list[str], *, stdin: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it printed. Raises `CommandError`."""
    ended = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=None if environment is None else dict(environment),
        timeout=COMMAND_SECONDS,
    )
    if ended.returncode:
        raise CommandError(f"{' '.join(command)}\n{ended.stderr}{ended.stdout}")
    return ended.stdout


class Requests:
    """Requests to the API of a cluster, as the account that a file names; answers are plain JSON."""

    def __init__(self, kubeconfig: Path) -> None:
        configuration = Configuration()
        load_kube_config(str(kubeconfig), client_configuration=configuration, persist_config=False)  # type: ignore[no-untyped-call]
        configuration.retries = 0
        self._client = ApiClient(configuration)

    def __call__(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> Json:
        """Send a request. Raises `RefusedError`."""
        request = self._client.param_serialize(
            method,
            path,
            header_params={"Accept": "application/json", "Content-Type": kind},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*request, _request_timeout=(10, 60))
        text: bytes = response.read()  # type: ignore[no-untyped-call]
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise RefusedError(response.status, text.decode(errors="replace"))
        found: Json = json.loads(text)
        return found

    def status_of(self, method: str, path: str, body: Any = None) -> int:
        """Return the status that a request is answered with; 200 stands for each success."""
        try:
            self(method, path, body)
        except RefusedError as error:
            return error.status
        return 200


@dataclass
class Cluster:
    """A cluster, and a folder for files about it. `own` says whether the tests started it."""

    kubeconfig: Path
    folder: Path
    own: bool
    ask: Requests = field(init=False)

    def __post_init__(self) -> None:
        self.ask = Requests(self.kubeconfig)

    @property
    def version(self) -> str:
        """The version of Kubernetes, such as `1.37.2`."""
        text: str = self.ask("GET", "/version")["gitVersion"]
        return text.removeprefix("v").partition("+")[0].partition("-")[0]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig)}

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl and return what it printed. Raises `CommandError`."""
        try:
            path = str(programs.program("kubectl"))
        except programs.UnavailableError:
            path = shutil.which("kubectl") or "kubectl"
        return run([path, *arguments], stdin=stdin, environment=self._environment())

    def helm(self, *arguments: str, version: str = "helm4") -> str:
        """Run Helm and return what it printed. Raises `CommandError`."""
        return run([str(tools() / version), *arguments], environment=self._environment())

    def values(self, values: Mapping[str, Any]) -> str:
        """Write values into a file, and return its path."""
        file = self.folder / f"values-{time.monotonic_ns()}.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        return str(file)

    def found(self, kind: str, namespace: str, *arguments: str) -> list[Json]:
        """Return the objects of a kind in a namespace."""
        text = self.kubectl("get", kind, "--namespace", namespace, "--output", "json", *arguments)
        items: list[Json] = json.loads(text)["items"]
        return items

    def apply(self, *objects: Json) -> None:
        """Create objects, or change them."""
        self.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump_all(objects))

    def new_namespace(self, name: str) -> str:
        """Create a namespace in which the restricted standard is enforced, and wait for its account."""
        standard = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        meta = {"name": name, "labels": {**standard, "trackhelm.test/own": "true"}}
        self.ask("POST", "/api/v1/namespaces", {"metadata": meta})
        # A pod is refused until controllers have made it.
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait_until(lambda: self.ask.status_of("GET", account) == 200)
        return name

    def as_account(self, namespace: str, name: str) -> "Requests":
        """Return requests as a service account, by a token that the cluster has made for it."""
        return Requests(self.kubeconfig_of(namespace, name))

    def kubeconfig_of(self, namespace: str, name: str) -> Path:
        """Write the file by which a program acts as a service account, and has no other right."""
        token = self.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", {})
        raw = yaml.safe_load(self.kubectl("config", "view", "--raw", "--minify", "--flatten"))
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": raw["clusters"],
            "users": [{"name": "account", "user": {"token": token["status"]["token"]}}],
            "contexts": [
                {"name": "x", "context": {"cluster": raw["clusters"][0]["name"], "user": "account"}}
            ],
            "current-context": "x",
        }
        file = self.folder / f"kubeconfig-{namespace}-{name}"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        return file


@dataclass
class Release:
    """A release of the chart in a namespace of its own."""

    cluster: Cluster
    namespace: str
    version: str = "helm4"
    name: str = "trackhelm"

    def _chart(self, command: str, profile: str, *more: str) -> str:
        values = CHART / "ci" / f"{profile}-values.yaml"
        return self.helm(command, self.name, str(CHART), "--values", str(values), "--timeout", "4m", *more)

    def helm(self, command: str, *arguments: str) -> str:
        """Run a command of Helm in the release's namespace. Raises `CommandError`."""
        return self.cluster.helm(command, *arguments, "--namespace", self.namespace, version=self.version)

    def install(self, profile: str = "evaluation", *more: str) -> str:
        """Install a profile; returns what Helm printed."""
        return self._chart("install", profile, *more)

    def upgrade(self, profile: str = "evaluation", *more: str) -> str:
        """Upgrade to a profile; returns what Helm printed."""
        return self._chart("upgrade", profile, *more)

    def found(self, kind: str) -> dict[str, Json]:
        """Return the objects of a kind by their names."""
        return {each["metadata"]["name"]: each for each in self.cluster.found(kind, self.namespace)}

    def secret(self, name: str) -> dict[str, str]:
        """Return the entries of a Secret."""
        data = self.found("secrets")[name]["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}
