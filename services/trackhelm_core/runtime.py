"""What a process holds for as long as it runs: made once, passed down, closed in reverse order."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Self

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from trackhelm_core.clock import Clock, now_ms
from trackhelm_core.db.engine import make_engine
from trackhelm_core.db.migrate import is_ready
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.objects.locations import Locations
from trackhelm_core.objects.opening import open_store
from trackhelm_core.objects.store import ObjectStore
from trackhelm_core.places import Places
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.secrets import SecretBox
from trackhelm_core.settings import ObjectSettings, RedisSettings, StorageSettings, WebhookSettings
from trackhelm_core.webhooks.task import DELIVER


@dataclass(frozen=True, slots=True)
class Runtime:
    """A process's connections to the world."""

    database: Database
    objects: ObjectStore
    locations: Locations
    places: Places = field(default_factory=Places)
    clock: Clock = now_ms
    redis: RedisConnection | None = None
    """The queue of metrics; None when embedded."""
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    secrets: SecretBox = field(default_factory=SecretBox)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    """What `/metrics` shows."""
    _closing: ExitStack = field(default_factory=ExitStack, repr=False)

    @classmethod
    def from_settings(
        cls,
        storage: StorageSettings,
        redis: RedisSettings | None = None,
        artifacts: ObjectSettings | None = None,
        webhooks: WebhookSettings | None = None,
    ) -> Self:
        """Open what the settings name, those for artifacts and webhooks being read where none are given.

        The database is not migrated here, and a bucket may still be away.

        Raises:
            ValueError: The settings contradict one another, or name no store, or a key is none.
        """
        artifacts = artifacts or ObjectSettings()
        webhooks = webhooks or WebhookSettings()
        secrets = secret_box(storage, redis, webhooks)
        closing = ExitStack()
        database = Database(make_engine(storage.effective_database_url))
        closing.callback(database.close)
        store_url = artifacts.artifacts_url or storage.artifact_folder.as_uri()
        objects = open_store(store_url, artifacts)
        queue = None
        metrics = CollectorRegistry()
        if redis is not None and (redis_url := redis.effective_redis_url) is not None:
            if database.is_sqlite:
                closing.close()
                raise ValueError("TRACKHELM_REDIS_URL needs PostgreSQL: TRACKHELM_DATABASE_URL names SQLite")
            queue = RedisConnection(redis_url, redis)
            metrics.register(queue.read_wait)
            closing.callback(queue.close)
            database.on_announced = partial(queue.send, DELIVER)
        return cls(
            database=database,
            objects=objects,
            locations=Locations(artifacts),
            places=Places(store_url),
            redis=queue,
            metrics=metrics,
            webhooks=webhooks,
            secrets=secrets,
            _closing=closing,
        )

    def missing(self) -> str | None:
        """Return what the process waits for before it can serve, in words for who operates it.

        Raises `SQLAlchemyError` when the database does not answer.
        """
        if not is_ready(self.database.engine):
            return "The database has not the schema this version needs: run `migrate`."
        return None if self.redis is None else self.redis.missing()

    def close(self) -> None:
        """Close everything, the last opened first."""
        self._closing.close()


def secret_box(storage: StorageSettings, redis: RedisSettings | None, webhooks: WebhookSettings) -> SecretBox:
    """Return what seals secrets. Raises `ValueError` if a key is none."""
    # Behind a queue there may be several machines, which could not share a key that one of them makes.
    alone = redis is None or redis.effective_redis_url is None
    return SecretBox(webhooks.keys, storage.data.absolute() / "secret.key" if alone else None)


async def _runtime(request: Request) -> Runtime:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
"""The parameter type by which an endpoint asks for the process's runtime."""
