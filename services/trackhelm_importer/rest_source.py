"""A live MLflow server as a source, for those who have no access to its database.

It only sends requests that read.

A server has no snapshot: what changes while it is read may come half, and is brought whole by the next pass.
Numbers of experiments that were purged and of versions that were deleted cannot be seen, so the next version
of a model gets the number after the greatest that there is.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import urllib3

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_core.chunks.points import Points
from trackhelm_importer.records import (
    ACTIVE,
    Counts,
    Experiment,
    LastValue,
    LoggedModel,
    Piece,
    RegisteredModel,
    Run,
    RunHead,
    SourceError,
    UnreadablePartError,
    Webhook,
    Workspace,
)
from trackhelm_importer.rest_records import (
    logged_model_of,
    pairs_of,
    run_of,
    value_of,
    version_of,
    webhook_of,
)

_PAGE: Final = 1_000
_REGISTRY_PAGE: Final = 100
_HISTORY_PAGE: Final = 25_000
_TRACES_PAGE: Final = 500
_REMEMBERED_RUNS: Final = 5_000
_WORKSPACE: Final = "X-MLFLOW-WORKSPACE"
_NOT_THERE: Final = frozenset({404, 405, 501, 503})

_RETRIES: Final = urllib3.Retry(
    total=8,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)
_FEW_RETRIES: Final = _RETRIES.new(total=2)
"""For the first request and for what an import can do without: all of the retries take two minutes."""


class RestSource:
    """A server that speaks MLflow's protocol.

    Credentials are those of the address, or those of the variables that MLflow's own client reads.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._base = urlunsplit(
            (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
        )
        self.name = self._base
        self._headers = _credentials(parts.username, parts.password)
        self._http = urllib3.PoolManager(maxsize=4, timeout=urllib3.Timeout(10, read=120))
        self._runs: dict[str, Mapping[str, Any]] = {}
        self._models: bool | None = None
        self._workspaces: list[Workspace] | None = None
        self._workspace_of: dict[str, str] = {}
        """The workspaces of experiments and runs, without those in the default one."""
        self._ask("POST", "experiments/search", {"max_results": 1}, retries=_FEW_RETRIES)

    def refresh(self) -> None:
        """Forget what was read."""
        self._runs.clear()
        self._models = None
        self._workspaces = None
        self._workspace_of.clear()

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def counts(self) -> Counts:
        """Count what there is, by the names of the tables of a database."""
        counted: Counter[str] = Counter()
        experiments = list(self.experiments())
        counted["experiments"] = len(experiments)
        counted["experiment_tags"] = sum(len(experiment.tags) for experiment in experiments)
        for found in self._all_runs():
            run = run_of(found)
            counted["runs"] += 1
            counted["params"] += len(run.params)
            counted["tags"] += len(run.tags)
            for piece in self.points([run.uuid]):
                counted["metrics"] += len(piece.points)
        for logged in self.logged_models():
            counted["logged_models"] += 1
            counted["logged_model_params"] += len(logged.params)
            counted["logged_model_tags"] += len(logged.tags)
            counted["logged_model_metrics"] += len(logged.points)
        for model in self.registered_models():
            counted["registered_models"] += 1
            counted["registered_model_tags"] += len(model.tags)
            counted["registered_model_aliases"] += len(model.aliases)
            counted["model_versions"] += len(model.versions)
        traces = sum(map(self._count_traces, experiments))
        return Counts(counted, {"trace_info": traces} if traces else {})

    def _count_traces(self, experiment: Experiment) -> int:
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": str(experiment.id)}}
        asked = {"locations": [place], "max_results": _TRACES_PAGE}
        try:
            pages = self._pages(
                "POST", "traces/search", "traces", asked, workspace=experiment.workspace, version="3.0"
            )
            return sum(1 for _ in pages)
        except _NotServedError:
            pass
        old = {"experiment_ids": str(experiment.id), "max_results": _TRACES_PAGE}
        try:
            return sum(1 for _ in self._pages("GET", "traces", "traces", old))
        except _NotServedError:
            return 0

    def workspaces(self) -> list[Workspace]:
        """Return the workspaces that this user sees; a server without them has the default one."""
        if self._workspaces is None:
            self._workspaces = [Workspace(DEFAULT_WORKSPACE)]
            if self._has_workspaces():
                listed = self._ask("GET", "workspaces", {}, version="3.0").get("workspaces", ())
                self._workspaces = [
                    Workspace(
                        each["name"], each.get("description") or "", each.get("default_artifact_root") or ""
                    )
                    for each in sorted(listed, key=lambda each: each["name"])
                ]
        return self._workspaces

    def _has_workspaces(self) -> bool:
        try:
            return bool(self._ask("GET", "server-info", {}, version="3.0").get("workspaces_enabled"))
        except _NotServedError:
            return False

    def experiments(self) -> Iterator[Experiment]:
        """Yield every experiment by id."""
        asked = {"max_results": _PAGE, "view_type": "ALL"}
        pages = [
            (workspace.name, each)
            for workspace in self.workspaces()
            for each in self._pages(
                "POST", "experiments/search", "experiments", asked, workspace=workspace.name
            )
        ]
        for workspace, each in pages:
            if workspace != DEFAULT_WORKSPACE:
                self._workspace_of[each["experiment_id"]] = workspace
        found = [
            Experiment(
                id=int(each["experiment_id"]),
                name=each["name"],
                artifact_location=each.get("artifact_location", ""),
                stage=each.get("lifecycle_stage") or ACTIVE,
                creation_time=int(each.get("creation_time", 0)),
                last_update_time=int(each.get("last_update_time", 0)),
                tags=pairs_of(each.get("tags")),
                workspace=workspace,
            )
            for workspace, each in pages
        ]
        yield from sorted(found, key=lambda experiment: experiment.id)

    def run_heads(self) -> Iterator[RunHead]:
        """Yield every run with the last points of its metrics, by which most changes of its points show."""
        for found in self._all_runs():
            last = sorted(
                (each["key"], each.get("step", 0), each["timestamp"], str(each["value"]))
                for each in found["data"].get("metrics", ())
            )
            yield RunHead(found["info"]["run_id"], json.dumps(last))

    def runs(self, uuids: Sequence[str]) -> list[Run]:
        """Return runs with their params, tags, datasets and models."""
        # MLflow leaves the models of runs out of a search.
        find = self._whole if self._has_models else self._found
        return [run_of(found) for uuid in uuids if (found := find(uuid))]

    def points(self, uuids: Sequence[str]) -> Iterator[Piece]:
        """Yield the points of runs, a page of a metric's history in one piece."""
        for uuid in uuids:
            found = self._found(uuid)
            for metric in (found or {"data": {}})["data"].get("metrics", ()):
                yield from self._history(uuid, metric["key"])

    def _history(self, uuid: str, key: str) -> Iterator[Piece]:
        query = {"run_id": uuid, "metric_key": key, "max_results": _HISTORY_PAGE}
        token = ""
        while True:
            asked = query | ({"page_token": token} if token else {})
            answer = self._ask("GET", "metrics/get-history", asked, workspace=self._workspace_of.get(uuid))
            if metrics := answer.get("metrics"):
                steps = [int(each.get("step", 0)) for each in metrics]
                times = [int(each["timestamp"]) for each in metrics]
                yield Piece(uuid, key, Points.of(steps, times, [value_of(each) for each in metrics]))
            token = answer.get("next_page_token", "")
            if not token:
                return

    def last_values(self, uuids: Sequence[str]) -> dict[tuple[str, str], LastValue]:
        """Return the last point of each metric of runs."""
        return {
            (uuid, each["key"]): LastValue(int(each.get("step", 0)), int(each["timestamp"]), value_of(each))
            for uuid in uuids
            for each in (self._found(uuid) or {"data": {}})["data"].get("metrics", ())
        }

    def logged_models(self) -> Iterator[LoggedModel]:
        """Yield every logged model; a server before 3.0 has none."""
        for experiment in self.experiments():
            body = {"experiment_ids": [str(experiment.id)], "max_results": 50}
            try:
                pages = self._pages(
                    "POST", "logged-models/search", "models", body, workspace=experiment.workspace
                )
                yield from map(logged_model_of, pages)
            except _NotServedError:
                return

    def registered_models(self) -> Iterator[RegisteredModel]:
        """Yield every registered model and prompt with its versions."""
        query = {"max_results": _REGISTRY_PAGE}
        prompts = query | {"filter": "tags.`mlflow.prompt.is_prompt` = 'true'"}
        for workspace in [each.name for each in self.workspaces()]:
            found = {}
            # A search shows prompts only if it asks for them; an old server knows none, and shows all.
            for asked in (query, prompts):
                for each in self._pages(
                    "GET", "registered-models/search", "registered_models", asked, workspace=workspace
                ):
                    found[each["name"]] = each
            for name, each in sorted(found.items()):
                yield self._registered_model(workspace, name, each)

    def _registered_model(self, workspace: str, name: str, model: Mapping[str, Any]) -> RegisteredModel:
        quoted = name.replace("'", "''")
        query = {"filter": f"name = '{quoted}'", "max_results": _REGISTRY_PAGE}
        tags = pairs_of(model.get("tags"))
        if tags.get("mlflow.prompt.is_prompt") == "true":
            query["filter"] = f"name = '{quoted}' AND tags.`mlflow.prompt.is_prompt` = 'true'"
        versions = sorted(
            map(
                version_of,
                self._pages("GET", "model-versions/search", "model_versions", query, workspace=workspace),
            ),
            key=lambda version: version.number,
        )
        return RegisteredModel(
            name=name,
            description=model.get("description", ""),
            creation_time=int(model.get("creation_timestamp", 0)),
            last_update_time=int(model.get("last_updated_timestamp", 0)),
            next_version=max((version.number for version in versions), default=0) + 1,
            tags=tags,
            aliases={each["alias"]: int(each["version"]) for each in model.get("aliases", ())},
            versions=versions,
            workspace=workspace,
        )

    def webhooks(self) -> Iterator[Webhook]:
        """Yield every webhook, if the server has them and lets this user see them.

        Raises `UnreadablePartError` if it fails, as MLflow does after a start without its key.
        """
        asked = {"max_results": _REGISTRY_PAGE}
        try:
            for workspace in [each.name for each in self.workspaces()]:
                for each in self._pages(
                    "GET", "webhooks", "webhooks", asked, retries=_FEW_RETRIES, workspace=workspace
                ):
                    yield webhook_of(each, workspace)
        except _NotServedError:
            return
        except SourceError as error:
            raise UnreadablePartError(str(error)) from error

    def _all_runs(self) -> Iterator[Mapping[str, Any]]:
        for experiment in self.experiments():
            body = {"experiment_ids": [str(experiment.id)], "max_results": _PAGE, "run_view_type": "ALL"}
            workspace = experiment.workspace
            for found in self._pages("POST", "runs/search", "runs", body, workspace=workspace):
                if workspace != DEFAULT_WORKSPACE:
                    self._workspace_of[found["info"]["run_id"]] = workspace
                if len(self._runs) < _REMEMBERED_RUNS:
                    self._runs[found["info"]["run_id"]] = found
                yield found

    @property
    def _has_models(self) -> bool:
        if self._models is None:
            self._models = next(self.logged_models(), None) is not None
        return self._models

    def _whole(self, uuid: str) -> Mapping[str, Any] | None:
        try:
            workspace = self._workspace_of.get(uuid)
            found: Mapping[str, Any] = self._ask("GET", "runs/get", {"run_id": uuid}, workspace=workspace)[
                "run"
            ]
        except _NotServedError:
            return None
        return found

    def _found(self, uuid: str) -> Mapping[str, Any] | None:
        if uuid not in self._runs:
            found = self._whole(uuid)
            if found is None:
                return None
            if len(self._runs) >= _REMEMBERED_RUNS:
                self._runs.clear()
            self._runs[uuid] = found
        return self._runs[uuid]

    def _pages(
        self,
        method: str,
        path: str,
        field: str,
        asked: Mapping[str, Any],
        *,
        retries: urllib3.Retry = _RETRIES,
        workspace: str | None = None,
        version: str = "2.0",
    ) -> Iterator[Mapping[str, Any]]:
        token = ""
        while True:
            more = {"page_token": token} if token else {}
            answer = self._ask(
                method, path, {**asked, **more}, retries=retries, workspace=workspace, version=version
            )
            yield from answer.get(field, ())
            token = answer.get("next_page_token", "")
            if not token:
                return

    def _ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any],
        *,
        retries: urllib3.Retry = _RETRIES,
        workspace: str | None = None,
        version: str = "2.0",
    ) -> Any:
        url = f"{self._base}/api/{version}/mlflow/{path}"
        headers = dict(self._headers)
        if workspace not in {None, DEFAULT_WORKSPACE}:
            headers[_WORKSPACE] = str(workspace)
        try:
            if method == "GET":
                query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in asked.items())
                answer = self._http.request("GET", f"{url}?{query}", headers=headers, retries=retries)
            else:
                answer = self._http.request(method, url, json=asked, headers=headers, retries=retries)
        except urllib3.exceptions.HTTPError as error:
            raise SourceError(f"{self.name} does not answer: {error}") from error
        if answer.status in _NOT_THERE:
            raise _NotServedError(f"{self.name} has no {path}: HTTP {answer.status}")
        try:
            content = answer.json()
        except ValueError:
            content = answer.data[:200].decode(errors="replace")
        if answer.status != HTTPStatus.OK:
            message = content.get("message", content) if isinstance(content, dict) else content
            raise SourceError(f"{self.name} refuses {path}: HTTP {answer.status}: {message}")
        if not isinstance(content, dict):
            raise SourceError(f"{self.name} is no MLflow server: {path} answers no JSON object")
        return content


class _NotServedError(SourceError):
    """The server does not have the endpoint, or not what was asked for."""


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    user = user or os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = password or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if user and password:
        return dict(urllib3.make_headers(basic_auth=f"{user}:{password}"))
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}
