"""The datasets and logged models that the active run reads and makes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trackhelm.client import MlflowClient
from trackhelm.entities import Dataset as DatasetEntity
from trackhelm.entities import DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput
from trackhelm.exceptions import MlflowException
from trackhelm.fluent.logging import current_run

if TYPE_CHECKING:
    from trackhelm.data import Dataset

_CONTEXT = "mlflow.data.context"
_logged: set[tuple[str, str, str]] = set()
"""The runs with names and digests of the datasets that metrics named: each is noted once."""


def log_input(
    dataset: "Dataset | None" = None,
    context: str | None = None,
    tags: dict[str, str] | None = None,
    model: LoggedModelInput | None = None,
) -> None:
    """Note that the active run reads a dataset or a logged model.

    Args:
        dataset: Such as `trackhelm.data.from_pandas(frame)` or `trackhelm.data.from_path("images")`.
        context: What for, such as `training`.
        tags: Tags of this use.
        model: The logged model.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.log_input(mlflow.data.from_pandas(frame, name="iris"), context="training")
    """
    used = [] if dataset is None else [_used(dataset, context, tags)]
    MlflowClient().log_inputs(current_run().info.run_id, used, [] if model is None else [model])


def log_inputs(
    datasets: "Sequence[Dataset | None] | None" = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[dict[str, str] | None] | None = None,
    models: Sequence[LoggedModelInput | None] | None = None,
) -> None:
    """Note that the active run reads datasets and logged models; all lists that are given have one length."""
    datasets = datasets or []
    contexts = contexts or [None] * len(datasets)
    tags_list = tags_list or [None] * len(datasets)
    if not len(datasets) == len(contexts) == len(tags_list):
        raise MlflowException.invalid_parameter_value(
            f"`datasets`, `contexts` and `tags_list` must have the same length: they have {len(datasets)}, "
            f"{len(contexts)} and {len(tags_list)}"
        )
    used = [
        _used(dataset, context, tags)
        for dataset, context, tags in zip(datasets, contexts, tags_list, strict=True)
        if dataset is not None
    ]
    read = [model for model in models or () if model is not None]
    MlflowClient().log_inputs(current_run().info.run_id, used, read)


def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Note logged models that the active run made."""
    MlflowClient().log_outputs(current_run().info.run_id, models or [])


def log_dataset_of_metrics(run_id: str, dataset: "Dataset | DatasetEntity") -> tuple[str, str]:
    """Note the dataset on which metrics were measured, once for a run; return its name and digest."""
    entity = _entity(dataset)
    if (run_id, entity.name, entity.digest) not in _logged:
        MlflowClient().log_inputs(run_id, [DatasetInput(entity)])
        _logged.add((run_id, entity.name, entity.digest))
    return entity.name, entity.digest


def _used(dataset: "Dataset", context: str | None, tags: dict[str, str] | None) -> DatasetInput:
    every = [InputTag(str(key), str(value)) for key, value in (tags or {}).items()]
    if context is not None:
        every.append(InputTag(_CONTEXT, context))
    return DatasetInput(_entity(dataset), every)


def _entity(dataset: Any) -> DatasetEntity:
    if isinstance(dataset, DatasetEntity):
        return dataset
    to_entity = getattr(dataset, "to_entity", None)
    if to_entity is None:
        raise MlflowException.invalid_parameter_value(
            f"{type(dataset).__name__} is no dataset: make one by trackhelm.data.from_pandas, from_numpy, "
            "from_path and so on"
        )
    entity: DatasetEntity = to_entity()
    return entity
