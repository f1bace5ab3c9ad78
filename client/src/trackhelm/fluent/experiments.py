"""Experiments, and which of them is active."""

import logging
from typing import Any

from trackhelm import environment
from trackhelm.client import MlflowClient
from trackhelm.client._base import all_pages
from trackhelm.entities import Experiment, LifecycleStage, ViewType
from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST, MlflowException, is_away
from trackhelm.fluent import _state
from trackhelm.rest.transport import API

DEFAULT_EXPERIMENT_ID = "0"
_PAGE = 1_000
_logger = logging.getLogger("trackhelm")


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None, trace_location: Any = None
) -> Experiment:
    """Make an experiment active, and create it if there is none of its name.

    Without a server the name is kept: the experiment is found or created when what is logged is sent.

    Args:
        experiment_name: Its name.
        experiment_id: Its id instead, which must be there.
        trace_location: Refused, since there are no traces.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.set_experiment("iris")
    """
    _refuse_traces(trace_location)
    if (experiment_name is None) == (experiment_id is None):
        raise MlflowException.invalid_parameter_value(
            "Must specify exactly one of: `experiment_id` or `experiment_name`."
        )
    client = MlflowClient()
    try:
        experiment = (
            _found_or_created(client, experiment_name)
            if experiment_name is not None
            else _asked(client, "get", experiment_id=str(experiment_id))
        )
    except MlflowException as error:
        if not is_away(error) or (experiment_name is None and experiment_id is None):
            raise
        _state.set_active_experiment(experiment_id, experiment_name)
        _logger.warning(
            "The tracking server does not answer (%s): what is logged is sent when it does", error
        )
        return Experiment(experiment_id or "", experiment_name or "", "", LifecycleStage.ACTIVE)
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise MlflowException.invalid_parameter_value(
            f"Cannot set a deleted experiment {experiment.name!r} as the active experiment. You can "
            "restore the experiment, or permanently delete the experiment to create a new one."
        )
    _state.set_active_experiment(experiment.experiment_id, experiment.name)
    return experiment


def experiment_of_run() -> tuple[str | None, str | None]:
    """Return the id of the experiment in which runs start, or its name where no server can be asked."""
    experiment_id, name = _state.active_experiment()
    if experiment_id is not None:
        return experiment_id, None
    name = name or environment.text(environment.EXPERIMENT_NAME)
    told = environment.text(environment.EXPERIMENT_ID)
    if name is None:
        return told or DEFAULT_EXPERIMENT_ID, None
    try:
        experiment = _found_or_created(MlflowClient(), name)
    except MlflowException as error:
        if is_away(error):
            return None, name
        raise
    if told is not None and _state.active_experiment()[1] is None and told != experiment.experiment_id:
        raise MlflowException.invalid_parameter_value(
            f"The provided MLFLOW_EXPERIMENT_ID environment variable value `{told}` does not match the "
            f"experiment id `{experiment.experiment_id}` for experiment name `{name}`"
        )
    return experiment.experiment_id, None


def create_experiment(
    name: str,
    artifact_location: str | None = None,
    tags: dict[str, Any] | None = None,
    trace_location: Any = None,
) -> str:
    """Create an experiment and return its id; it does not become active.

    Args:
        name: Its name, which must be free, among deleted experiments too.
        artifact_location: Where the artifacts of its runs are stored; the server's place by default.
        tags: Its tags.
        trace_location: Refused, since there are no traces.
    """
    _refuse_traces(trace_location)
    return MlflowClient().create_experiment(name, artifact_location, tags)


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment, active or deleted."""
    return MlflowClient().get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return the experiment of a name, active or deleted; None if there is none."""
    return MlflowClient().get_experiment_by_name(name)


def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: list[str] | None = None,
) -> list[Experiment]:
    """Return the experiments that fulfil a filter, all of them unless `max_results` says how many."""
    client = MlflowClient()
    return all_pages(
        lambda most, token: client.search_experiments(view_type, most, filter_string, order_by, token),
        _PAGE,
        max_results,
    )


def delete_experiment(experiment_id: str) -> None:
    """Put an experiment and its runs into the bin."""
    MlflowClient().delete_experiment(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Take an experiment and its runs out of the bin."""
    MlflowClient().restore_experiment(experiment_id)


def set_experiment_tag(key: str, value: Any) -> None:
    """Set a tag of the active experiment."""
    MlflowClient().set_experiment_tag(_active_id(), key, value)


def set_experiment_tags(tags: dict[str, Any]) -> None:
    """Set tags of the active experiment."""
    for key, value in tags.items():
        set_experiment_tag(key, value)


def delete_experiment_tag(key: str) -> None:
    """Delete a tag of the active experiment."""
    MlflowClient().delete_experiment_tag(_active_id(), key)


def _active_id() -> str:
    experiment_id, name = experiment_of_run()
    if experiment_id is None:
        raise MlflowException(
            f"The tracking server does not answer, so the experiment {name!r} is not known",
            error_code="TEMPORARILY_UNAVAILABLE",
        )
    return experiment_id


def _found_or_created(client: MlflowClient, name: str) -> Experiment:
    """Return an experiment, and do not wait for a server that does not answer: its name will do."""
    try:
        return _asked(client, "get-by-name", experiment_name=name)
    except MlflowException as error:
        if error.error_code != RESOURCE_DOES_NOT_EXIST:
            raise
    _logger.info("Experiment with name '%s' does not exist. Creating a new experiment.", name)
    try:
        return client.get_experiment(client.create_experiment(name))
    except MlflowException as error:
        if error.error_code != RESOURCE_ALREADY_EXISTS:
            raise
        # Another process was quicker.
        return _asked(client, "get-by-name", experiment_name=name)


def _asked(client: MlflowClient, what: str, **query: str) -> Experiment:
    answer = client._rest.call_once("GET", f"{API}experiments/{what}", query=query)  # noqa: SLF001 - of this package
    return Experiment.from_dictionary(answer["experiment"])


def _refuse_traces(trace_location: Any) -> None:
    if trace_location is not None:
        raise MlflowException(
            "`trace_location` cannot be used: there are no traces", error_code="NOT_IMPLEMENTED"
        )
