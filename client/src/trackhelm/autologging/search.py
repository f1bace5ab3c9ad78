"""What a parameter search of scikit-learn logs: its results, and a child run for each of the best."""

import time
from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging.recording import Recorder
from trackhelm.autologging.sessions import AUTOLOGGING_TAG

if TYPE_CHECKING:
    from trackhelm.data import Dataset

_PARENT: Final = "mlflow.parentRunId"
_RANK: Final = "rank_test_score"
# The params are logged as such, and the single folds by their mean.
_NOT_METRICS: Final = ("param", "split")


def is_search(estimator: Any) -> bool:
    """Return whether an estimator is a grid search or a randomized one."""
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    return isinstance(estimator, GridSearchCV | RandomizedSearchCV)


def log_search(
    recorder: Recorder,
    found: Any,
    dataset: "Dataset | None",
    began_ms: int,
    best_id: str | None,
) -> None:
    """Log what a search found.

    Args:
        recorder: The search's run.
        found: The search after its `fit`.
        dataset: The training data.
        began_ms: When the search began, in milliseconds since 1970.
        best_id: The logged model of the best estimator, if there is one.
    """
    best: Mapping[str, Any] = {} if best_id is None else found.best_estimator_.get_params(deep=True)
    if hasattr(found, "best_score_"):
        recorder.metrics({"best_cv_score": found.best_score_}, dataset=dataset)
    recorder.params({f"best_{name}": value for name, value in getattr(found, "best_params_", {}).items()})
    if not hasattr(found, "cv_results_"):
        return
    try:
        _log_children(recorder, found, dataset, began_ms, best, best_id)
    except Exception as error:  # noqa: BLE001 - the table below may be logged
        recorder.integration.warn("child runs of the search may be missing", error)

    def write_results(folder: Path) -> None:
        import pandas as pd

        pd.DataFrame.from_dict(found.cv_results_).to_csv(folder / "cv_results.csv", index=False)

    recorder.written(write_results)


def _log_children(
    recorder: Recorder,
    found: Any,
    dataset: "Dataset | None",
    began_ms: int,
    best: Mapping[str, Any],
    best_id: str | None,
) -> None:
    from trackhelm.autologging.sklearn import estimator_tags
    from trackhelm.context import context_tags
    from trackhelm.fluent._state import destination
    from trackhelm.fluent.runs import active_run

    parent = active_run()
    if parent is None or parent.info.run_id != recorder.run_id:
        return
    seed = found.estimator
    params = seed.get_params(deep=not is_search(seed))
    tags = {
        **context_tags(),
        AUTOLOGGING_TAG: recorder.integration.name,
        _PARENT: recorder.run_id,
        **estimator_tags(seed),
    }
    ended_ms = time.time_ns() // 1_000_000
    log = destination().log
    for row in _best_rows(recorder, found.cv_results_):
        run_id = _create(parent.info.experiment_id, parent.info.start_time or began_ms, tags)
        child = Recorder(recorder.integration, run_id)
        given = row.get("params", {})
        child.params({**params, **given})
        if best and given.items() <= best.items():
            child.model_id = best_id
        child.metrics(
            {
                name: value
                for name, value in row.items()
                if isinstance(value, Number) and not name.startswith(_NOT_METRICS)
            },
            dataset=dataset,
        )
        child.input(dataset, "train")
        log.end_run(run_id, "FINISHED", ended_ms)


def _best_rows(recorder: Recorder, results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the best results as the options want them, the best first."""
    rows = [dict(zip(results, row, strict=True)) for row in zip(*results.values(), strict=True)]
    most = recorder.integration.option("max_tuning_runs")
    if most is None:
        return rows
    rank = _RANK
    if rank not in results:
        rank = next(name for name in results if "rank_test_" in name)
        recorder.integration.warn(f"the {most} best parameter sets are those by {rank}")
    return sorted(rows, key=lambda row: row[rank])[:most]


def _create(experiment_id: str, start_time_ms: int, tags: Mapping[str, str]) -> str:
    """Create a run that is not the active one, on this machine's disk: nothing waits for the server."""
    import uuid

    from trackhelm.context.machine import user
    from trackhelm.fluent._state import active_experiment, destination
    from trackhelm.fluent.starting import generated_name

    run_id = uuid.uuid4().hex
    name = generated_name()
    destination().log.create_run(
        run_id,
        start_time_ms=start_time_ms,
        experiment_id=experiment_id or None,
        experiment_name=None if experiment_id else active_experiment()[1],
        run_name=name,
        user_id=user(),
        tags={**tags, "mlflow.runName": name},
    )
    return run_id
