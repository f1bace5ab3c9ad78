"""Autologging of scikit-learn: what `fit` of an estimator, pipeline or search logs.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.sklearn.autolog()
    >>> LogisticRegression().fit(X, y)
"""

import functools
import inspect
import sys
import time
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import evaluation, imports, search
from trackhelm.autologging.estimators import patch_estimators, patch_surroundings
from trackhelm.autologging.integrations import Integration
from trackhelm.autologging.recording import Recorder
from trackhelm.autologging.training_data import Example, dataset_of, first_rows, signature_of
from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.autologging.patching import Original
    from trackhelm.data import Dataset

INTEGRATION: Final = Integration("sklearn", scikit_learn="1.3")

# They prepare data; a run for each would hide those of the models.
_PREPARING: Final = (
    "sklearn.preprocessing",
    "sklearn.impute",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
)
_NOT_ESTIMATORS: Final = ("sklearn.utils.", "sklearn.externals.", "sklearn.tests.")
# With these, `fit` writes into the data that it is given.
_CHANGING_DATA: Final = {"copy_X": False, "copy": False, "copy_x": False, "overwrite_X": True}


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    max_tuning_runs: int | None = 5,
    log_post_training_metrics: bool = True,
    serialization_format: str = "cloudpickle",
    registered_model_name: str | None = None,
    pos_label: str | None = None,
    extra_tags: dict[str, str] | None = None,
) -> None:
    """Let scikit-learn's estimators log what they are trained with, and how well they do.

    Args:
        log_input_examples: Store the first rows of the training data with the model.
        log_model_signatures: Store the model's inputs and outputs.
        log_models: Log the trained model.
        log_datasets: Note the training data as an input of the run.
        disable: Turn it off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Turn it on only for scikit-learn 1.3 and later.
        silent: Log no warnings.
        max_tuning_runs: The best parameter sets of a search that get child runs; None for all.
        log_post_training_metrics: Log metrics that are computed of what a trained model predicts.
        serialization_format: `cloudpickle`, `pickle` or `skops`.
        registered_model_name: Register each model under this name.
        pos_label: The positive class, for precision, recall and F1 of two classes.
        extra_tags: Tags of the runs that are started.

    Raises:
        MlflowException: `max_tuning_runs` is negative.
        ModuleNotFoundError: scikit-learn is not installed.
    """
    options = {**locals()}
    if max_tuning_runs is not None and max_tuning_runs < 0:
        raise MlflowException.invalid_parameter_value(
            f"`max_tuning_runs` must be non-negative, instead got {max_tuning_runs}."
        )
    INTEGRATION.configure(options, _apply)


def _apply() -> None:
    import sklearn  # noqa: F401 - so that it is missed now, and not at a `fit` that logs nothing

    imports.on_import("sklearn.", _patch_module)
    patch_surroundings(INTEGRATION)


def _patch_module(module: ModuleType) -> None:
    """Let the estimators log that a module of scikit-learn defines."""
    if INTEGRATION.is_on:
        patch_estimators(INTEGRATION, estimators_of(module), _fit, allows_inner=False)


def estimators_of(module: ModuleType) -> Iterable[type]:
    """Yield the estimators that a module of scikit-learn defines, and that log when they are trained."""
    name = module.__name__
    if name.startswith((*_PREPARING, *_NOT_ESTIMATORS)) or ".tests" in name:
        return
    # Modules that it imports itself define none.
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    if base is None:
        return
    for kind in list(vars(module).values()):
        if (
            inspect.isclass(kind)
            and kind.__module__ == name
            and issubclass(kind, base)
            and not kind.__name__.startswith("_")
            and not inspect.isabstract(kind)
            and kind.__name__ not in {"BaseEstimator", "ColumnTransformer"}
        ):
            yield kind


def _fit(
    recorder: Recorder, original: "Original", estimator: Any, /, *args: Any, **kwargs: Any
) -> str | None:
    """Train an estimator, and log its params before and what it learned afterwards."""
    began_ms = time.time_ns() // 1_000_000
    samples, y, weights = _data_of(estimator, args, kwargs)
    is_search = search.is_search(estimator)
    params = estimator.get_params(deep=not is_search)
    recorder.params(params)
    recorder.tags(estimator_tags(estimator))
    dataset = dataset_of(INTEGRATION, samples, y)
    recorder.input(dataset, "train")
    example = Example(functools.partial(first_rows, samples))
    if samples is not None and any(
        params.get(name, not value) is value for name, value in _CHANGING_DATA.items()
    ):
        from copy import deepcopy

        samples = deepcopy(samples)

    original(estimator, *args, **kwargs)

    logged = _log_model(recorder, estimator, example, params)
    # Before there are metrics: those of the search are no metrics of the best estimator.
    best_id = _log_best(recorder, estimator, example) if is_search else None
    recorder.model_id = logged
    has_metrics = _evaluate(recorder, estimator, samples, y, weights, dataset)
    if y is None and not has_metrics:
        INTEGRATION.warn("there are no training metrics, since no targets were given")
    if is_search:
        search.log_search(recorder, estimator, dataset, began_ms, best_id)
    return logged


def _data_of(estimator: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return the samples, targets and weights that a `fit` was given; its parameters may have any names."""
    names = [name for name in signature_of(type(estimator).fit).parameters if name != "self"]
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    samples, targets = [*names, "X", "y"][:2]
    weights = given.get("sample_weight") if "sample_weight" in names else None
    return given.get(samples), given.get(targets), weights


def estimator_tags(estimator: Any) -> dict[str, str]:
    """Return the tags that say of which class an estimator is."""
    kind = type(estimator)
    return {"estimator_name": kind.__name__, "estimator_class": f"{kind.__module__}.{kind.__name__}"}


def _outputs_of(estimator: Any, rows: Any) -> Any:
    if hasattr(estimator, "predict"):
        return estimator.predict(rows)
    if hasattr(estimator, "transform"):
        return estimator.transform(rows)
    raise TypeError("the model has neither `predict` nor `transform`")


def _log_model(recorder: Recorder, estimator: Any, example: Example, params: Mapping[str, Any]) -> str | None:
    if not INTEGRATION.option("log_models"):
        return None
    best = {f"best_{name}": value for name, value in getattr(estimator, "best_params_", {}).items()}
    return _store(recorder, estimator, example, {**params, **best})


def _log_best(recorder: Recorder, found: Any, example: Example) -> str | None:
    """Log the estimator that a search found; it is not registered, as the search itself may be."""
    best = getattr(found, "best_estimator_", None)
    if best is None or not INTEGRATION.option("log_models"):
        return None
    params = best.get_params(deep=True)
    return _store(recorder, best, example, params, name="best_estimator", registered_model_name=None)


def _store(
    recorder: Recorder, estimator: Any, example: Example, params: Mapping[str, Any], **arguments: Any
) -> str | None:
    rows, signature = example.for_model(INTEGRATION, functools.partial(_outputs_of, estimator))
    before, recorder.model_id = recorder.model_id, None
    logged = recorder.model(
        "sklearn",
        estimator,
        signature=signature,
        input_example=rows,
        serialization_format=INTEGRATION.option("serialization_format"),
        params={key: str(value) for key, value in params.items()},
        **arguments,
    )
    recorder.model_id = before
    return logged


def _evaluate(
    recorder: Recorder,
    estimator: Any,
    samples: Any,
    y: Any,
    weights: Any,
    dataset: "Dataset | None",
) -> bool:
    """Log the metrics and figures of the training data, and the estimator's drawing; return whether any."""
    metrics: dict[str, float] = {}
    if y is not None:
        positive = INTEGRATION.option("pos_label")
        measured = evaluation.metrics_of(INTEGRATION, estimator, samples, y, weights, positive)
        metrics = {f"training_{name}": value for name, value in measured.items()}
        recorder.metrics(metrics, dataset=dataset)
    recorder.written(
        lambda folder: evaluation.write_files(
            INTEGRATION, estimator, samples, y, weights, folder, "training_"
        )
    )
    return bool(metrics)
