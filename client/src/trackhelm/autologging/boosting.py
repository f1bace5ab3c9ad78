"""What the integrations of XGBoost and LightGBM share: a training by rounds, and importances of features."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging import sessions
from trackhelm.autologging.estimators import patch_estimators, patch_surroundings
from trackhelm.autologging.recording import Recorder
from trackhelm.autologging.training_data import Example, first_rows, signature_of, with_argument

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration
    from trackhelm.autologging.patching import Original

_CROWDED: Final = 10
_examples: Final = "_trackhelm_example"


class Rounds:
    """The metrics of each round of a training.

    Args:
        recorder: Where they are logged.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.metrics: list[dict[str, float]] = []

    def add(self, metrics: Mapping[str, float], step: int) -> None:
        """Log the metrics of a round; the character `@` in a name becomes `_at_`."""
        named = {name.replace("@", "_at_"): value for name, value in metrics.items()}
        self.metrics.append(named)
        self.recorder.metrics(named, step)


def keep_example(original: "Original", data: Any, /, *args: Any, **kwargs: Any) -> None:
    """Stand for the constructor of a library's dataset: keep its first rows, which it does not give back."""
    given = {**dict(zip(_names(original), args, strict=False)), **kwargs}.get("data")
    example = Example(functools.partial(first_rows, given))
    original(data, *args, **kwargs)
    setattr(data, _examples, example)


def _names(original: "Original") -> list[str]:
    return [name for name in signature_of(original).parameters if name != "self"]


def example_of(data: Any) -> Example:
    """Return the first rows of a library's dataset, if it was made while autologging was on."""

    def missing() -> Any:
        raise TypeError("the dataset was made before autologging was turned on")

    found: Example | None = getattr(data, _examples, None)
    return found or Example(missing)


def with_callback(
    original: "Original", args: tuple[Any, ...], kwargs: Mapping[str, Any], callback: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a training with one more callback; the caller's list is left as it is."""
    names = _names(original)
    given = {**dict(zip(names, args, strict=False)), **kwargs}.get("callbacks")
    return with_argument(original, args, kwargs, "callbacks", [*(given or ()), callback])


def train(
    integration: "Integration",
    log: Callable[..., None],
    original: "Original",
    /,
    *args: Any,
    **kwargs: Any,
) -> None:
    """Stand for a library's function `train`, which also `fit` of its estimators calls.

    Args:
        integration: Which logs.
        log: `log(recorder, original, *args, **kwargs)` trains and logs.
        original: The function.
        args: Its arguments by position.
        kwargs: Its arguments by name.
    """
    with sessions.training(original.function) as session:
        if not session.may_log:
            original(*args, **kwargs)
            return
        with sessions.run_of_training(integration, original) as run_id:
            log(Recorder(integration, run_id), original, *args, **kwargs)


def patch_boosters(
    integration: "Integration",
    kinds: Sequence[type],
    **arguments: str,
) -> None:
    """Let the estimators of a library log the model of their own class when they are trained.

    Params, metrics and files are logged by `train`, which their `fit` calls.

    Args:
        integration: The library.
        kinds: The estimators.
        arguments: More arguments of its `log_model`, each as the name of an option.
    """

    def fit(
        recorder: Recorder, original: "Original", estimator: Any, /, *args: Any, **kwargs: Any
    ) -> str | None:
        names = [name for name in signature_of(type(estimator).fit).parameters if name != "self"]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        example = Example(functools.partial(first_rows, given.get(names[0])))
        original(estimator, *args, **kwargs)
        if not integration.option("log_models"):
            return None
        rows, signature = example.for_model(integration, estimator.predict)
        options = {name: integration.option(option) for name, option in arguments.items()}
        return recorder.model(integration.name, estimator, signature=signature, input_example=rows, **options)

    patch_estimators(integration, kinds, fit, allows_inner=True)
    patch_surroundings(integration)


def log_importance(
    recorder: Recorder, kind: str, importance: Mapping[str, Any], *, indent: int | None = None
) -> None:
    """Store how important each feature is, as a table and as a figure.

    Args:
        recorder: The run.
        kind: Such as `weight` or `gain`.
        importance: A number for each feature, or one for each of its classes.
        indent: The indentation of the table, which is JSON.
    """

    def write(folder: Path) -> None:
        name = f"feature_importance_{kind}"
        (folder / f"{name}.json").write_text(json.dumps(importance, indent=indent), encoding="utf-8")
        try:
            _draw(folder / f"{name}.png", kind, importance)
        except Exception as error:  # noqa: BLE001 - the table is there
            recorder.integration.warn(f"the figure {name}.png could not be drawn", error)

    if importance:
        recorder.written(write)


def _draw(path: Path, kind: str, importance: Mapping[str, Any]) -> None:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values = np.array(list(importance.values()), dtype=float)
    by_class = values.ndim > 1
    values = values.reshape(len(values), -1)
    order = np.argsort(np.abs(values).sum(axis=1), kind="stable")
    features, classes = values.shape
    height = 4.8 + (0.1 * features if features > _CROWDED else 0) + (0.1 * classes if by_class else 0)
    figure = Figure(figsize=(6.4, height))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = np.arange(features)
    shifts = np.linspace(-0.25, 0.25, classes) if classes > 1 else [0.0]
    for number, shift in enumerate(shifts):
        axes.barh(
            places + shift,
            values[order, number],
            height=0.5 / max(classes - 1, 1),
            label=f"Class {number}",
        )
    axes.set_yticks(places, [list(importance)[position] for position in order])
    axes.set_xlabel("Importance")
    axes.set_title(f"Feature Importance ({kind})")
    if by_class:
        axes.legend()
    figure.tight_layout()
    figure.savefig(path)
