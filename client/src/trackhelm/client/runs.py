"""The calls of `MlflowClient` about runs: their life, what is logged to them, and searches."""

import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from trackhelm.client._base import ClientBase, page, pairs
from trackhelm.client.experiments import view_name
from trackhelm.entities import (
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    PagedList,
    Param,
    Run,
    RunTag,
    ViewType,
)
from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.destinations import Log

_HISTORY_PAGE = 25_000
_PARENT_TAG = "mlflow.parentRunId"


class RunOperations:
    """What a call with `synchronous=False` returns: `wait` returns when the server has what was logged."""

    def __init__(self, client: "RunCalls", run_id: str) -> None:
        self._client = client
        self._run_id = run_id

    def wait(self) -> None:
        """Wait until the server has what this process has logged."""
        self._client.flush(self._run_id)


class RunCalls(ClientBase):
    """Runs: create, log to, end, find, delete, restore."""

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Create a run and return it. It does not become the active run.

        Args:
            experiment_id: The experiment.
            start_time: Milliseconds since 1970; now by default.
            tags: Its tags.
            run_name: Its name; the server makes one up without.
        """
        tags = tags or {}
        body = {
            "experiment_id": str(experiment_id),
            "user_id": str(tags.get("mlflow.user", "unknown")),
            "run_name": run_name,
            "start_time": now_ms() if start_time is None else start_time,
            "tags": pairs(tags),
        }
        return Run.from_dictionary(self._rest.post("runs/create", body)["run"])

    def get_run(self, run_id: str) -> Run:
        """Return a run, active or deleted, with everything that this process has logged to it."""
        self.flush(run_id)
        return Run.from_dictionary(self._rest.get("runs/get", {"run_id": run_id})["run"])

    def get_parent_run(self, run_id: str) -> Run | None:
        """Return the run under which a run was started; None if there is none."""
        parent = self.get_run(run_id).data.tags.get(_PARENT_TAG)
        return None if parent is None else self.get_run(parent)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change a run's status or name."""
        self.flush(run_id)
        self._rest.post("runs/update", {"run_id": run_id, "status": status, "run_name": name})

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """End a run, as `FINISHED` unless told otherwise, at a time in milliseconds since 1970."""
        self.flush(run_id)
        body = {
            "run_id": run_id,
            "status": status or "FINISHED",
            "end_time": now_ms() if end_time is None else end_time,
        }
        self._rest.post("runs/update", body)

    def delete_run(self, run_id: str) -> None:
        """Put a run into the bin."""
        self.flush(run_id)
        self._rest.post("runs/delete", {"run_id": run_id})

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the bin."""
        self._rest.post("runs/restore", {"run_id": run_id})

    def search_runs(
        self,
        experiment_ids: list[str] | str | int,
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of the runs that fulfil a filter.

        Example:
            >>> MlflowClient().search_runs(["0"], "metrics.accuracy > 0.9", order_by=["start_time DESC"])
        """
        if isinstance(experiment_ids, int | str):  # as older versions of MLflow took it
            experiment_ids = [str(experiment_ids)]
        self.flush()
        body = {
            "experiment_ids": [str(experiment_id) for experiment_id in experiment_ids],
            "filter": filter_string,
            "run_view_type": view_name(run_view_type),
            "max_results": max_results,
            "order_by": order_by,
            "page_token": page_token,
        }
        return page(self._rest.post("runs/search", body), "runs", Run.from_dictionary)

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        """Return every point of a metric, in the order of their times."""
        self.flush(run_id)
        points: list[Metric] = []
        token: str | None = None
        while True:
            query = {
                "run_id": run_id,
                "metric_key": key,
                "max_results": _HISTORY_PAGE,
                "page_token": token,
            }
            answer = self._rest.get("metrics/get-history", query)
            points += map(Metric.from_dictionary, answer.get("metrics", ()))
            token = answer.get("next_page_token")
            if not token:
                return points

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log a point of a metric; `timestamp` in milliseconds since 1970, now by default.

        It is on this machine's disk when this returns, and at the server soon after; with `synchronous=True`
        this returns when the server has it.
        """
        dataset = None if dataset_name is None or dataset_digest is None else (dataset_name, dataset_digest)
        at = now_ms() if timestamp is None else timestamp
        self._log(synchronous).metrics(run_id, {key: value}, step or 0, at, None, model_id, dataset)
        return self._operations(run_id, synchronous)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log a param and return its value. A param that has another value already is refused."""
        self._log(synchronous).params(run_id, {key: str(value)})
        return value if synchronous is not False else self._operations(run_id, synchronous)

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Set a tag."""
        self._log(synchronous).tags(run_id, {key: str(value)})
        return self._operations(run_id, synchronous)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Delete a tag, which must be there."""
        self.flush(run_id)
        self._rest.post("runs/delete-tag", {"run_id": run_id, "key": key})

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log any number of metrics, params and tags of a run.

        Example:
            >>> MlflowClient().log_batch(run_id, metrics=[Metric("loss", 0.5, timestamp=0, step=1)])
        """
        log = self._log(synchronous)
        if params:
            log.params(run_id, _by_key(params, "parameter"))
        for points in _calls(metrics):
            first = points[0]
            dataset = (first.dataset_name, first.dataset_digest)
            log.metrics(
                run_id,
                {point.key: point.value for point in points},
                first.step,
                first.timestamp,
                None,
                first.model_id,
                dataset if dataset[0] is not None and dataset[1] is not None else None,  # type: ignore[arg-type]
            )
        if tags:
            log.tags(run_id, {tag.key: str(tag.value) for tag in tags})
        return self._operations(run_id, synchronous)

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Note the datasets and logged models that a run read."""
        inputs = [
            {
                "dataset": {key: value for key, value in used.dataset if value is not None},
                "tags": [{"key": tag.key, "value": tag.value} for tag in used.tags],
            }
            for used in datasets or ()
        ]
        self._destination.log.inputs(run_id, inputs, [{"model_id": model.model_id} for model in models or ()])

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note the logged models that a run made."""
        made = [{"model_id": model.model_id, "step": model.step} for model in models]
        self._destination.log.outputs(run_id, made)

    def flush(self, run_id: str | None = None) -> None:
        """Wait until the server has what this process has logged.

        Raises:
            MlflowException: It has not within `TRACKHELM_FLUSH_TIMEOUT_SECONDS` (60). What was logged is
            kept.
        """
        self._destination.flush(run_id)

    def _log(self, synchronous: bool | None) -> "Log":
        if not synchronous:
            return self._destination.log
        self.flush()
        return self._destination.direct

    def _operations(self, run_id: str, synchronous: bool | None) -> RunOperations | None:
        return RunOperations(self, run_id) if synchronous is False else None


def now_ms() -> int:
    """Return milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _by_key(params: Iterable[Param], called: str) -> dict[str, str]:
    values: dict[str, str] = {}
    repeated: list[str] = []
    for param in params:
        if param.key in values:
            repeated.append(param.key)
        values[param.key] = str(param.value)
    if repeated:
        raise MlflowException.invalid_parameter_value(
            f"Duplicate {called} keys have been submitted: {repeated}. Please ensure the request contains "
            f"only one value per key."
        )
    return values


def _calls(metrics: Iterable[Metric]) -> Iterable[list[Metric]]:
    """Yield points that can be logged at once: of one step, time, model and dataset, and no key twice."""
    for _, points in groupby(
        metrics,
        lambda point: (
            point.step,
            point.timestamp,
            point.model_id,
            point.dataset_name,
            point.dataset_digest,
        ),
    ):
        call: dict[str, Metric] = {}
        for point in points:
            if point.key in call:
                yield list(call.values())
                call = {}
            call[point.key] = point
        yield list(call.values())
