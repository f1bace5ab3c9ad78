"""Starts the backing services for which no address is configured: PostgreSQL, Redis and an S3 server."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trackhelm_core.settings import PREFIX, ObjectSettings, RedisSettings, StorageSettings
from trackhelm_stack import seaweed
from trackhelm_stack.postgres import Postgres
from trackhelm_stack.program import Program
from trackhelm_stack.redis import Redis
from trackhelm_stack.seaweed import Seaweed

BACKING_PORTS: Final = 2 + seaweed.PORTS
"""How many ports the backing services need."""

_BUCKET: Final = "trackhelm"


class Backing:
    """The backing services of a stack, and the variables with which Trackhelm's processes find them."""

    def __init__(
        self,
        storage: StorageSettings,
        redis: RedisSettings,
        artifacts: ObjectSettings,
        ports: Sequence[int],
        secret: str,
    ) -> None:
        self._storage = storage
        self._redis = redis
        self._artifacts = artifacts
        self._postgres_port, self._redis_port, *self._s3_ports = ports
        self._secret = secret
        self.environment = {f"{PREFIX}DATA": str(storage.data.absolute())}
        """The variables with which Trackhelm's processes find everything; complete after `prepare`."""

    def prepare(self) -> list[Program]:
        """Create the missing folders, and return the programs to start."""
        return [*self._database(), *self._queue(), *self._objects()]

    def _database(self) -> list[Program]:
        if self._storage.given_database_url is not None:
            # A URL that is read from a file is found there by Trackhelm's processes, too.
            if self._storage.database_url is not None:
                self._tell(DATABASE_URL=self._storage.database_url)
            return []
        postgres = Postgres(self._storage.data / "postgres", self._postgres_port, self._secret)
        postgres.prepare()
        self._tell(DATABASE_URL=postgres.url)
        return [postgres.program()]

    def _queue(self) -> list[Program]:
        if self._redis.effective_redis_url is not None:
            if self._redis.redis_url is not None:
                self._tell(REDIS_URL=self._redis.redis_url)
            return []
        redis = Redis(self._storage.data / "redis", self._redis_port, self._secret)
        self._tell(REDIS_URL=redis.url)
        if "queue_partitions" not in self._redis.model_fields_set:
            partitions = redis.partitions()
            self._tell(**({} if partitions is None else {"QUEUE_PARTITIONS": str(partitions)}))
        return [redis.program()]

    def _objects(self) -> list[Program]:
        if self._artifacts.artifacts_url is not None or holds_files(self._storage.artifact_folder):
            return []
        server = Seaweed(self._storage.data / "s3", self._s3_ports, "trackhelm", self._secret)
        server.prepare()
        self._tell(
            ARTIFACTS_URL=f"s3://{_BUCKET}",
            S3_ENDPOINT=server.endpoint,
            S3_ACCESS_KEY=server.access_key,
            S3_SECRET_KEY=server.secret_key,
            S3_ALLOW_HTTP="true",
        )
        return [server.program()]

    def _tell(self, **variables: str) -> None:
        self.environment |= {f"{PREFIX}{name}": value for name, value in variables.items()}


def holds_files(folder: Path) -> bool:
    """Return whether a folder contains files: a stack that stored files in it before continues to do so."""
    return folder.is_dir() and any(folder.iterdir())
