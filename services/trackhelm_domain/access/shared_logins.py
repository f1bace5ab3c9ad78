"""Failed logins that are counted by all processes of a stack together, in Redis.

A process imports this only if it has a Redis. While that is away, what the process itself has counted holds.
"""

import hashlib
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

from trackhelm_core.queue.names import failed_logins_of
from trackhelm_domain.access.logins import (
    ADDRESS_FAILURES,
    ALL_FAILURES,
    NAME_FAILURES,
    WINDOW_SECONDS,
    FailedLogins,
    network_of,
)

log = structlog.get_logger(__name__)

# KEYS: the counters of the name, the address, and all. ARGV: seconds of the window, which begins with the
# first failure; whether to count one; the most of each, of which the last is for addresses that have failed.
# Returns 0, and counts nothing, if there are too many.
_COUNT: Final = """
local found = {}
for index, key in ipairs(KEYS) do found[index] = tonumber(redis.call('GET', key) or '0') end
if ARGV[3] then
  if found[1] >= tonumber(ARGV[3]) or found[2] >= tonumber(ARGV[4])
    or (found[2] > 0 and found[3] >= tonumber(ARGV[5])) then return 0 end
end
if ARGV[2] == '1' then
  for _, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end
  end
end
return 1
"""

# KEYS: counters. What has expired meanwhile stays away: without a window it would count for ever.
_GIVE_BACK: Final = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 1 then redis.call('DECR', key) else redis.call('DEL', key) end
end
"""

_MOST: Final = (NAME_FAILURES, ADDRESS_FAILURES, ALL_FAILURES)


class SharedFailedLogins(FailedLogins):
    """The failed logins of the last minutes, counted by this process and in Redis by all. It may block."""

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis

    def check(self, name: str, address: str) -> None:
        """Refuse a login whose name and address have failed too often; raises `ApiError` (429)."""
        super().check(name, address)
        if self._call(_COUNT, name, address, int(WINDOW_SECONDS), 0, *_MOST) == 0:
            raise self.refusal()

    def add(self, name: str, address: str) -> None:
        """Count a failure."""
        super().add(name, address)
        self._call(_COUNT, name, address, int(WINDOW_SECONDS), 1)

    def _reserve(self, name: str, address: str) -> None:
        super()._reserve(name, address)
        if self._call(_COUNT, name, address, int(WINDOW_SECONDS), 1, *_MOST) == 0:
            super()._give_back(name, address)
            raise self.refusal()

    def _give_back(self, name: str, address: str) -> None:
        super()._give_back(name, address)
        self._call(_GIVE_BACK, name, address)

    def _call(self, script: str, name: str, address: str, *arguments: int) -> object:
        """Return what a script answers about the counters of a name and an address; None without Redis."""
        counters = _counters(name, address)
        try:
            return self._redis.eval(script, len(counters), *counters, *arguments)
        except RedisError as error:
            log.warning("failed logins are counted by this process alone", error=repr(error))
            return None


def _counters(name: str, address: str) -> list[str]:
    network = network_of(address)
    # A digest, since what somebody typed as a name may be a password.
    named = hashlib.blake2b(f"{name.casefold()}\0{network}".encode(), digest_size=16).hexdigest()
    return [failed_logins_of(whose) for whose in (f"name:{named}", f"address:{network}", "all")]
