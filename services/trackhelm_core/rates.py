"""Rates: how much somebody may send a second, counted in this process by the generic cell rate algorithm.

A bucket is one number: the moment at which all that was taken from it is earned. Taking is refused while that
moment is further ahead than the burst allows. What is more than the burst may be taken from a full bucket,
which goes into debt: it could never be taken otherwise. `trackhelm_ingest.metrics.appending` does the same in
Redis.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from trackhelm_core.errors import ApiError, ErrorCode

LONGEST_WAIT_SECONDS: Final = 30
"""What `Retry-After` says at the most. The stock client asks several times."""

_MOST_BUCKETS: Final = 100_000


class Rate(NamedTuple):
    """How much may be taken in a second, and how much at once from a full bucket."""

    per_second: int
    burst: int


class Buckets:
    """A bucket for each of many names. Used from one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # In the order in which they were last used.
        self._earned_at: OrderedDict[Hashable, float] = OrderedDict()

    def take(self, name: Hashable, rate: Rate, amount: int) -> float:
        """Take an amount from a bucket, and return 0; or take nothing, and return the seconds to wait."""
        now = self._clock()
        earned_at = max(self._earned_at.get(name, now), now)
        after = earned_at + amount / rate.per_second
        full_at = after - rate.burst / rate.per_second
        if full_at > now and earned_at > now:
            return min(full_at, earned_at) - now
        self._earned_at[name] = after
        self._earned_at.move_to_end(name)
        if len(self._earned_at) > _MOST_BUCKETS:
            self._earned_at.popitem(last=False)
        return 0.0


def too_fast(what: str, seconds: float) -> ApiError:
    """Return the refusal (429) of what exceeds a rate; `seconds` are what there is to wait."""
    return ApiError(
        ErrorCode.REQUEST_LIMIT_EXCEEDED,
        f"{what} Send the request again later.",
        retry_after_seconds=min(max(math.ceil(seconds), 1), LONGEST_WAIT_SECONDS),
    )
