"""Which training is inside which, and the run that a training logs to.

A training inside another, such as the fits of a grid search, logs nothing of its own unless the outer one
allows it. What is inside what follows the call, not the process: two threads that train log two runs, and
the threads that joblib starts for one training belong to it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration
    from trackhelm.autologging.patching import Original

AUTOLOGGING_TAG: Final = "mlflow.autologging"

_managed_runs: set[str] = set()
"""The runs that autologging has started and not ended."""


class Session:
    """A training that is going on.

    Args:
        subject: What is trained; None for what logs nothing, whatever it trains.
        outer: The training inside of which it is.
        allows_inner: Whether what is trained inside of it may log to its run.
    """

    def __init__(self, subject: object, outer: "Session | None", *, allows_inner: bool) -> None:
        self.subject = subject
        self.outer = outer
        self.allows_inner = allows_inner

    @property
    def may_log(self) -> bool:
        """Whether it logs: it is outermost or allowed, and its subject is not being trained already."""
        if self.subject is None:
            return False
        return self.outer is None or (self.outer.lets_inner_log and not self._is_repeated)

    @property
    def lets_inner_log(self) -> bool:
        """Whether what is trained inside of it may log.

        A `fit` that calls that of its base class trains the same again, and allows what the outer one does.
        """
        if self.outer is not None and self._is_repeated:
            return self.outer.lets_inner_log
        return self.allows_inner and self.may_log

    @property
    def _is_repeated(self) -> bool:
        """Whether its subject is being trained already."""
        outer = self.outer
        while outer is not None and outer.subject is not self.subject:
            outer = outer.outer
        return self.subject is not None and outer is not None


_session: ContextVar[Session | None] = ContextVar("trackhelm_autologging_session", default=None)


def current_session() -> Session | None:
    """Return the innermost training that is going on; None if there is none."""
    return _session.get()


@contextmanager
def training(subject: object, *, allows_inner: bool = False) -> Iterator[Session]:
    """Say that something is trained in the block, and tell whether it may log."""
    session = Session(subject, _session.get(), allows_inner=allows_inner)
    token = _session.set(session)
    try:
        yield session
    finally:
        _session.reset(token)


@contextmanager
def suspended() -> Iterator[None]:
    """Let nothing be logged by itself in the block."""
    with training(None):
        yield


@contextmanager
def run_of_training(integration: "Integration", original: "Original") -> Iterator[str]:
    """Give the id of the active run, or of one that is started for the training and ended after it.

    The run that is started has the tag `mlflow.autologging`. It ends as `FAILED` if the training raised.
    """
    from trackhelm.fluent.runs import active_run, end_run, start_run

    active = active_run()
    if active is not None:
        yield active.info.run_id
        return
    tags = {AUTOLOGGING_TAG: integration.name, **(integration.option("extra_tags") or {})}
    run_id = start_run(tags=tags).info.run_id
    _managed_runs.add(run_id)
    try:
        yield run_id
    finally:
        _managed_runs.discard(run_id)
        active = active_run()
        if active is not None and active.info.run_id == run_id:
            end_run("FINISHED" if original.failure is None else "FAILED")


def is_managed(run_id: str) -> bool:
    """Return whether a run was started by autologging, and not by the user."""
    return run_id in _managed_runs


class _Carried:
    """A task of joblib that knows inside of which training it was given."""

    def __init__(self, function: Callable[..., Any], session: Session) -> None:
        self._function = function
        self._session = session

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        token = _session.set(self._session)
        try:
            return self._function(*args, **kwargs)
        finally:
            _session.reset(token)


def carry_into_threads(original: "Original", parallel: Any, iterable: Iterable[Any]) -> None:
    """Let the tasks that joblib runs in threads know inside of which training they are.

    This stands for `joblib.Parallel.__call__`. Tasks of other processes are left as they are: nothing is
    logged by itself there.
    """
    session = _session.get()
    if session is None or not getattr(getattr(parallel, "_backend", None), "supports_sharedmem", False):
        original(parallel, iterable)
        return
    original(parallel, ((_Carried(task[0], session), *task[1:]) for task in iterable))
