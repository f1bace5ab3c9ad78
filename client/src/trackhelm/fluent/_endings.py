"""How runs end that nobody ended: by the end of the process, an exception that nobody caught, or SIGTERM.

Handlers of others are called after ours; none is replaced.
"""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from trackhelm.fluent import _state

_is_watching = False
_status_at_exit = "FINISHED"


def watch() -> None:
    """Begin to watch for the end of this process; once is enough."""
    global _is_watching  # noqa: PLW0603 - the hooks are of the whole process
    if _is_watching:
        return
    _is_watching = True
    atexit.register(_end_at_exit)
    _chain_exception_hook()
    _chain_sigterm()


def _end_all(status: str) -> None:
    from trackhelm.fluent.runs import close_run

    for run in _state.open_runs():
        _state.forget_run(run)
        with suppress(Exception):
            close_run(run, status)


def _end_at_exit() -> None:
    _end_all(_status_at_exit)


def _chain_exception_hook() -> None:
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        global _status_at_exit  # noqa: PLW0603 - read at the end of the process
        _status_at_exit = "FAILED"
        before(kind, error, traceback)

    sys.excepthook = hook


def _chain_sigterm() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGTERM)
    if before is None or before is signal.SIG_IGN:
        return

    def handler(number: int, frame: FrameType | None) -> Any:
        global _status_at_exit  # noqa: PLW0603 - likewise
        _status_at_exit = "KILLED"
        # A handler of the program's own may let the program end its runs itself, for instance after a
        # checkpoint.
        if callable(before):
            return before(number, frame)
        _end_all("KILLED")
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        return None

    signal.signal(signal.SIGTERM, handler)

    def restore_in_child() -> None:
        # It has no run to end. Python calls a handler between two of its own instructions, so that a child
        # that waits in another library's code would not end by SIGTERM, which pools of processes count on.
        if signal.getsignal(signal.SIGTERM) is handler:
            signal.signal(signal.SIGTERM, before)

    os.register_at_fork(after_in_child=restore_in_child)
