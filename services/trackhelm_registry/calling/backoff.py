"""How long a failed delivery waits for its next attempt."""

import random
from typing import Final

_FIRST_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 3_600.0
# So that what failed together is not attempted together.
_JITTER: Final = 0.25


def wait_seconds(attempts: int) -> float:
    """Return the seconds to wait after so many attempts: each wait twice the one before, up to an hour."""
    doubled: float = min(_FIRST_SECONDS * 2.0 ** min(attempts - 1, 20), _LONGEST_SECONDS)
    return doubled * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - not a secret
