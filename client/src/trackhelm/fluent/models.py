"""Logged models, registered models and prompts, by functions without a client."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trackhelm.client import MlflowClient
from trackhelm.client._base import all_pages
from trackhelm.client.runs import now_ms
from trackhelm.entities import LoggedModel, LoggedModelStatus, PagedList, Prompt
from trackhelm.entities.model_registry import ModelVersion, PromptVersion, RegisteredModel
from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, MlflowException
from trackhelm.fluent import _state
from trackhelm.fluent.experiments import experiment_of_run
from trackhelm.fluent.logging import get_active_model_id, set_active_model_id

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

_EXTERNAL = "mlflow.model.isExternal"
_MODEL_VERSIONS = "mlflow.modelVersions"
_PAGE = 100
_VERSIONS_PAGE = 10_000

_last_model_id: str | None = None


def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int | None = 300,
    *,
    tags: dict[str, Any] | None = None,
    env_pack: Any = None,
) -> ModelVersion:
    """Register a model under a name, which is created if there is none, and return the new version.

    Args:
        model_uri: `runs:/RUN/path`, `models:/MODEL_ID`, `models:/NAME/VERSION`, or where the files are.
        name: The registered name.
        await_registration_for: Seconds to wait until a server that copies files is ready.
        tags: Tags of the version.
        env_pack: Refused: it is of Databricks.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.register_model(f"models:/{model.model_id}", "iris-forest")
    """
    if env_pack is not None:
        raise MlflowException("`env_pack` cannot be used: it is of Databricks", error_code="NOT_IMPLEMENTED")
    client = MlflowClient()
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code not in {RESOURCE_ALREADY_EXISTS, "ALREADY_EXISTS"}:
            raise
    run_id, model_id, source = None, None, model_uri
    if model_uri.startswith("runs:/"):
        run_id, _, path = model_uri.removeprefix("runs:/").strip("/").partition("/")
        model_id, source = _source_in_run(client, run_id, path)
    version = client.create_model_version(
        name, source, run_id, tags, await_creation_for=await_registration_for, model_id=model_id
    )
    logged = model_id or (source.removeprefix("models:/") if source.startswith("models:/m-") else None)
    if logged is not None:
        _note_version(client, logged, version)
    return version


def _source_in_run(client: MlflowClient, run_id: str, path: str) -> tuple[str | None, str]:
    """Return the logged model and the source that `runs:/RUN/path` names."""
    listed = client.list_artifacts(run_id, path)
    if any(file.path == f"{path}/MLmodel" for file in listed):
        root = client.get_run(run_id).info.artifact_uri or ""
        return None, f"{root}/{path}"
    run = client.get_run(run_id)
    for output in sorted(run.outputs.model_outputs if run.outputs else [], key=lambda one: -one.step):
        if client.get_logged_model(output.model_id).name == path:
            return output.model_id, f"models:/{output.model_id}"
    if listed:
        return None, f"{run.info.artifact_uri}/{path}"
    raise MlflowException(
        f"Unable to find a logged_model with artifact_path {path} under run {run_id}", error_code="NOT_FOUND"
    )


def _note_version(client: MlflowClient, model_id: str, version: ModelVersion) -> None:
    import json

    known = json.loads(client.get_logged_model(model_id).tags.get(_MODEL_VERSIONS, "[]"))
    entry = {"name": version.name, "version": version.version}
    if entry not in [{**one, "version": str(one.get("version"))} for one in known]:
        client.set_logged_model_tags(model_id, {_MODEL_VERSIONS: json.dumps([*known, entry])})


def search_registered_models(
    max_results: int | None = None, filter_string: str | None = None, order_by: list[str] | None = None
) -> list[RegisteredModel]:
    """Return the registered models that fulfil a filter, all of them unless `max_results` says how many."""
    client = MlflowClient()
    return all_pages(
        lambda most, token: client.search_registered_models(filter_string, most, order_by, token),
        _PAGE,
        max_results,
    )


def search_model_versions(
    max_results: int | None = None, filter_string: str | None = None, order_by: list[str] | None = None
) -> list[ModelVersion]:
    """Return the versions that fulfil a filter, all of them unless `max_results` says how many."""
    client = MlflowClient()
    return all_pages(
        lambda most, token: client.search_model_versions(filter_string, most, order_by, token),
        _VERSIONS_PAGE,
        max_results,
    )


def set_model_version_tag(
    name: str, version: str | None = None, key: str | None = None, value: Any = None
) -> None:
    """Set a tag of a version."""
    MlflowClient().set_model_version_tag(name, version, key, value)


def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Create a logged model, of the active run if there is one, whose files are still to come.

    Store them by `MlflowClient.log_model_artifacts`, and call `finalize_logged_model` then.
    """
    global _last_model_id  # noqa: PLW0603 - one for a process
    active = _state.stack()
    if source_run_id is None and active:
        source_run_id = active[-1].info.run_id
    if experiment_id is None:
        experiment_id = active[-1].info.experiment_id if active else experiment_of_run()[0]
    client = MlflowClient()
    client.flush()
    model = client.create_logged_model(
        experiment_id or "", name, source_run_id, tags=tags, params=params, model_type=model_type
    )
    _last_model_id = model.model_id
    return model


def finalize_logged_model(
    model_id: str, status: Literal["READY", "FAILED"] | LoggedModelStatus
) -> LoggedModel:
    """Say that a logged model's files are there, or that they could not be stored."""
    return MlflowClient().finalize_logged_model(model_id, status)


def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Create a logged model whose files are elsewhere, so that metrics and traces can name it."""
    every = {**(tags or {}), _EXTERNAL: "true"}
    model = initialize_logged_model(name, source_run_id, every, params, model_type, experiment_id)
    client = MlflowClient()
    with tempfile.TemporaryDirectory(prefix="trackhelm-") as folder:
        description = Path(folder) / "MLmodel"
        at = f"{now_ms()}"
        description.write_text(
            f"flavors: {{}}\nmetadata:\n  {_EXTERNAL}: 'true'\nmodel_id: "
            f"{model.model_id}\nutc_time_created: '{at}'\n",
            encoding="utf-8",
        )
        client.log_model_artifact(model.model_id, description)
    return client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def get_logged_model(model_id: str) -> LoggedModel:
    """Return a logged model."""
    return MlflowClient().get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """Return the model that this process logged last; None if it logged none."""
    return None if _last_model_id is None else get_logged_model(_last_model_id)


def set_logged_model_tags(model_id: str, tags: dict[str, Any]) -> None:
    """Set tags of a logged model."""
    MlflowClient().set_logged_model_tags(model_id, tags)


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Delete a tag of a logged model."""
    MlflowClient().delete_logged_model_tag(model_id, key)


def log_model_params(params: dict[str, str], model_id: str | None = None) -> None:
    """Add params to a logged model; to the active one by default."""
    model_id = model_id or get_active_model_id()
    if model_id is None:
        raise MlflowException.invalid_parameter_value(
            "`model_id` must be given, since there is no active model: see `set_active_model`"
        )
    MlflowClient().log_model_params(model_id, params)


def search_logged_models(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    datasets: list[dict[str, str]] | None = None,
    max_results: int | None = None,
    order_by: list[dict[str, Any]] | None = None,
    output_format: Literal["pandas", "list"] | None = None,
) -> "list[LoggedModel] | pd.DataFrame":
    """Return the logged models that fulfil a filter, of some experiments or of the active one.

    By default a data frame where pandas is installed, and else a list.
    """
    if not experiment_ids:
        experiment_id, _ = experiment_of_run()
        experiment_ids = [experiment_id or ""]
    client = MlflowClient()
    wanted = experiment_ids
    found = all_pages(
        lambda most, token: client.search_logged_models(
            wanted, filter_string, datasets, most, order_by, token
        ),
        _PAGE,
        max_results,
    )
    if output_format == "list":
        return found
    try:
        import pandas as pd
    except ModuleNotFoundError:
        if output_format == "pandas":
            raise
        return found
    return pd.DataFrame([model.to_dictionary() for model in found])


class ActiveModel(LoggedModel):
    """The model that `set_active_model` made active; as a context manager, until the end of the block."""

    def __init__(self, model: LoggedModel, before: str | None) -> None:
        fields = {name: value for name, value in vars(model).items() if not name.startswith("_")}
        super().__init__(**fields)
        self._before = before

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        set_active_model_id(self._before)


def set_active_model(*, name: str | None = None, model_id: str | None = None) -> ActiveModel:
    """Make a logged model active, so that metrics belong to it: by its id, or by its name.

    A model of that name in the active experiment is taken, or an external one is created.

    Example:
        >>> import trackhelm as mlflow
        >>> with mlflow.set_active_model(name="agent-v1"):
        ...     mlflow.log_metric("accuracy", 0.9)
    """
    if (name is None) == (model_id is None):
        raise MlflowException.invalid_parameter_value("Exactly one of `name` and `model_id` must be provided")
    client = MlflowClient()
    if model_id is not None:
        model = client.get_logged_model(model_id)
    else:
        experiment_id, _ = experiment_of_run()
        named: PagedList[LoggedModel] = client.search_logged_models(
            [experiment_id or ""], f"name='{name}'", max_results=2
        )
        if len(named) > 1:
            raise MlflowException.invalid_parameter_value(
                f"Multiple logged models named {name!r} found: give the `model_id` of one of them"
            )
        model = named[0] if named else create_external_model(name)
    before = get_active_model_id()
    set_active_model_id(model.model_id)
    return ActiveModel(model, before)


def clear_active_model() -> None:
    """Have no active model."""
    set_active_model_id(None)


def register_prompt(
    name: str,
    template: str | list[dict[str, Any]],
    commit_message: str | None = None,
    tags: dict[str, str] | None = None,
    response_format: Any = None,
    model_config: Any = None,
) -> PromptVersion:
    """Create the next version of a prompt, and the prompt if there is none."""
    client = MlflowClient()
    return client.register_prompt(name, template, commit_message, tags, response_format, model_config)


def load_prompt(
    name_or_uri: str, version: str | int | None = None, allow_missing: bool = False
) -> PromptVersion | None:
    """Return a version of a prompt; an active run is linked to it."""
    client = MlflowClient()
    found = client.load_prompt(name_or_uri, version, allow_missing)
    active = _state.stack()
    if found is not None and active:
        client.link_prompt_version_to_run(active[-1].info.run_id, found)
    return found


def search_prompts(
    filter_string: str | None = None, max_results: int | None = None, order_by: list[str] | None = None
) -> list[Prompt]:
    """Return the prompts that fulfil a filter, all of them unless `max_results` says how many."""
    client = MlflowClient()
    return all_pages(
        lambda most, token: client.search_prompts(filter_string, most, token, order_by), _PAGE, max_results
    )


def set_prompt_alias(name: str, alias: str, version: int) -> None:
    """Point an alias to a version of a prompt."""
    MlflowClient().set_prompt_alias(name, alias, version)


def delete_prompt_alias(name: str, alias: str) -> None:
    """Delete an alias of a prompt."""
    MlflowClient().delete_prompt_alias(name, alias)
