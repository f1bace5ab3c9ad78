"""Autologging of LightGBM: `lightgbm.train`, and the estimators with scikit-learn's API.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.lightgbm.autolog()
    >>> lightgbm.train({"objective": "binary"}, data, valid_sets=[data])
"""

import functools
import inspect
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import boosting, patching
from trackhelm.autologging.integrations import Integration
from trackhelm.autologging.training_data import call_params, dataset_of

if TYPE_CHECKING:
    from trackhelm.autologging.patching import Original
    from trackhelm.autologging.recording import Recorder

INTEGRATION: Final = Integration("lightgbm", lightgbm="4.0")

_NO_PARAMS: Final = (
    "params",
    "train_set",
    "valid_sets",
    "valid_names",
    "fobj",
    "feval",
    "init_model",
    "learning_rates",
    "callbacks",
)


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: dict[str, str] | None = None,
) -> None:
    """Let LightGBM log its trainings.

    Args:
        log_input_examples: Store the first rows of the training data with the model.
        log_model_signatures: Store the model's inputs and outputs.
        log_models: Log the trained model.
        log_datasets: Note the training data as inputs of the run.
        disable: Turn it off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Turn it on only for LightGBM 4.0 and later.
        silent: Log no warnings.
        registered_model_name: Register each model under this name.
        extra_tags: Tags of the runs that are started.

    Raises:
        ModuleNotFoundError: LightGBM is not installed.
    """
    INTEGRATION.configure({**locals()}, _apply)


def _apply() -> None:
    import lightgbm

    patching.patch(INTEGRATION, lightgbm.Dataset, "__init__", boosting.keep_example)
    for module, is_native in ((lightgbm, True), (lightgbm.sklearn, False)):
        log = functools.partial(_train, is_native)
        patching.patch(INTEGRATION, module, "train", functools.partial(boosting.train, INTEGRATION, log))
    base = lightgbm.sklearn.LGBMModel
    kinds = [
        kind
        for _, kind in inspect.getmembers(lightgbm.sklearn, inspect.isclass)
        if issubclass(kind, base) and kind.__module__.startswith("lightgbm")
    ]
    boosting.patch_boosters(INTEGRATION, kinds)


class _Callback:
    """Logs the metrics of each round."""

    order = 10
    before_iteration = False

    def __init__(self, rounds: boosting.Rounds) -> None:
        self._rounds = rounds

    def __call__(self, env: Any) -> None:
        patching.quiet(INTEGRATION, self._log)(env)

    def _log(self, env: Any) -> None:
        metrics: dict[str, float] = {}
        for data, name, value, *_ in env.evaluation_result_list:
            metrics[f"{data}-{name}"] = value
        self._rounds.add(metrics, env.iteration)


def _train(
    is_native: bool,
    recorder: "Recorder",
    original: "Original",
    /,
    *args: Any,
    **kwargs: Any,
) -> None:
    """Train a booster; its model is logged if it is what the user gets, and not a part of an estimator."""
    arguments = call_params(original, args, kwargs)
    data = arguments.get("train_set")
    recorder.params(arguments.get("params") or {})
    recorder.params(call_params(original, args, kwargs, _NO_PARAMS))
    _note_data(recorder, data, arguments.get("valid_sets"), arguments.get("valid_names"))
    if is_native:
        recorder.begin_model()
    rounds = boosting.Rounds(recorder)
    args, kwargs = boosting.with_callback(original, args, kwargs, _Callback(rounds))
    try:
        booster = original(*args, **kwargs)
    except BaseException:
        recorder.fail_model()
        raise
    if booster.best_iteration > 0 and rounds.metrics:
        stopped = {"stopped_iteration": len(rounds.metrics), "best_iteration": booster.best_iteration}
        recorder.metrics(stopped)
        # The best round's metrics once more; its rounds are counted from 1.
        recorder.metrics(rounds.metrics[booster.best_iteration - 1], len(rounds.metrics))
    for kind in ("split", "gain"):
        numbers = booster.feature_importance(importance_type=kind).tolist()
        boosting.log_importance(
            recorder, kind, dict(zip(booster.feature_name(), numbers, strict=True)), indent=2
        )
    if recorder.model_id is not None:
        rows, signature = boosting.example_of(data).for_model(INTEGRATION, booster.predict)
        recorder.model("lightgbm", booster, signature=signature, input_example=rows)


def _note_data(recorder: "Recorder", data: Any, others: Any, names: Any) -> None:
    if data is None or not INTEGRATION.option("log_datasets"):
        return
    recorder.input(dataset_of(INTEGRATION, data.data, data.label), "train")
    called = names or [None] * len(others or ())
    for other, name in zip(others or (), called, strict=False):
        recorder.input(dataset_of(INTEGRATION, other.data, other.label, name), "eval")
