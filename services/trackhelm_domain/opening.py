"""Opening the runtime of a process, for every composition.

Parts that only some services use are opened when a service first requests them. Must not migrate the
database.
"""

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from trackhelm_core.db.engine import make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.read_wait import ReadWaits
from trackhelm_core.runtime import Openers, Parts, Runtime
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_core.telemetry.surroundings import Certificates, DataDisk, certificate_files
from trackhelm_domain.access.rights import AccessChanges
from trackhelm_domain.audit import AuditTrail
from trackhelm_domain.journal_backlog import JournalBacklog
from trackhelm_domain.migrate import is_ready
from trackhelm_domain.outbox import DELIVER, Outbox
from trackhelm_domain.quotas.book import QuotaBook
from trackhelm_domain.quotas.usage import QuotaUse

if TYPE_CHECKING:
    from trackhelm_core.queue.connection import RedisConnection
    from trackhelm_core.queue.redis_backlog import RedisBacklog


def open_database(
    url: str,
    outbox: Outbox | None = None,
    access_changes: AccessChanges | None = None,
    quotas: QuotaBook | None = None,
) -> Database:
    """Open a database whose writes fill the outbox and the audit trail. This does not migrate it."""
    # What is announced of a quota goes to the outbox. The audit trail comes last, because it takes a lock for
    # which other writers wait.
    hooks = (
        access_changes or AccessChanges(),
        QuotaUse(quotas or QuotaBook()),
        outbox or Outbox(),
        AuditTrail(),
    )
    return Database(make_engine(url), hooks=hooks)


def open_runtime(
    storage: StorageSettings, redis: RedisSettings | None = None, openers: Openers | None = None
) -> Runtime:
    """Open the runtime that the settings describe. This does not migrate the database.

    Raises:
        ValueError: The settings contradict one another.
    """
    outbox = Outbox()
    closing = ExitStack()
    access_changes = AccessChanges()
    quotas = QuotaBook()
    database = open_database(storage.effective_database_url, outbox, access_changes, quotas)
    closing.callback(database.close)
    queue = None
    backlog: JournalBacklog | RedisBacklog
    backlog = JournalBacklog(database, (redis or RedisSettings()).read_wait_seconds)
    metrics = CollectorRegistry()
    if redis is not None and (redis_url := redis.effective_redis_url) is not None:
        if database.is_sqlite:
            closing.close()
            raise ValueError("TRACKHELM_REDIS_URL needs PostgreSQL: TRACKHELM_DATABASE_URL names SQLite")
        queue, backlog = _open_queue(redis_url, redis)
        closing.callback(queue.close)
        outbox.notify_by(partial(queue.send, DELIVER))
    reads = ReadWaits(backlog)
    for part in (reads.seconds, reads.waiting, reads.refused, DataDisk(storage.data)):
        metrics.register(part)
    if files := certificate_files(
        {
            "database": storage.given_database_url,
            "redis": redis.effective_redis_url if redis is not None else None,
        }
    ):
        metrics.register(Certificates(files))
    return Runtime(
        database=database,
        backlog=backlog,
        reads=reads,
        missing=partial(_missing, database, queue),
        redis=queue,
        metrics=metrics,
        parts=Parts(
            {
                Outbox: lambda: outbox,
                AccessChanges: lambda: access_changes,
                QuotaBook: lambda: quotas,
                **(openers or {}),
            }
        ),
        closing=closing,
    )


def _open_queue(url: str, settings: RedisSettings) -> "tuple[RedisConnection, RedisBacklog]":
    # With Celery, which the connection sends tasks by, they take 160 ms to import.
    from trackhelm_core.queue.connection import RedisConnection  # noqa: PLC0415
    from trackhelm_core.queue.redis_backlog import RedisBacklog  # noqa: PLC0415

    queue = RedisConnection(url, settings)
    return queue, RedisBacklog(queue)


def _missing(database: Database, queue: "RedisConnection | None") -> str | None:
    if not is_ready(database.engine):
        return "The database has not the schema this version needs: run `migrate`."
    return None if queue is None else queue.missing()
