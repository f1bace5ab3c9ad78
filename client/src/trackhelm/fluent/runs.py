"""Runs: start, end, find, and which of them is active."""

import logging
import uuid
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from trackhelm import environment
from trackhelm.client import MlflowClient
from trackhelm.client._base import all_pages
from trackhelm.client.runs import now_ms
from trackhelm.context.machine import user
from trackhelm.entities import (
    LifecycleStage,
    Run,
    RunData,
    RunInfo,
    RunStatus,
    RunTag,
    ViewType,
)
from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, is_away
from trackhelm.fluent import _state
from trackhelm.fluent.experiments import experiment_of_run
from trackhelm.rest.transport import API

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

    from trackhelm.destinations import CheckedLog

_NOTE = "mlflow.note.content"
_PARENT = "mlflow.parentRunId"
_NAME = "mlflow.runName"
_PAGE = 10_000

_logger = logging.getLogger("trackhelm")


class ActiveRun(Run):
    """A run that this process logs to.

    As a context manager it ends as `FINISHED`, or `FAILED` on an exception. It may be pickled: another
    process gets a handle of the same run, whose end does not end the run.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run.info, run.data, run.inputs, run.outputs)
        self._log: CheckedLog = _state.destination().log

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        # By the id: some tools end a run and start it again.
        if any(run.info.run_id == self.info.run_id for run in _state.stack()):
            end_run("FINISHED" if exc_type is None else "FAILED")
        return exc_type is None

    def __reduce__(self) -> "tuple[type[ActiveRun], tuple[Run]]":
        return ActiveRun, (Run(self.info, self.data, self.inputs, self.outputs),)

    def stats(self) -> dict[str, Any]:
        """Return what became of what this process logged: bytes that wait, dropped and rejected records."""
        return self._log.stats()

    def rejected(self) -> list[dict[str, Any]]:
        """Return what the server refused for good of this run, each with its `error`."""
        return self._log.rejected(self.info.run_id)


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: dict[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or resume one, and make it this thread's active run.

    A server that does not answer is not waited for: the run gets its id here, and is sent when the server
    does.

    Args:
        run_id: The run to resume; `MLFLOW_RUN_ID` names one for the first call.
        experiment_id: The experiment of a new run; the active one by default.
        run_name: Its name; one is made up by default.
        nested: Start it under the active run.
        parent_run_id: Start it under this run.
        tags: Its tags.
        description: Its description, which is Markdown.
        log_system_metrics: Log metrics of processor, memory, disk, network and GPUs while it goes on.

    Example:
        >>> import trackhelm as mlflow
        >>> with mlflow.start_run(run_name="first"):
        ...     mlflow.log_metric("loss", 0.5, step=1)
    """
    if experiment_id is not None and not isinstance(experiment_id, str | int):
        raise MlflowException.invalid_parameter_value(
            f"Invalid experiment id: {experiment_id} of type {type(experiment_id)}. Must be one of str, "
            "int, or None."
        )
    active = _state.stack()
    if active and not nested:
        raise Exception(  # noqa: TRY002 - MLflow raises no other
            f"Run with UUID {active[0].info.run_id} is already active. To start a new run, first end the "
            "current run with mlflow.end_run(). To start a nested run, call start_run with nested=True"
        )
    given = _described({key: str(value) for key, value in (tags or {}).items()}, description)
    resumed = run_id or environment.take(environment.RUN_ID)
    if resumed:
        run = _resume(resumed, run_name, given)
    else:
        parent = _parent(parent_run_id, active)
        run = _create(None if experiment_id is None else str(experiment_id), run_name, parent, given)
    from trackhelm.fluent import _endings

    _endings.watch()
    found = ActiveRun(run)
    active.append(found)
    _state.set_last_run(found.info.run_id)
    if not resumed:
        from trackhelm.context import record_details

        record_details(found.info.run_id)
    if log_system_metrics is None:
        from trackhelm.system_metrics import is_enabled

        log_system_metrics = is_enabled()
    if log_system_metrics:
        from trackhelm.system_metrics import start_monitor

        start_monitor(found.info.run_id, resumed=bool(resumed))
    return found


def _described(tags: dict[str, str], description: str | None) -> dict[str, str]:
    if description is None:
        return tags
    if _NOTE in tags:
        raise MlflowException.invalid_parameter_value(
            f"Description is already set via the tag {_NOTE} in tags. Remove the key {_NOTE} from the tags "
            "or omit the description."
        )
    return {**tags, _NOTE: description}


def _parent(parent_run_id: str | None, active: list[ActiveRun]) -> str | None:
    if parent_run_id is None:
        return active[-1].info.run_id if active else None
    if active and parent_run_id != active[-1].info.run_id:
        raise MlflowException(
            f"Current run with UUID {active[-1].info.run_id} does not match the specified parent_run_id "
            f"{parent_run_id}. To start a new nested run under the parent run with UUID "
            f"{active[-1].info.run_id}, first end the current run with mlflow.end_run()."
        )
    if not active:
        parent = _read_once(parent_run_id)
        if parent is not None and parent.info.lifecycle_stage == LifecycleStage.DELETED:
            raise MlflowException(
                f"Cannot start run under parent run with ID {parent_run_id} because it is in the deleted "
                "state."
            )
    return parent_run_id


def _read_once(run_id: str) -> Run | None:
    """Return a run, or None if the server does not answer, which is not waited for."""
    if _state.destination().is_offline:
        return None
    client = MlflowClient()
    try:
        answer = client._rest.call_once("GET", f"{API}runs/get", query={"run_id": run_id})  # noqa: SLF001 - ours
    except MlflowException as error:
        if is_away(error):
            return None
        if error.error_code == RESOURCE_DOES_NOT_EXIST:
            # It may have been started here, while the server was away.
            return client.get_run(run_id)
        raise
    return Run.from_dictionary(answer["run"])


def _resume(run_id: str, run_name: str | None, tags: dict[str, str]) -> Run:
    run = _read_once(run_id)
    if run is None:
        _logger.warning("The tracking server does not answer: the run %s is resumed when it does", run_id)
        return _resume_here(run_id, run_name, tags)
    experiment_id = _state.active_experiment()[0]
    if experiment_id is not None and experiment_id != run.info.experiment_id:
        raise MlflowException(
            f"Cannot start run with ID {run_id} because active experiment ID does not match environment "
            "run ID. Make sure --experiment-name or --experiment-id matches experiment set with "
            "set_experiment(), or just use command-line arguments"
        )
    if run.info.lifecycle_stage == LifecycleStage.DELETED:
        raise MlflowException(f"Cannot start run with ID {run_id} because it is in the deleted state.")
    client = MlflowClient()
    client.update_run(run_id, "RUNNING", run_name)
    if tags:
        client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    return client.get_run(run_id)


def _resume_here(run_id: str, run_name: str | None, tags: dict[str, str]) -> Run:
    experiment_id, name = experiment_of_run()
    info = RunInfo(
        run_id, experiment_id or "", user(), "RUNNING", now_ms(), None, LifecycleStage.ACTIVE, None, run_name
    )
    # The log creates a run, or resumes it if there is one.
    return _log_run(info, name, tags)


def _create(experiment_id: str | None, run_name: str | None, parent: str | None, tags: dict[str, str]) -> Run:
    from trackhelm.context import context_tags

    own = {**tags}
    if parent is not None:
        own[_PARENT] = parent
    if run_name:
        own[_NAME] = run_name
    every = {**context_tags(), **own}
    name = None
    if experiment_id is None:
        experiment_id, name = experiment_of_run()
    info = RunInfo(
        run_id=uuid.uuid4().hex,
        experiment_id=experiment_id or "",
        user_id=every.get("mlflow.user", "unknown"),
        status="RUNNING",
        start_time=now_ms(),
        end_time=None,
        lifecycle_stage=LifecycleStage.ACTIVE,
        run_name=run_name or every.get(_NAME),
    )
    if experiment_id is not None and not _state.destination().is_offline:
        try:
            return _create_on_server(info, every)
        except MlflowException as error:
            if not is_away(error):
                raise
            _logger.warning("The tracking server does not answer (%s): the run is sent when it does", error)
    return _create_here(info, name, every)


def _create_on_server(info: RunInfo, tags: dict[str, str]) -> Run:
    # The id is ours, so that the same run is meant if the answer is lost and the log creates it.
    body = {
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "user_id": info.user_id,
        "run_name": info.run_name,
        "start_time": info.start_time,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    client = MlflowClient()
    answer = client._rest.call_once("POST", f"{API}runs/create", body=body)  # noqa: SLF001 - of this package
    run = Run.from_dictionary(answer["run"])
    if run.info.artifact_uri:
        client._remember_run_store(run.info.run_id, run.info.artifact_uri)  # noqa: SLF001 - likewise
    return run


def _create_here(info: RunInfo, experiment_name: str | None, tags: dict[str, str]) -> Run:
    from trackhelm.fluent.names import generated_name

    info.run_name = info.run_name or generated_name()
    return _log_run(info, experiment_name, {**tags, _NAME: info.run_name})


def _log_run(info: RunInfo, experiment_name: str | None, tags: dict[str, str]) -> Run:
    _state.destination().log.create_run(
        info.run_id,
        start_time_ms=info.start_time,
        experiment_id=info.experiment_id or None,
        experiment_name=experiment_name,
        run_name=info.run_name,
        user_id=info.user_id,
        tags=tags,
    )
    return Run(info, RunData(tags=[RunTag(key, value) for key, value in tags.items()]))


def end_run(status: str = "FINISHED", *, strict: bool = False) -> None:
    """End this thread's active run, if there is one.

    Args:
        status: `FINISHED`, `FAILED` or `KILLED`.
        strict: Wait until the server has everything, and raise if it refused some of it.
    """
    active = _state.stack()
    if not active:
        return
    RunStatus.from_string(status)
    run = active.pop()
    _state.set_last_run(run.info.run_id)
    close_run(run, status)
    if strict:
        run._log.flush(run.info.run_id)  # noqa: SLF001 - of this module
        refused = run.rejected()
        if refused:
            raise MlflowException.invalid_parameter_value(
                f"The server refused {len(refused)} records of the run {run.info.run_id}, the first "
                f"because of: {refused[0].get('error')}"
            )


def close_run(run: ActiveRun, status: str) -> None:
    """Log that a run has ended, after everything that is logged in the background."""
    run_id = run.info.run_id
    from trackhelm.context import finish_details
    from trackhelm.system_metrics import stop_monitor

    stop_monitor(run_id)
    finish_details(run_id)
    flush_artifact_async_logging()
    run._log.end_run(run_id, status, now_ms())  # noqa: SLF001 - of this module


def active_run() -> ActiveRun | None:
    """Return this thread's active run; None if there is none."""
    active = _state.stack()
    return active[-1] if active else None


def last_active_run() -> Run | None:
    """Return the run that is active, or was active last in this process; None if there was none."""
    run_id = _state.last_run_id()
    return None if run_id is None else get_run(run_id)


def get_run(run_id: str) -> Run:
    """Return a run, with everything that this process has logged to it."""
    return MlflowClient().get_run(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """Return the run under which a run was started; None if there is none."""
    return MlflowClient().get_parent_run(run_id)


def delete_run(run_id: str) -> None:
    """Put a run into the bin."""
    MlflowClient().delete_run(run_id)


def restore_run(run_id: str) -> None:
    """Take a run out of the bin."""
    MlflowClient().restore_run(run_id)


def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: list[str] | None = None,
    output_format: Literal["pandas", "list"] | None = None,
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> "list[Run] | pd.DataFrame":
    """Return the runs that fulfil a filter, of some experiments or of the active one.

    Args:
        experiment_ids: The experiments.
        filter_string: Such as `metrics.accuracy > 0.9 AND params.depth = '3'`.
        run_view_type: Active runs, deleted ones or all.
        max_results: No more than so many.
        order_by: Such as `["metrics.accuracy DESC"]`.
        output_format: `pandas` for a data frame, `list` for a list of `Run`. By default a data frame where
        pandas
            is installed, and else a list.
        search_all_experiments: Search every experiment, if none is given.
        experiment_names: The experiments, by their names.
    """
    if output_format not in {None, "pandas", "list"}:
        raise ValueError(
            f"Unsupported output format: {output_format}. Supported string values are 'pandas' or 'list'"
        )
    client = MlflowClient()
    found = (
        all_pages(
            lambda most, token: client.search_runs(
                wanted, filter_string, run_view_type, most, order_by, token
            ),
            _PAGE,
            max_results,
        )
        if (wanted := _experiments(client, experiment_ids, experiment_names, search_all_experiments))
        else []
    )
    if output_format == "list":
        return found
    try:
        from trackhelm.artifacts.tables import runs_as_frame

        return runs_as_frame(found)
    except ModuleNotFoundError:
        if output_format == "pandas":
            raise
        return found


def _experiments(
    client: MlflowClient, ids: list[str] | None, names: list[str] | None, search_all: bool
) -> list[str]:
    if ids and names:
        raise MlflowException.invalid_parameter_value(
            "Only experiment_ids or experiment_names can be used, but not both"
        )
    if ids:
        return [str(one) for one in ids]
    if names:
        found = [client.get_experiment_by_name(name) for name in names]
        for name, experiment in zip(names, found, strict=True):
            if experiment is None:
                _logger.warning("Cannot retrieve experiment by name %s", name)
        return [experiment.experiment_id for experiment in found if experiment is not None]
    if search_all:
        from trackhelm.fluent.experiments import search_experiments

        return [experiment.experiment_id for experiment in search_experiments(ViewType.ACTIVE_ONLY)]
    experiment_id, _ = experiment_of_run()
    return [experiment_id] if experiment_id is not None else []


def flush_async_logging() -> None:
    """Wait until the server has what this process has logged."""
    _state.destination().flush()


def flush_artifact_async_logging() -> None:
    """Wait until the artifacts that are sent in the background are stored."""
    import sys

    background = sys.modules.get("trackhelm.artifacts.background")
    if background is not None:
        background.flush()
