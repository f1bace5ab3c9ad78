"""Finding partitions with a backlog that nobody drains: their worker was killed, or a message was lost."""

from typing import Final

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import drainer_of, stream_of
from trackhelm_ingest.appending import CALLED_SECONDS
from trackhelm_ingest.store.positions import known_partitions

SWEEP_EVERY_SECONDS: Final = 5.0


def abandoned_partitions(redis: RedisConnection, database: Database) -> list[int]:
    """Return the partitions that a worker must be called to; each is marked as called."""
    with database.reading() as session:
        # Those beyond the present number, too: it may have been larger.
        partitions = sorted(known_partitions(session) | set(range(redis.settings.queue_partitions)))
    with redis.client.pipeline(transaction=False) as pipeline:
        for partition in partitions:
            pipeline.xlen(stream_of(partition))
        lengths = pipeline.execute()
    return [
        partition
        for partition, length in zip(partitions, lengths, strict=True)
        if length and redis.client.set(drainer_of(partition), "called", nx=True, ex=CALLED_SECONDS)
    ]
