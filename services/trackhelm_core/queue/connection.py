"""A process's connection to Redis."""

from typing import Any, Final

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import NoBackoff
from redis.retry import Retry

from trackhelm_core.settings import RedisSettings

# Its own retries would triple the time that an absent Redis is waited for; callers are told to come back.
_RETRIES: Final = 0


class RedisConnection:
    """Clients of one Redis, with the settings of the queue in it."""

    def __init__(self, url: str, settings: RedisSettings) -> None:
        self.url = url
        self.settings = settings
        self.client: Redis = Redis.from_url(url, retry=Retry(NoBackoff(), _RETRIES), **self._timeouts(0))

    def blocking_client(self, longest_block_seconds: float) -> Redis:
        """Return a client whose commands may wait at the server; the caller closes it."""
        return Redis.from_url(
            self.url, retry=Retry(NoBackoff(), _RETRIES), **self._timeouts(longest_block_seconds)
        )

    def async_client(self) -> AsyncRedis:
        """Return a client for the running event loop; the caller closes it."""
        return AsyncRedis.from_url(self.url, **self._timeouts(0))

    def close(self) -> None:
        """Close the shared client."""
        self.client.close()

    def _timeouts(self, block: float) -> dict[str, Any]:
        timeout = self.settings.redis_timeout_seconds
        return {"socket_timeout": timeout + block, "socket_connect_timeout": timeout}
