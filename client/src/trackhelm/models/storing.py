"""Logging a model: saving it by its flavour, and storing it on the server as a logged model.

Where a server has no logged models (MLflow's before 3.0), or there is no server, the files are stored with
the run.
"""

import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackhelm.client import MlflowClient
from trackhelm.entities import LoggedModelOutput, LoggedModelStatus, Metric
from trackhelm.exceptions import ENDPOINT_NOT_FOUND, MlflowException
from trackhelm.fluent import _state
from trackhelm.models.model import Model, ModelInfo

if TYPE_CHECKING:
    from trackhelm.entities import LoggedModel

_HISTORY: Final = "mlflow.log-model.history"
_EXTERNAL: Final = "mlflow.model.isExternal"

_logger = logging.getLogger("trackhelm")

LOG_PARAMETERS: Final = (
    "registered_model_name",
    "await_registration_for",
    "params",
    "tags",
    "model_type",
    "step",
    "model_id",
    "prompts",
    "run_id",
)
"""The parameters of `log_model` that are not those of a flavour's `save_model`."""


def log_model(  # noqa: C901 - the steps in their order
    save: Callable[..., Any],
    *,
    name: str | None = None,
    artifact_path: str | None = None,
    registered_model_name: str | None = None,
    await_registration_for: int | None = 300,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    prompts: list[Any] | None = None,
    run_id: str | None = None,
    **how: Any,
) -> ModelInfo:
    """Save a model and store it, for the active run if there is one.

    Args:
        save: The flavour's `save_model`, called with `path`, `mlflow_model` and `how`.
        name: The name of the logged model.
        artifact_path: The old word for `name`.
        registered_model_name: Register the model under this name, too.
        await_registration_for: Seconds to wait until the registered version is ready.
        params: Params of the logged model, beside those of the run.
        tags: Tags of the logged model, and of the registered version.
        model_type: What the user calls the kind of model.
        step: The step of the run at which the model was made; the run's metrics of this step become the
            model's.
        model_id: A logged model that is there already and gets the files.
        prompts: Prompts that the model uses.
        run_id: The run; the active one by default.
        how: The other arguments of `save`.
    """
    if name is not None and artifact_path is not None:
        raise MlflowException.invalid_parameter_value(
            "Both `artifact_path` (deprecated) and `name` parameters were specified. Please only specify "
            "`name`."
        )
    name = name or artifact_path
    active = _state.stack()
    if run_id is None and active:
        run_id = active[-1].info.run_id
    uris = [prompt if isinstance(prompt, str) else prompt.uri for prompt in prompts or ()]
    client = MlflowClient()
    if _state.destination().is_offline:
        return _log_with_run(save, run_id, name, registered_model_name, await_registration_for, how)
    client.flush()
    try:
        logged = _logged_model(client, model_id, name, run_id, model_type, params, tags)
    except MlflowException as error:
        if error.error_code != ENDPOINT_NOT_FOUND:
            raise
        return _log_with_run(save, run_id, name, registered_model_name, await_registration_for, how)
    with _finalized(client, logged):
        if run_id is not None:
            client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step)])
            _link_metrics(client, run_id, logged.model_id, step)
        model = Model(
            artifact_path=logged.artifact_location,
            model_uuid=logged.model_id,
            run_id=run_id,
            model_id=logged.model_id,
            prompts=uris or None,
        )
        with tempfile.TemporaryDirectory(prefix="trackhelm-") as place:
            folder = Path(place) / "model"
            save(path=str(folder), mlflow_model=model, **how)
            client.log_model_artifacts(logged.model_id, folder)
    if logged.tags.get(_EXTERNAL, "false").lower() == "true":
        client.delete_logged_model_tag(logged.model_id, _EXTERNAL)
    for uri in uris:
        prompt = client.load_prompt(uri)
        if prompt is not None:
            if run_id is not None:
                client.link_prompt_version_to_run(run_id, prompt)
            client.link_prompt_version_to_model(prompt.name, str(prompt.version), logged.model_id)
    info = model.get_model_info(client.get_logged_model(logged.model_id))
    _register(info, registered_model_name, await_registration_for, tags)
    return info


def _logged_model(
    client: MlflowClient,
    model_id: str | None,
    name: str | None,
    run_id: str | None,
    model_type: str | None,
    params: dict[str, Any] | None,
    tags: dict[str, Any] | None,
) -> "LoggedModel":
    from trackhelm.fluent.models import initialize_logged_model

    if model_id is not None:
        return client.get_logged_model(model_id)
    run = client.get_run(run_id) if run_id is not None else None
    every = {**(params or {}), **(run.data.params if run is not None else {})}
    return initialize_logged_model(
        name,
        run_id,
        None if tags is None else {key: str(value) for key, value in tags.items()},
        {key: str(value) for key, value in every.items()},
        model_type,
        run.info.experiment_id if run is not None else None,
    )


@contextmanager
def _finalized(client: MlflowClient, logged: "LoggedModel") -> Iterator[None]:
    """Say at the end of the block that a model is ready, or that it failed."""
    try:
        yield
    except BaseException:
        try:
            client.finalize_logged_model(logged.model_id, LoggedModelStatus.FAILED)
        except MlflowException as error:
            _logger.warning("The model %s cannot be marked as failed: %s", logged.model_id, error)
        raise
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)


def _link_metrics(client: MlflowClient, run_id: str, model_id: str, step: int) -> None:
    """Let the points that a run has of a step be the model's, too."""
    points = [
        Metric(
            point.key,
            point.value,
            point.timestamp,
            point.step,
            model_id,
            point.dataset_name,
            point.dataset_digest,
            run_id,
        )
        for key in client.get_run(run_id).data.metrics
        for point in client.get_metric_history(run_id, key)
        if point.step == step and point.model_id is None
    ]
    if points:
        client.log_batch(run_id, metrics=points)


def _register(
    info: ModelInfo, name: str | None, wait: int | None, tags: dict[str, Any] | None = None
) -> None:
    if name is not None:
        from trackhelm.fluent.models import register_model

        version = register_model(info.model_uri, name, wait, tags=tags)
        info.registered_model_version = int(version.version)


def _log_with_run(
    save: Callable[..., Any],
    run_id: str | None,
    name: str | None,
    registered_model_name: str | None,
    wait: int | None,
    how: dict[str, Any],
) -> ModelInfo:
    """Store a model among the artifacts of a run, which is started if there is none."""
    from trackhelm.fluent.logging import current_run

    run_id = run_id or current_run().info.run_id
    name = name or "model"
    client = MlflowClient()
    model = Model(artifact_path=name, run_id=run_id)
    with tempfile.TemporaryDirectory(prefix="trackhelm-") as place:
        folder = Path(place) / "model"
        save(path=str(folder), mlflow_model=model, **how)
        client.log_artifacts(run_id, folder, name)
    offline = _state.destination().is_offline
    before = "[]" if offline else client.get_run(run_id).data.tags.get(_HISTORY, "[]")
    history = [*json.loads(before), model.to_dict()]
    client.set_tag(run_id, _HISTORY, json.dumps(history))
    info = ModelInfo(model, f"runs:/{run_id}/{name}")
    if not offline:
        _register(info, registered_model_name, wait)
    return info


def log_given(save: Callable[..., Any], given: dict[str, Any]) -> ModelInfo:
    """Log a model with the arguments of a flavour's `log_model`, which are its local names.

    Args:
        save: The flavour's `save_model`.
        given: The arguments; those of a `kwargs` among them are flattened.
    """
    every = {name: value for name, value in given.items() if name != "kwargs"}
    every |= given.get("kwargs") or {}
    return log_model(save, **every)
