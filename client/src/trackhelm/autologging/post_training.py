"""Metrics that a program computes after a training, of what a trained model predicts.

A call of `model.predict` is remembered with the run of the model and the name of the variable that was
passed. A metric of scikit-learn that is computed of its result is logged to that run as
`<metric>[-<number of the call>]_<variable>`, and `model.score` as `<Class>_score_<variable>`. The calls are
listed in the artifact `metric_info.json`.

Nothing is kept of models and results but their identity, which is forgotten when they are.
"""

import inspect
import sys
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import sessions
from trackhelm.autologging.recording import Recorder
from trackhelm.autologging.training_data import argument, dataset_of, signature_of

if TYPE_CHECKING:
    from types import FrameType

    from trackhelm.autologging.integrations import Integration
    from trackhelm.autologging.patching import Original

METRIC_INFO: Final = "metric_info.json"
_OWN_MODULES: Final = __name__.rpartition(".")[0]
_UNKNOWN: Final = "unknown_dataset"
_LONGEST_TEXT: Final = 32
_MOST_DATASETS: Final = 10
_NOT_METRICS: Final = frozenset({"check_scoring", "get_scorer", "make_scorer", "get_scorer_names"})

_lock: Final = RLock()
_is_inside: ContextVar[bool] = ContextVar("trackhelm_autologging_metric", default=False)


@dataclass
class _Trained:
    """The run and logged model of a trained model."""

    run_id: str
    model_id: str | None


@dataclass
class _Calls:
    """What was computed of a run's models: the datasets by the names of variables, and the metric calls."""

    datasets: dict[str, dict[int, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)


_models: dict[int, _Trained] = {}
_results: dict[int, tuple[str, _Trained]] = {}
_calls: dict[str, _Calls] = {}


def remember_model(model: Any, run_id: str, model_id: str | None) -> None:
    """Let metrics of what a model predicts from now on be logged to a run, and of its logged model."""
    key = id(model)
    with _lock:
        is_new = key not in _models
        _models[key] = _Trained(run_id, model_id)
    if is_new:
        try:
            weakref.finalize(model, _models.pop, key, None)
        except TypeError:
            _models.pop(key, None)


@contextmanager
def paused() -> Iterator[None]:
    """Let no metric be logged that is computed in the block."""
    token = _is_inside.set(True)
    try:
        yield
    finally:
        _is_inside.reset(token)


def _may_log() -> bool:
    return not _is_inside.get() and sessions.current_session() is None


def metric_names(metrics: Any) -> list[str]:
    """Return the names of the metric functions of the module `sklearn.metrics`."""
    return [
        name
        for name in metrics.__all__
        if name not in _NOT_METRICS
        and not name.startswith("plot_")
        and callable(getattr(metrics, name))
        and not inspect.isclass(getattr(metrics, name))
    ]


def predict(
    integration: "Integration", original: "Original", model: Any, /, *args: Any, **kwargs: Any
) -> None:
    """Stand for `predict` and the like of an estimator."""
    trained = _models.get(id(model))
    if trained is None or not _may_log():
        original(model, *args, **kwargs)
        return
    with paused():
        result = original(model, *args, **kwargs)
    data = _first(original, args, kwargs)
    name, is_new = _dataset_name(trained.run_id, data)
    key = id(result)
    with _lock:
        _results[key] = name, trained
    try:
        # Another object may have its identity when it is gone.
        weakref.finalize(result, _results.pop, key, None)
    except TypeError:
        _results.pop(key, None)
    # A loop over many parts of the data says nothing new after some of them, and would wait for each.
    if is_new and integration.option("log_datasets"):
        Recorder(integration, trained.run_id).input(dataset_of(integration, data), "eval")


def score(integration: "Integration", original: "Original", model: Any, /, *args: Any, **kwargs: Any) -> None:
    """Stand for `score` of an estimator."""
    trained = _models.get(id(model))
    if trained is None or not _may_log():
        original(model, *args, **kwargs)
        return
    with paused():
        value = original(model, *args, **kwargs)
    if not _is_number(value):
        return
    kind = type(model).__name__
    names = [name for name in signature_of(original).parameters if name != "self"]
    command = _command(f"{kind}.score", names, args, kwargs)
    dataset, _ = _dataset_name(trained.run_id, _first(original, args, kwargs))
    _log(integration, trained, f"{kind}_score", dataset, command, value)


def metric(integration: "Integration", name: str, original: "Original", /, *args: Any, **kwargs: Any) -> None:
    """Stand for a metric function of scikit-learn."""
    if not _may_log():
        original(*args, **kwargs)
        return
    # One metric may call another.
    with paused():
        value = original(*args, **kwargs)
    found = next((_results[id(one)] for one in (*args, *kwargs.values()) if id(one) in _results), None)
    if found is None or not _is_number(value):
        return
    dataset, trained = found
    command = _command(name, list(signature_of(original).parameters), args, kwargs)
    _log(integration, trained, name, dataset, command, value)


def _log(
    integration: "Integration", trained: _Trained, name: str, dataset: str, command: str, value: float
) -> None:
    with _lock:
        calls = _calls.setdefault(trained.run_id, _Calls())
        calls.counts[name] = number = calls.counts.get(name, 0) + 1
        key = f"{_numbered(name, number)}_{dataset}"
        calls.commands[key] = command
        commands = dict(sorted(calls.commands.items()))
    recorder = Recorder(integration, trained.run_id)
    recorder.model_id = trained.model_id
    recorder.metrics({key: value})
    recorder.dictionary(commands, METRIC_INFO)


def _is_number(value: Any) -> bool:
    import numpy as np

    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _first(original: "Original", args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Return the first argument of a method, `self` not counted."""
    names = [name for name in signature_of(original).parameters if name != "self"]
    return argument(original, args, kwargs, names[0]) if names else None


def _dataset_name(run_id: str, data: Any) -> tuple[str, bool]:
    """Return the name of the caller's variable that has the data, numbered if another had it before.

    The second is whether the data were not seen yet, and are among the first of that name.
    """
    name = variable_name(data, _UNKNOWN)
    with _lock:
        known = _calls.setdefault(run_id, _Calls()).datasets.setdefault(name, {})
        is_new = id(data) not in known
        number = known.setdefault(id(data), len(known) + 1)
        return _numbered(name, number), is_new and number <= _MOST_DATASETS


def _command(name: str, names: list[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    return f"{name}({', '.join(f'{key}={_shown(value)}' for key, value in given.items())})"


def _shown(value: Any) -> str:
    import numpy as np

    if value is None or np.isscalar(value):
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            value = f"{value[:_LONGEST_TEXT]}..."
        return repr(value)
    return variable_name(value, f"<{type(value).__name__}>")


def variable_name(value: Any, otherwise: str) -> str:
    """Return the name of the local variable in which a value was before it was passed on.

    The frames of functions that were given the value are left out; the next one outwards has the variable.

    Args:
        value: The value, which is looked for by its identity.
        otherwise: What is returned if there is no such variable.
    """
    if value is None:
        return otherwise
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what `inspect.currentframe` returns
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_OWN_MODULES):
        frame = frame.f_back
    while frame is not None:
        given = inspect.getargvalues(frame)
        passed = [given.locals.get(name) for name in given.args]
        if given.varargs:
            passed += given.locals.get(given.varargs, ())
        if given.keywords:
            passed += given.locals.get(given.keywords, {}).values()
        if not any(one is value for one in passed):
            return next((name for name, local in frame.f_locals.items() if local is value), otherwise)
        frame = frame.f_back
    return otherwise
