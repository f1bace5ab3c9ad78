"""What is active in this process: the experiment, and the runs of each thread.

A forked child has no active run, since its parent ends that of its own.
"""

import os
import threading
from typing import TYPE_CHECKING

from trackhelm.destinations import Destination, destination_of, get_tracking_uri

if TYPE_CHECKING:
    from trackhelm.fluent.runs import ActiveRun


class _Stack(threading.local):
    """The active runs of a thread, the innermost last."""

    def __init__(self) -> None:
        self.runs: list[ActiveRun] = []
        _every_stack.append(self.runs)


_every_stack: "list[list[ActiveRun]]" = []
"""The active runs of all threads, for the end of the process."""
_stack = _Stack()
_last_run_id: str | None = None
_experiment: tuple[str | None, str | None] = (None, None)
"""The id and the name of the active experiment. The id is None where no server could be asked for it."""


def active_runs() -> _Stack:
    """Return what has the active runs of each thread, for a loop that asks often."""
    return _stack


def stack() -> "list[ActiveRun]":
    """Return the active runs of this thread, the innermost last."""
    return _stack.runs


def open_runs() -> "list[ActiveRun]":
    """Return the active runs of all threads, the innermost of each first."""
    return [run for runs in _every_stack for run in reversed(runs)]


def forget_run(run: "ActiveRun") -> None:
    """Take a run off the stack that it is on, whichever thread's that is."""
    for runs in _every_stack:
        if run in runs:
            runs.remove(run)


def set_last_run(run_id: str) -> None:
    """Note the run that `last_active_run` returns."""
    global _last_run_id  # noqa: PLW0603 - one for a process, as in MLflow
    _last_run_id = run_id


def last_run_id() -> str | None:
    """Return the id of the run that is or was active last."""
    return _last_run_id


def set_active_experiment(experiment_id: str | None, name: str | None) -> None:
    """Note the active experiment, also for programs that this one starts."""
    global _experiment  # noqa: PLW0603 - likewise
    _experiment = experiment_id, name
    if experiment_id is not None:
        os.environ["MLFLOW_EXPERIMENT_ID"] = experiment_id


def active_experiment() -> tuple[str | None, str | None]:
    """Return the id and the name of the active experiment, None where they are not known."""
    return _experiment


def forget_experiment() -> None:
    """Have no active experiment: that of another server means nothing to this one."""
    global _experiment  # noqa: PLW0603 - likewise
    if _experiment[0] is not None and os.environ.get("MLFLOW_EXPERIMENT_ID") == _experiment[0]:
        del os.environ["MLFLOW_EXPERIMENT_ID"]
    _experiment = (None, None)


def destination() -> Destination:
    """Return where this process logs."""
    return destination_of(get_tracking_uri())


def _reset_in_child() -> None:
    for runs in _every_stack:
        runs.clear()


os.register_at_fork(after_in_child=_reset_in_child)
