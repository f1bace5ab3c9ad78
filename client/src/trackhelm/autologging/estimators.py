"""Classes with scikit-learn's API: which of their methods log, and what `fit` and `predict` tell.

scikit-learn's own estimators and those of XGBoost and LightGBM are patched by the same functions; what is
logged around a `fit` is the integration's business.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import imports, patching, post_training, sessions
from trackhelm.autologging.recording import Recorder

if TYPE_CHECKING:
    from types import ModuleType

    from trackhelm.autologging.integrations import Integration
    from trackhelm.autologging.patching import Original

Fit = Callable[..., str | None]
"""`fit(recorder, original, estimator, *args, **kwargs)` calls the original, logs around it, and returns the
id of the logged model."""

_TRAINING: Final = ("fit", "fit_transform", "fit_predict")
_PREDICTING: Final = ("predict", "predict_proba", "transform", "predict_log_proba")
# What fits many models to judge one; their runs would tell nothing.
_FOLDS: Final = ("_fit_and_score", "_fit_and_predict", "_permutation_test_score")
_JUDGING: Final = (
    "cross_validate",
    "cross_val_predict",
    "cross_val_score",
    "learning_curve",
    "permutation_test_score",
    "validation_curve",
)


def patch_estimators(
    integration: "Integration", kinds: Iterable[type], fit: Fit, *, allows_inner: bool
) -> None:
    """Let methods of classes log.

    Args:
        integration: Whose classes they are.
        kinds: The classes.
        fit: Trains and logs.
        allows_inner: Whether what is trained inside of their `fit` logs to the same run.
    """
    trains = functools.partial(_train, integration, fit, allows_inner)
    predicts = functools.partial(post_training.predict, integration)
    scores = functools.partial(post_training.score, integration)
    for kind in kinds:
        for name in _TRAINING:
            _patch_method(integration, kind, name, trains)
        for name in _PREDICTING:
            _patch_method(integration, kind, name, predicts)
        _patch_method(integration, kind, "score", scores)


def _patch_method(integration: "Integration", kind: type, name: str, behaviour: patching.Behaviour) -> None:
    raw = inspect.getattr_static(kind, name, None)
    if inspect.isfunction(raw):
        patching.patch(integration, kind, name, behaviour)
    elif hasattr(raw, "check") and hasattr(raw, "fn"):
        # scikit-learn's `available_if`: a method that there is under a condition.
        patching.patch(integration, raw, "fn", behaviour)


def _train(
    integration: "Integration",
    fit: Fit,
    allows_inner: bool,
    original: "Original",
    estimator: Any,
    /,
    *args: Any,
    **kwargs: Any,
) -> None:
    with sessions.training(estimator, allows_inner=allows_inner) as session:
        if not session.may_log:
            original(estimator, *args, **kwargs)
            return
        with sessions.run_of_training(integration, original) as run_id:
            with post_training.paused():
                model_id = fit(Recorder(integration, run_id), original, estimator, *args, **kwargs)
            if integration.option("log_post_training_metrics"):
                post_training.remember_model(estimator, run_id, model_id)


def patch_surroundings(integration: "Integration") -> None:
    """Let scikit-learn's metrics log, its cross-validations not, and joblib's threads know their training.

    It is done when the user's program imports them.
    """
    for module, hook in _surroundings(integration).items():
        imports.on_import(module, hook)


@functools.cache
def _surroundings(integration: "Integration") -> dict[str, imports.Hook]:
    """Return what is done with a module when it is imported; the same functions each time."""
    return {
        "sklearn.metrics": functools.partial(_patch_metrics, integration),
        "sklearn.model_selection": functools.partial(_suspend, integration, _JUDGING),
        # What those call inside, for programs that imported them before autologging was turned on.
        "sklearn.model_selection._validation": functools.partial(_suspend, integration, _FOLDS),
        "joblib.parallel": functools.partial(_patch_joblib, integration),
    }


def _patch_metrics(integration: "Integration", metrics: "ModuleType") -> None:
    if not integration.is_on or not integration.option("log_post_training_metrics"):
        return
    for name in post_training.metric_names(metrics):
        behaviour = functools.partial(post_training.metric, integration, name)
        patching.patch(integration, metrics, name, behaviour)


def _suspend(integration: "Integration", names: tuple[str, ...], module: "ModuleType") -> None:
    """Let nothing be logged inside of some functions of a module."""
    if not integration.is_on:
        return

    def suspend(original: "Original", /, *args: Any, **kwargs: Any) -> None:
        with sessions.suspended():
            original(*args, **kwargs)

    for name in names:
        patching.patch(integration, module, name, suspend)


def _patch_joblib(integration: "Integration", parallel: "ModuleType") -> None:
    if integration.is_on:
        patching.patch(integration, parallel.Parallel, "__call__", sessions.carry_into_threads)
