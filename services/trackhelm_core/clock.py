"""The clock: times in milliseconds since the epoch, as the API has them."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns milliseconds since the epoch. It is passed as an argument, so that a test can set the time."""


def now_ms() -> int:
    """Return the present time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
