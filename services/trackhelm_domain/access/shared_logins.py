"""Failed logins that are counted by all processes of a stack together, in Redis.

A process imports this only if it has a Redis. While that is away, what the process itself has counted holds.
"""

import hashlib
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

from trackhelm_core.queue.names import failed_logins_of
from trackhelm_domain.access.logins import WINDOW_SECONDS, FailedLogins, network_of

log = structlog.get_logger(__name__)

# KEYS: counters. ARGV: seconds of the window, which begins with the first failure.
_COUNT: Final = """
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end
end
"""


class SharedFailedLogins(FailedLogins):
    """The failed logins of the last minutes, counted by this process and in Redis by all. It may block."""

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis

    def check(self, name: str, address: str) -> None:
        """Refuse a login whose name and address have failed too often; raises `ApiError` (429)."""
        super().check(name, address)
        try:
            found = self._redis.mget(_counters(name, address))
        except RedisError as error:
            log.warning("failed logins are counted by this process alone", error=repr(error))
            return
        by_name, of_address, of_all = (int(count or 0) for count in found)
        self.refuse_after(by_name, of_address, of_all)

    def add(self, name: str, address: str) -> None:
        """Count a failure."""
        super().add(name, address)
        counters = _counters(name, address)
        try:
            self._redis.eval(_COUNT, len(counters), *counters, int(WINDOW_SECONDS))
        except RedisError as error:
            log.warning("a failed login was counted by this process alone", error=repr(error))


def _counters(name: str, address: str) -> list[str]:
    network = network_of(address)
    # A digest, since what somebody typed as a name may be a password.
    named = hashlib.blake2b(f"{name.casefold()}\0{network}".encode(), digest_size=16).hexdigest()
    return [failed_logins_of(whose) for whose in (f"name:{named}", f"address:{network}", "all")]
