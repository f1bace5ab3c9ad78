"""How well a trained estimator of scikit-learn does on its training data: metrics and figures.

Each metric and figure is computed on its own: one that cannot be computed is warned of and left out.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging.training_data import signature_of

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration

_BINARY: Final = 2
_SAVED: Final = {"savefig.dpi": 175, "figure.autolayout": True, "font.size": 8}


def metrics_of(
    integration: "Integration",
    estimator: Any,
    samples: Any,
    y: Any,
    weights: Any,
    positive: Any,
) -> dict[str, float]:
    """Return the metrics of a classifier or regressor, and the score of any estimator that has one.

    Args:
        integration: Which warns of metrics that cannot be computed.
        estimator: The trained estimator.
        samples: The samples.
        y: The targets.
        weights: The weights of the samples, or None.
        positive: The positive class, or None to average over the classes by their sizes.
    """
    from sklearn.base import is_classifier, is_regressor

    found: dict[str, float] = {}
    try:
        if is_classifier(estimator):
            wanted = _of_classifier(estimator, samples, y, weights, positive)
        elif is_regressor(estimator):
            wanted = _of_regressor(estimator, samples, y, weights)
        else:
            wanted = {}
    except Exception as error:  # noqa: BLE001 - there may still be a score
        integration.warn("the training metrics could not be computed", error)
        wanted = {}
    if hasattr(estimator, "score"):
        takes_weights = "sample_weight" in signature_of(estimator.score).parameters
        wanted["score"] = functools.partial(
            estimator.score, *((samples, y, weights) if takes_weights else (samples, y))
        )
    for name, compute in wanted.items():
        value = _computed(integration, name, compute)
        if value is not None:
            found[name] = value
    return found


def _computed(integration: "Integration", name: str, compute: Callable[[], float]) -> float | None:
    try:
        return compute()
    except Exception as error:  # noqa: BLE001 - the other metrics may be computed
        integration.warn(f"the metric {name} of the training could not be computed", error)
        return None


def _of_classifier(
    estimator: Any,
    samples: Any,
    y: Any,
    weights: Any,
    positive: Any,
) -> dict[str, Callable[[], float]]:
    from sklearn import metrics

    predicted = estimator.predict(samples)
    averaged = {
        "pos_label": positive,
        "average": "weighted" if positive is None else "binary",
        "sample_weight": weights,
    }
    wanted: dict[str, Callable[[], float]] = {
        name: functools.partial(getattr(metrics, name), y, predicted, **averaged)
        for name in ("precision_score", "recall_score", "f1_score")
    }
    wanted["accuracy_score"] = functools.partial(metrics.accuracy_score, y, predicted, sample_weight=weights)
    if hasattr(estimator, "predict_proba"):
        chances = estimator.predict_proba(samples)
        wanted["log_loss"] = functools.partial(metrics.log_loss, y, chances, sample_weight=weights)
        # Of two classes, the chance of the second is the score.
        scores = chances[:, 1] if len(chances[0]) == _BINARY else chances
        wanted["roc_auc"] = functools.partial(
            metrics.roc_auc_score, y, scores, average="weighted", sample_weight=weights, multi_class="ovo"
        )
    return wanted


def _of_regressor(
    estimator: Any,
    samples: Any,
    y: Any,
    weights: Any,
) -> dict[str, Callable[[], float]]:
    from sklearn import metrics

    predicted = estimator.predict(samples)
    errors = {
        name: functools.partial(getattr(metrics, name), y, predicted, sample_weight=weights)
        for name in ("mean_squared_error", "mean_absolute_error", "r2_score")
    }
    return {**errors, "root_mean_squared_error": lambda: errors["mean_squared_error"]() ** 0.5}


def write_files(
    integration: "Integration",
    estimator: Any,
    samples: Any,
    y: Any,
    weights: Any,
    folder: Path,
    prefix: str,
) -> None:
    """Write the estimator's drawing as HTML, and the figures of a classifier, into a folder.

    Args:
        integration: Which warns of figures that cannot be drawn.
        estimator: The trained estimator.
        samples: The samples.
        y: The targets, or None.
        weights: The weights of the samples, or None.
        folder: Where the files go.
        prefix: What the names of the figures begin with.
    """
    from sklearn.base import is_classifier
    from sklearn.utils import estimator_html_repr

    try:
        drawing = estimator_html_repr(estimator)
        (folder / "estimator.html").write_text(
            f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="UTF-8"/></head>\n<body>\n{drawing}\n'
            "</body>\n</html>\n",
            encoding="utf-8",
        )
    except Exception as error:  # noqa: BLE001 - the figures may be drawn
        integration.warn("the estimator could not be drawn", error)
    if y is None or not is_classifier(estimator):
        return
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        integration.warn("there are no figures of the training, since matplotlib is not installed")
        return
    for name, (title, draw) in _figures(estimator, samples, y, weights).items():
        with mpl.rc_context(_SAVED):
            _save(integration, draw, title, folder / f"{prefix}{name}.png")


def _save(integration: "Integration", draw: Callable[[Any], Any], title: str, path: Path) -> None:
    # Not by pyplot, whose figures are the user's and are drawn by one thread.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    try:
        figure = Figure(figsize=(6.0, 4.0))
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(title)
        figure.savefig(path, format="png")
    except Exception as error:  # noqa: BLE001 - the other figures may be drawn
        integration.warn(f"the figure {path.name} could not be drawn", error)


def _figures(
    estimator: Any,
    samples: Any,
    y: Any,
    weights: Any,
) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    from sklearn import metrics

    data = {"estimator": estimator, "X": samples, "y": y, "sample_weight": weights}
    labels = getattr(estimator, "classes_", None)
    classes = len(set(y) if labels is None else labels)

    def confusion(axes: Any) -> None:
        import matplotlib as mpl

        small = {"font.size": min(8.0, 50.0 / classes), "axes.labelsize": 8.0}
        with mpl.rc_context(small):
            metrics.ConfusionMatrixDisplay.from_estimator(**data, normalize="true", cmap="Blues", ax=axes)

    found: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "confusion_matrix": ("Normalized confusion matrix", confusion)
    }
    if len(set(y)) == _BINARY:
        found["roc_curve"] = (
            "ROC curve",
            lambda axes: metrics.RocCurveDisplay.from_estimator(**data, ax=axes),
        )
        found["precision_recall_curve"] = (
            "Precision recall curve",
            lambda axes: metrics.PrecisionRecallDisplay.from_estimator(**data, ax=axes),
        )
    return found
