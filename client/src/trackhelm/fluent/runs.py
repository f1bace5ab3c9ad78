"""Runs: start, end, find, and which of them is active."""

import logging
from socket import gethostname as hostname
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from trackhelm import environment
from trackhelm.client import MlflowClient
from trackhelm.client._base import all_pages
from trackhelm.client.runs import now_ms
from trackhelm.entities import (
    Run,
    RunStatus,
    ViewType,
)
from trackhelm.exceptions import MlflowException
from trackhelm.fluent import _state
from trackhelm.fluent.experiments import experiment_of_run
from trackhelm.fluent.starting import create, described, parent_of, rank_of_shared_run, resume, share

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

    def __init__(self, run: Run, *, ends: bool = True) -> None:
        super().__init__(run.info, run.data, run.inputs, run.outputs)
        self._ends = ends
        """Whether the run ends when this process ends it: a run of many ranks ends with the first of them."""
        self._log: CheckedLog = _state.destination().log
        self._run_id: str = run.info.run_id
        """As the property would say, which takes a call more."""

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
    *,
    shared: bool | None = None,
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
        shared: In a distributed job, start one run for all its processes (`TRACKHELM_SHARED_RUN`). Each logs
        to
            it with its rank as a label; rank 0 owns its name, its tags and its end.

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
    given = described({key: str(value) for key, value in (tags or {}).items()}, description)
    resumed = run_id or environment.take(environment.RUN_ID)
    in_experiment = None if experiment_id is None else str(experiment_id)
    rank = rank_of_shared_run(shared)
    if rank is not None:
        run = share(rank, resumed, in_experiment, run_name, parent_of(parent_run_id, active), given)
    elif resumed:
        run = resume(resumed, run_name, given)
    else:
        run = create(in_experiment, run_name, parent_of(parent_run_id, active), given)
    from trackhelm.fluent import _endings

    _endings.watch()
    found = ActiveRun(run, ends=rank is None or rank.is_primary)
    if rank is not None:
        found._log.begin_heartbeats(found.info.run_id)  # noqa: SLF001 - of this module
    active.append(found)
    _state.set_last_run(found.info.run_id)
    if not resumed and found._ends:  # noqa: SLF001 - of this module
        from trackhelm.context import record_details

        record_details(found.info.run_id)
    if log_system_metrics is None:
        from trackhelm.system_metrics import is_enabled

        log_system_metrics = is_enabled()
    if log_system_metrics:
        from trackhelm.system_metrics import start_monitor

        start_monitor(
            found.info.run_id, resumed=bool(resumed), node=None if rank is None else rank.node or hostname()
        )
    return found


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
    log = run._log  # noqa: SLF001 - of this module
    if run._ends:  # noqa: SLF001 - likewise
        log.end_run(run_id, status, now_ms())
    else:
        log.end_heartbeats(run_id)


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
