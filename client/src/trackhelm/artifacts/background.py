"""Artifacts that are sent in the background, by one thread in the order in which they were given."""

import atexit
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

_logger = logging.getLogger("trackhelm")
_sender: ThreadPoolExecutor | None = None
_waiting: set[Future[Any]] = set()


def submit(store: Callable[..., None], *arguments: Any) -> None:
    """Let something be stored soon. What fails is logged as a warning and raises nothing."""
    global _sender  # noqa: PLW0603 - one sender for a process, which most processes never need
    if _sender is None:
        _sender = ThreadPoolExecutor(1, thread_name_prefix="trackhelm-artifacts")
        atexit.register(flush)
    future = _sender.submit(_store, store, arguments)
    _waiting.add(future)
    future.add_done_callback(_waiting.discard)


def flush() -> None:
    """Wait until everything is stored."""
    wait(list(_waiting))


def _store(store: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    try:
        store(*arguments)
    except Exception as error:  # noqa: BLE001 - it must not reach the training that goes on
        _logger.warning("An artifact could not be stored: %s", error)
