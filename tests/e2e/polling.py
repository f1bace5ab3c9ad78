"""Wait for a condition, never for a time: the only place of the suite that sleeps."""

import time
from collections.abc import Callable

INTERVAL_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return as soon as the condition holds, or raise TimeoutError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(INTERVAL_SECONDS)
