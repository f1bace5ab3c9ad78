"""Params, metrics and tags of the active run, which is started if there is none.

What is logged is on this machine's disk when a call returns, and at the server soon after.
"""

from time import time_ns
from typing import TYPE_CHECKING, Any

from trackhelm.client import MlflowClient
from trackhelm.client.runs import RunOperations
from trackhelm.exceptions import MlflowException
from trackhelm.fluent import _state
from trackhelm.fluent.runs import ActiveRun, start_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trackhelm.data import Dataset
    from trackhelm.destinations import Log
    from trackhelm.entities import Dataset as DatasetEntity


_active = _state.active_runs()


def current_run() -> ActiveRun:
    """Return this thread's active run, which is started if there is none."""
    active = _state.stack()
    return active[-1] if active else start_run()


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: "Dataset | DatasetEntity | None" = None,
) -> RunOperations | None:
    """Log a point of a metric.

    Args:
        key: Its name.
        value: A number, or what Python turns into one, such as a tensor of one element.
        step: A whole number, 0 by default.
        synchronous: True to return when the server has it; False to get something to wait for.
        timestamp: Milliseconds since 1970; now by default.
        run_id: Another run than the active one.
        model_id: The logged model that was measured; the active model by default.
        dataset: The dataset on which it was measured.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.log_metric("loss", 0.5, step=1)
    """
    return log_metrics({key: value}, step, synchronous, run_id, timestamp, model_id, dataset)


def log_metrics(
    metrics: "Mapping[str, float]",
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: "Dataset | DatasetEntity | None" = None,
) -> RunOperations | None:
    """Log a point of each of several metrics; the arguments are those of `log_metric`.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.log_metrics({"loss": 0.5, "accuracy": 0.9}, step=1)
    """
    # What most calls are: a step of the active run. Each call of Python costs a training loop a microsecond,
    # whose caches hold other things by then, so there are few.
    if run_id is None:
        active = _active.runs
        run = active[-1] if active else start_run()
        run_id = run._run_id  # noqa: SLF001 - of this package
        log: Log = run._log  # noqa: SLF001 - likewise
        if synchronous is None and dataset is None:
            try:
                run._log.unchecked(  # noqa: SLF001 - likewise
                    run_id,
                    metrics,
                    0 if step is None else step,
                    time_ns() // 1_000_000 if timestamp is None else timestamp,
                    None,
                    _active_model_id if model_id is None else model_id,
                )
            except ValueError:
                pass  # it is said below
            else:
                return None
    else:
        log = _state.destination().log
    if synchronous:
        log = _synchronous()
    measured = None
    if dataset is not None:
        from trackhelm.fluent.inputs import log_dataset_of_metrics

        measured = log_dataset_of_metrics(run_id, dataset)
    log.metrics(
        run_id,
        metrics,
        0 if step is None else step,
        time_ns() // 1_000_000 if timestamp is None else timestamp,
        None,
        _active_model_id if model_id is None else model_id,
        measured,
    )
    return None if synchronous is None or synchronous else RunOperations(MlflowClient(), run_id)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log a param and return its value. A param that has another value already is refused.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.log_param("depth", 3)
        3
    """
    operations = log_params({key: value}, synchronous)
    return value if synchronous is not False else operations


def log_params(
    params: dict[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params, whose values become texts."""
    run_id = run_id or current_run().info.run_id
    _log(synchronous).params(run_id, {key: str(value) for key, value in params.items()})
    return _operations(run_id, synchronous)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Set a tag of the active run; its value becomes a text."""
    return set_tags({key: value}, synchronous)


def set_tags(tags: dict[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Set tags of the active run; their values become texts."""
    run_id = current_run().info.run_id
    _log(synchronous).tags(run_id, {key: str(value) for key, value in tags.items()})
    return _operations(run_id, synchronous)


def delete_tag(key: str) -> None:
    """Delete a tag of the active run, which must be there."""
    MlflowClient().delete_tag(current_run().info.run_id, key)


_active_model_id: str | None = None


def set_active_model_id(model_id: str | None) -> None:
    """Note the logged model to which metrics belong that name none."""
    global _active_model_id  # noqa: PLW0603 - one for a process
    _active_model_id = model_id


def get_active_model_id() -> str | None:
    """Return the id of the active model; None if there is none."""
    from trackhelm import environment

    return _active_model_id or environment.text("ACTIVE_MODEL_ID")


def _log(synchronous: bool | None) -> "Log":
    return _synchronous() if synchronous else _state.destination().log


def _synchronous() -> "Log":
    destination = _state.destination()
    if destination.is_offline:
        raise MlflowException(
            "synchronous=True cannot wait for a server, since there is none",
            error_code="TEMPORARILY_UNAVAILABLE",
        )
    destination.flush()
    return destination.direct


def _operations(run_id: str, synchronous: bool | None) -> RunOperations | None:
    return RunOperations(MlflowClient(), run_id) if synchronous is False else None
