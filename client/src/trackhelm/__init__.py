"""Experiment tracking with MLflow's Python API: `import trackhelm as mlflow` runs a script unchanged.

This package is the client. It must not import the server, and importing it must stay quick: every public name
is imported from its module when it is first used.

Example:
    >>> import trackhelm as mlflow
    >>> with mlflow.start_run():
    ...     mlflow.log_param("depth", 3)
    ...     mlflow.log_metric("loss", 0.5, step=1)
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trackhelm import (
        artifacts,
        client,
        config,
        data,
        entities,
        exceptions,
        keras,
        lightgbm,
        models,
        pyfunc,
        pytorch,
        sklearn,
        system_metrics,
        tensorflow,
        tracking,
        types,
        xgboost,
    )
    from trackhelm.artifacts.images import (
        Image,
    )
    from trackhelm.autologging.integrations import (
        autolog,
    )
    from trackhelm.client import (
        MlflowClient,
    )
    from trackhelm.client.runs import (
        RunOperations,
    )
    from trackhelm.destinations import (
        get_registry_uri,
        get_tracking_uri,
        is_tracking_uri_set,
        set_registry_uri,
        set_tracking_uri,
    )
    from trackhelm.diagnosis import (
        doctor,
    )
    from trackhelm.exceptions import (
        MlflowException,
    )
    from trackhelm.fluent.artifacts import (
        get_artifact_uri,
        load_table,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_stream,
        log_table,
        log_text,
    )
    from trackhelm.fluent.experiments import (
        create_experiment,
        delete_experiment,
        delete_experiment_tag,
        get_experiment,
        get_experiment_by_name,
        restore_experiment,
        search_experiments,
        set_experiment,
        set_experiment_tag,
        set_experiment_tags,
    )
    from trackhelm.fluent.inputs import (
        log_input,
        log_inputs,
        log_outputs,
    )
    from trackhelm.fluent.logging import (
        delete_tag,
        get_active_model_id,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        set_tag,
        set_tags,
    )
    from trackhelm.fluent.models import (
        ActiveModel,
        clear_active_model,
        create_external_model,
        delete_logged_model_tag,
        delete_prompt_alias,
        finalize_logged_model,
        get_logged_model,
        initialize_logged_model,
        last_logged_model,
        load_prompt,
        log_model_params,
        register_model,
        register_prompt,
        search_logged_models,
        search_model_versions,
        search_prompts,
        search_registered_models,
        set_active_model,
        set_logged_model_tags,
        set_model_version_tag,
        set_prompt_alias,
    )
    from trackhelm.fluent.runs import (
        ActiveRun,
        active_run,
        delete_run,
        end_run,
        flush_artifact_async_logging,
        flush_async_logging,
        get_parent_run,
        get_run,
        last_active_run,
        restore_run,
        search_runs,
        start_run,
    )
    from trackhelm.system_metrics import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )

__version__: Final = "0.1.0"

__all__ = [
    "ActiveModel",
    "ActiveRun",
    "Image",
    "MlflowClient",
    "MlflowException",
    "RunOperations",
    "__version__",
    "active_run",
    "artifacts",
    "autolog",
    "clear_active_model",
    "client",
    "config",
    "create_experiment",
    "create_external_model",
    "data",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_logged_model_tag",
    "delete_prompt_alias",
    "delete_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "doctor",
    "enable_system_metrics_logging",
    "end_run",
    "entities",
    "exceptions",
    "finalize_logged_model",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "get_active_model_id",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_logged_model",
    "get_parent_run",
    "get_registry_uri",
    "get_run",
    "get_tracking_uri",
    "initialize_logged_model",
    "is_tracking_uri_set",
    "keras",
    "last_active_run",
    "last_logged_model",
    "lightgbm",
    "load_prompt",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_model_params",
    "log_outputs",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "models",
    "pyfunc",
    "pytorch",
    "register_model",
    "register_prompt",
    "restore_experiment",
    "restore_run",
    "search_experiments",
    "search_logged_models",
    "search_model_versions",
    "search_prompts",
    "search_registered_models",
    "search_runs",
    "set_active_model",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_logged_model_tags",
    "set_model_version_tag",
    "set_prompt_alias",
    "set_registry_uri",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
    "system_metrics",
    "tensorflow",
    "tracking",
    "types",
    "xgboost",
]

_MODULES: Final = (
    "artifacts",
    "client",
    "config",
    "data",
    "entities",
    "exceptions",
    "keras",
    "lightgbm",
    "models",
    "pyfunc",
    "pytorch",
    "sklearn",
    "system_metrics",
    "tensorflow",
    "tracking",
    "types",
    "xgboost",
)
"""The modules that are public names."""

_HOMES: Final = {
    name: home
    for home, names in {
        "trackhelm.artifacts.images": ("Image",),
        "trackhelm.autologging.integrations": ("autolog",),
        "trackhelm.client": ("MlflowClient",),
        "trackhelm.client.runs": ("RunOperations",),
        "trackhelm.destinations": (
            "get_registry_uri",
            "get_tracking_uri",
            "is_tracking_uri_set",
            "set_registry_uri",
            "set_tracking_uri",
        ),
        "trackhelm.diagnosis": ("doctor",),
        "trackhelm.exceptions": ("MlflowException",),
        "trackhelm.fluent.artifacts": (
            "get_artifact_uri",
            "load_table",
            "log_artifact",
            "log_artifacts",
            "log_dict",
            "log_figure",
            "log_image",
            "log_stream",
            "log_table",
            "log_text",
        ),
        "trackhelm.fluent.experiments": (
            "create_experiment",
            "delete_experiment",
            "delete_experiment_tag",
            "get_experiment",
            "get_experiment_by_name",
            "restore_experiment",
            "search_experiments",
            "set_experiment",
            "set_experiment_tag",
            "set_experiment_tags",
        ),
        "trackhelm.fluent.inputs": (
            "log_input",
            "log_inputs",
            "log_outputs",
        ),
        "trackhelm.fluent.logging": (
            "delete_tag",
            "get_active_model_id",
            "log_metric",
            "log_metrics",
            "log_param",
            "log_params",
            "set_tag",
            "set_tags",
        ),
        "trackhelm.fluent.models": (
            "ActiveModel",
            "clear_active_model",
            "create_external_model",
            "delete_logged_model_tag",
            "delete_prompt_alias",
            "finalize_logged_model",
            "get_logged_model",
            "initialize_logged_model",
            "last_logged_model",
            "load_prompt",
            "log_model_params",
            "register_model",
            "register_prompt",
            "search_logged_models",
            "search_model_versions",
            "search_prompts",
            "search_registered_models",
            "set_active_model",
            "set_logged_model_tags",
            "set_model_version_tag",
            "set_prompt_alias",
        ),
        "trackhelm.fluent.runs": (
            "ActiveRun",
            "active_run",
            "delete_run",
            "end_run",
            "flush_artifact_async_logging",
            "flush_async_logging",
            "get_parent_run",
            "get_run",
            "last_active_run",
            "restore_run",
            "search_runs",
            "start_run",
        ),
        "trackhelm.system_metrics": (
            "disable_system_metrics_logging",
            "enable_system_metrics_logging",
            "set_system_metrics_node_id",
            "set_system_metrics_samples_before_logging",
            "set_system_metrics_sampling_interval",
        ),
    }.items()
    for name in names
}
"""The module of each public name."""


def __getattr__(name: str) -> Any:
    """Import a public name from its module, once."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"trackhelm.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'trackhelm' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
