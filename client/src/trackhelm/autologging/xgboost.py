"""Autologging of XGBoost: `xgboost.train`, and the estimators with scikit-learn's API.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.xgboost.autolog()
    >>> xgboost.train({"max_depth": 3}, data, 20, evals=[(data, "train")])
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
    from trackhelm.data import Dataset

INTEGRATION: Final = Integration("xgboost", xgboost="1.7", xgboost_cpu="1.7")

# Data and functions are no params, and the booster's own are logged one by one.
_NO_PARAMS: Final = (
    "params",
    "dtrain",
    "evals",
    "obj",
    "feval",
    "evals_result",
    "xgb_model",
    "callbacks",
    "learning_rates",
)


def autolog(
    importance_types: list[str] | None = None,
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    model_format: str = "ubj",
    extra_tags: dict[str, str] | None = None,
) -> None:
    """Let XGBoost log its trainings.

    Args:
        importance_types: How the importance of features is measured; `["weight"]` by default.
        log_input_examples: Store the first rows of the training data with the model.
        log_model_signatures: Store the model's inputs and outputs.
        log_models: Log the trained model.
        log_datasets: Note the training data as inputs of the run.
        disable: Turn it off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Turn it on only for XGBoost 1.7 and later.
        silent: Log no warnings.
        registered_model_name: Register each model under this name.
        model_format: `ubj`, `json`, or another that XGBoost writes.
        extra_tags: Tags of the runs that are started.

    Raises:
        ModuleNotFoundError: XGBoost is not installed.
    """
    INTEGRATION.configure({**locals()}, _apply)


def _apply() -> None:
    import xgboost

    patching.patch(INTEGRATION, xgboost.DMatrix, "__init__", boosting.keep_example)
    for module, is_native in ((xgboost, True), (xgboost.sklearn, False)):
        log = functools.partial(_train, is_native)
        patching.patch(INTEGRATION, module, "train", functools.partial(boosting.train, INTEGRATION, log))
    kinds = [
        kind
        for _, kind in inspect.getmembers(xgboost.sklearn, inspect.isclass)
        if issubclass(kind, xgboost.sklearn.XGBModel) and kind is not xgboost.sklearn.XGBModel
    ]
    boosting.patch_boosters(INTEGRATION, kinds, model_format="model_format")


@patching.quiet_hooks
class _Hooks:
    """Logs the metrics of each round."""

    def __init__(self, rounds: boosting.Rounds) -> None:
        self.recorder = rounds.recorder
        self._rounds = rounds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Take the metrics of a round; the training goes on."""
        self._rounds.add(
            {
                f"{data}-{name}": values[-1]
                for data, metrics in evals_log.items()
                for name, values in metrics.items()
            },
            epoch,
        )
        return False


@functools.cache
def _callback_class() -> Any:
    from xgboost.callback import TrainingCallback

    return type("TrackhelmCallback", (_Hooks, TrainingCallback), {})


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
    data = arguments.get("dtrain")
    recorder.params(arguments.get("params") or {})
    params = call_params(original, args, kwargs, _NO_PARAMS)
    recorder.params(params)
    dataset = _note_data(recorder, data, arguments.get("evals"))
    if is_native:
        recorder.begin_model()
    rounds = boosting.Rounds(recorder)
    args, kwargs = boosting.with_callback(original, args, kwargs, _callback_class()(rounds))
    try:
        booster = original(*args, **kwargs)
    except BaseException:
        recorder.fail_model()
        raise
    if recorder.model_id is not None:
        _log_model(recorder, booster, data, params)
    if arguments.get("early_stopping_rounds"):
        _log_early_stop(recorder, booster, rounds.metrics, dataset)
    for kind in INTEGRATION.option("importance_types") or ["weight"]:
        _log_importance(recorder, booster, kind)


def _log_importance(recorder: "Recorder", booster: Any, kind: str) -> None:
    try:
        importance = booster.get_score(importance_type=kind)
    except Exception as error:  # noqa: BLE001 - a linear booster, for instance, knows no other than the weight
        INTEGRATION.warn(f"the importance {kind} of the features is not known", error)
        return
    boosting.log_importance(recorder, kind, importance)


def _note_data(recorder: "Recorder", data: Any, evals: Any) -> "Dataset | None":
    if data is None or not INTEGRATION.option("log_datasets"):
        return None
    dataset = dataset_of(INTEGRATION, data.get_data())
    recorder.input(dataset, "train")
    for other, name in evals or ():
        recorder.input(dataset_of(INTEGRATION, other.get_data(), name=name), "eval")
    return dataset


def _log_model(recorder: "Recorder", booster: Any, data: Any, params: dict[str, Any]) -> None:
    import xgboost

    rows, signature = boosting.example_of(data).for_model(
        INTEGRATION, lambda example: booster.predict(xgboost.DMatrix(example))
    )
    recorder.model(
        "xgboost",
        booster,
        signature=signature,
        input_example=rows,
        model_format=INTEGRATION.option("model_format"),
        params={key: str(value) for key, value in params.items()},
    )


def _log_early_stop(
    recorder: "Recorder", booster: Any, metrics: list[dict[str, float]], dataset: "Dataset | None"
) -> None:
    stopped = {"stopped_iteration": len(metrics) - 1, "best_iteration": booster.best_iteration}
    recorder.metrics(stopped, dataset=dataset)
    # The best round's metrics once more, where a chart of the last values finds them.
    recorder.metrics(metrics[booster.best_iteration], len(metrics), dataset)
