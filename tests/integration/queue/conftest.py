"""The parts of the split shape over a real Redis and a real PostgreSQL, put together by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.fixtures.backing_services import REDIS, Stoppable
from tests.fixtures.databases import migrated_postgres_database
from tests.fixtures.factories import Factory
from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points, merge
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.read_wait import Backlog
from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_domain.locations import Places
from trackhelm_domain.opening import open_runtime
from trackhelm_domain.tables import Key, MetricChunk, Run, Series


@dataclass(frozen=True)
class Split:
    """The database and the queue of a test, and what a test asks of them."""

    runtime: Runtime
    redis: RedisConnection
    server: Stoppable
    factory: Factory

    @property
    def backlog(self) -> Backlog:
        """What reads wait for."""
        return self.runtime.backlog

    def new_run(self) -> str:
        return self.factory.run("0")

    def points(self, run: str, key: str = "loss") -> Points:
        """Return the stored points of a metric."""
        with self.runtime.database.reading() as session:
            found = session.scalars(
                select(MetricChunk.data)
                .join(Series, Series.id == MetricChunk.series_id)
                .join(Run, Run.id == Series.run_id)
                .join(Key, Key.id == Series.key_id)
                .where(Run.uuid == run, Key.name == key)
            )
            return merge([decode(data) for data in found])

    def steps(self, run: str, key: str = "loss") -> list[int]:
        steps: list[int] = self.points(run, key).steps.tolist()
        return steps

    def chunks(self, run: str) -> int:
        """Return of how many chunks the run's metrics are."""
        with self.runtime.database.reading() as session:
            statement = select(func.count()).select_from(MetricChunk)
            statement = statement.join(Series, Series.id == MetricChunk.series_id)
            return int(session.scalars(statement.join(Run).where(Run.uuid == run)).one())

    def count(self, run: str) -> int:
        """Return what the series of a run count."""
        with self.runtime.database.reading() as session:
            statement = select(func.coalesce(func.sum(Series.count), 0)).join(Run, Run.id == Series.run_id)
            return int(session.execute(statement.where(Run.uuid == run)).scalar_one())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stoppable]:
    server = Stoppable(REDIS, tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> str:
    return migrated_postgres_database(postgres_server)


@pytest.fixture
def split(server: Stoppable, postgres_url: str, tmp_path: Path) -> Iterator[Split]:
    """Yield an empty queue over a database whose positions are those of the queue before."""
    settings = RedisSettings(
        redis_url=server.url,
        redis_timeout_seconds=1,
        queue_partitions=2,
        queue_backlog=500,
        read_wait_seconds=2,
    )
    storage = StorageSettings(data=tmp_path, database_url=postgres_url)
    runtime = open_runtime(storage, settings, {Places: Places})
    assert runtime.redis is not None
    runtime.redis.client.flushall()
    yield Split(runtime, runtime.redis, server, Factory(runtime.database))
    runtime.close()
