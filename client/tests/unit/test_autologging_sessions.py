"""Which training is inside which: by calls, in threads, and in the tasks of joblib."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from trackhelm.autologging import patching, sessions
from trackhelm.autologging.integrations import Integration


def test_what_is_inside_logs_nothing_unless_it_is_allowed() -> None:
    outer, inner = object(), object()
    with sessions.training(outer) as first:
        assert first.may_log
        with sessions.training(inner) as second:
            assert not second.may_log
            with sessions.training(object(), allows_inner=True) as third:
                assert not third.may_log
    with sessions.training(outer, allows_inner=True), sessions.training(inner) as second:
        assert second.may_log
    assert sessions.current_session() is None


def test_what_is_trained_already_logs_once() -> None:
    model = object()
    with sessions.training(model, allows_inner=True):
        with sessions.training(model) as again:
            assert not again.may_log
        with sessions.training(object(), allows_inner=True), sessions.training(model) as deeper:
            assert not deeper.may_log


def test_a_fit_that_calls_that_of_its_base_lets_log_what_it_lets_log_itself() -> None:
    model = object()
    with sessions.training(model, allows_inner=True), sessions.training(model, allows_inner=True):
        inner = sessions.Session(object(), sessions.current_session(), allows_inner=False)
        assert inner.may_log
    with sessions.training(model), sessions.training(model, allows_inner=True):
        inner = sessions.Session(object(), sessions.current_session(), allows_inner=False)
        assert not inner.may_log


def test_nothing_logs_while_it_is_suspended() -> None:
    with sessions.suspended(), sessions.training(object()) as inside:
        assert not inside.may_log


def test_threads_have_trainings_of_their_own() -> None:
    both = threading.Barrier(2, timeout=60)

    def train() -> bool:
        with sessions.training(object()) as session:
            both.wait()
            return session.may_log

    with ThreadPoolExecutor(2) as threads:
        assert [thread.result() for thread in [threads.submit(train), threads.submit(train)]] == [True, True]


class Parallel:
    """Calls tasks in threads, as joblib does."""

    def __init__(self, *, supports_sharedmem: bool) -> None:
        self._backend = type("Backend", (), {"supports_sharedmem": supports_sharedmem})()

    def __call__(self, tasks: Any) -> list[Any]:
        with ThreadPoolExecutor(2) as threads:
            return [
                one.result()
                for one in [threads.submit(function, *args, **kwargs) for function, args, kwargs in tasks]
            ]


def fit() -> bool:
    with sessions.training(object()) as session:
        return session.may_log


@pytest.mark.parametrize("shared", [True, False])
def test_threads_of_joblib_are_of_the_training_that_started_them(shared: bool) -> None:
    integration = Integration("library")
    integration.configure(
        {},
        lambda: patching.patch(integration, Parallel, "__call__", sessions.carry_into_threads),
    )
    try:
        parallel = Parallel(supports_sharedmem=shared)
        assert parallel([(fit, (), {})] * 3) == [True] * 3
        with sessions.training(object()):
            assert parallel([(fit, (), {})] * 3) == [not shared] * 3
        assert copy_context().run(sessions.current_session) is None
    finally:
        integration.configure({"disable": True}, lambda: None)
