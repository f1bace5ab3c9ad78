"""The connection of a process to Redis, and several commands in one round trip.

The client takes 60 ms to import: only a process that has a Redis imports this.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import hiredis
import structlog
from kombu.exceptions import KombuError
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from trackhelm_core.queue.broker import make_celery, waiting_of
from trackhelm_core.queue.names import COUNTS, PARTITIONS, RUNS_EPOCH
from trackhelm_core.queue.tasks import Sendable, TaskQueue
from trackhelm_core.settings import RedisSettings
from trackhelm_core.traces import Trace, bound_trace

# Several commands to Redis in one round trip, without the cost of redis-py's pipeline.
#
# The pipeline encodes commands in Python, argument by argument: with eight entries of one point that was half
# of the CPU time of a round trip. hiredis encodes them in C.

Command = tuple[bytes | str | int, ...]

# The type stub of hiredis says, wrongly, that it takes tuples of one element.
_packed: Final[Callable[[Command], bytes]] = cast("Any", hiredis.pack_command)


async def round_trip(client: AsyncRedis, commands: Sequence[Command]) -> list[Any]:
    """Return the answer to each command; for a command that Redis refuses it is the `ResponseError`.

    Raises:
        RedisError: Redis is down or does not answer. Any of the commands may have been executed.
    """
    packed = b"".join(map(_packed, commands))
    pool = client.connection_pool
    connection = await pool.get_connection()  # type: ignore[no-untyped-call] # redis-py has no types here
    try:
        await connection.send_packed_command(packed, check_health=False)
        return [await _answer(connection) for _ in commands]
    finally:
        # A connection that failed, or whose answers were not all read, has been closed before.
        await pool.release(connection)


async def _answer(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as refusal:
        return refusal


log = structlog.get_logger(__name__)

# The client does not retry: that would multiply the time for which a request waits for a Redis that is down.
# The request is answered 503 instead, and the caller sends it again.
_RETRIES: Final = 0


DELETED_SECONDS: Final = 300
"""How long a change is marked: longer than a process caches a run and then waits to append to it."""

# KEYS: epoch of runs, mark of the change. ARGV: seconds of the mark.
_BEGIN_EPOCH: Final = "redis.call('SET', KEYS[2], redis.call('INCR', KEYS[1]), 'EX', ARGV[1])"


class RedisConnection:
    """The clients of one Redis, and the settings of the queue in it."""

    def __init__(self, url: str, settings: RedisSettings) -> None:
        self.url = url
        self.settings = settings
        self.client = self.blocking_client(0)
        self._celery = make_celery(settings)

    def blocking_client(self, longest_block_seconds: float) -> Redis:
        """Return a client for commands that block at the server; the caller closes it."""
        retry = Retry(NoBackoff(), _RETRIES)
        return Redis.from_url(self.url, retry=retry, **self._options(longest_block_seconds))

    def async_client(self) -> AsyncRedis:
        """Return a client for the running event loop; the caller closes it."""
        return AsyncRedis.from_url(self.url, retry=AsyncRetry(NoBackoff(), _RETRIES), **self._options(0))

    def send(self, task: Sendable, *arguments: Any, trace: Trace | None = None) -> None:
        """Send a task to the workers; log a failure. Beat or the next request will send the task again.

        The task's span is below that of `trace`, by default of what sends it.
        """
        trace = trace or bound_trace.get()
        try:
            self._celery.send_task(
                task.name,
                args=arguments,
                queue=task.queue.value,
                countdown=task.delay_seconds or None,
                headers=dict(trace.carried_to(task.name)) if trace else None,
            )
        except (KombuError, RedisError, OSError) as error:
            log.warning("a task was not sent", task=task.name, arguments=arguments, error=repr(error))

    def tasks_waiting(self, queue: TaskQueue) -> int:
        """Return how many tasks are queued and not taken by a worker yet."""
        return int(self.client.llen(waiting_of(queue)))

    def count(self, name: str) -> None:
        """Add one to a number of `COUNTS`; log a failure."""
        try:
            self.client.hincrby(COUNTS, name, 1)
        except RedisError as error:
            log.warning("an event was not counted", name=name, error=repr(error))

    def begin_epoch(self, mark: str) -> bool:
        """Make every process look up again what it knows of runs and of who may log to them.

        `mark` says of which runs. Return whether Redis knows it.
        """
        try:
            self.client.eval(_BEGIN_EPOCH, 2, RUNS_EPOCH, mark, DELETED_SECONDS)
        except RedisError as error:
            log.warning("no new epoch of runs", error=repr(error))
            return False
        return True

    def missing(self) -> str | None:
        """Return why the queue cannot be used, as a message for the operator; None if it can be used."""
        own = self.settings.queue_partitions
        try:
            begun_with = self._partitions(own)
        except RedisError:
            return "The queue of metrics does not answer: Redis is away."
        if begun_with != own:
            return (
                f"The queue of metrics has {begun_with} partitions, and this process is set to {own}: "
                f"set TRACKHELM_QUEUE_PARTITIONS to {begun_with} in every process."
            )
        return None

    def _partitions(self, own: int) -> int:
        # The first process that connects sets the number. If two processes used different numbers, points of
        # one run would go into two partitions, and a read would wait for one of the two only.
        if (noted := self.client.get(PARTITIONS)) is None:
            self.client.set(PARTITIONS, own, nx=True)
            noted = self.client.get(PARTITIONS)
        return own if noted is None else int(noted)

    def close(self) -> None:
        """Close the shared clients."""
        self._celery.close()
        self.client.close()

    def _options(self, block: float) -> dict[str, Any]:
        timeout = self.settings.redis_timeout_seconds
        # Version 2 of the protocol, because some answers have another form in version 3.
        return {"socket_timeout": timeout + block, "socket_connect_timeout": timeout, "protocol": 2}
