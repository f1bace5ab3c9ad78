"""`trackhelm-server worker` runs the services' tasks from the queues, and `beat` sends the periodic ones.

Run only one beat: a second would repeat the tasks.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from celery import Celery
from celery.signals import (
    after_task_publish,
    beat_init,
    setup_logging,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

from trackhelm_cli.monitoring import Monitoring
from trackhelm_cli.opening import open_tracing
from trackhelm_cli.options import (
    DatabaseOption,
    DataOption,
    failed,
    load,
    load_webhooks,
    warn_of_unknown_names,
)
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_core.settings import LogSettings, RedisSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_stack.roles import BEAT_READY, WORKER_READY
from trackhelm_worker.compose import TASKS, build_celery
from trackhelm_worker.task_metrics import TaskMetrics, count_sent

if TYPE_CHECKING:
    from trackhelm_core.telemetry.tracing import Tracing


def _load_celery(
    data: Path | None,
    database_url: str | None,
    metrics: TaskMetrics | None = None,
    tracing: "Tracing | None" = None,
) -> Celery:
    """Return the application for the settings and options; exit 2 without a Redis."""
    storage = load(StorageSettings, data=data, database_url=database_url)
    redis = load(RedisSettings)
    load_webhooks()
    if redis.effective_redis_url is None:
        raise failed("TRACKHELM_REDIS_URL is not set: tasks wait in Redis")
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    # If this signal has a receiver, Celery does not configure logging.
    setup_logging.connect(_keep_logging)
    return build_celery(storage, redis, metrics, tracing)


def _keep_logging(**_: Any) -> None:
    """Do nothing."""


def _announce_beat(**_: Any) -> None:
    typer.echo(BEAT_READY)


def beat() -> None:
    """Send periodic tasks until the process is stopped."""
    monitoring = Monitoring()
    after_task_publish.connect(count_sent(monitoring.metrics), weak=False)
    app = _load_celery(None, None)
    beat_init.connect(_announce_beat)
    beat_init.connect(monitoring.set_ready)
    monitoring.listen_as("beat")
    app.Beat(
        # The schedule is in memory only, because each task may be sent again at any time.
        scheduler_cls="celery.beat:Scheduler",
        redirect_stdouts=False,
        quiet=True,
    ).run()


def _announce_worker(**_: Any) -> None:
    typer.echo(WORKER_READY)


def worker(
    data: DataOption = None,
    database_url: DatabaseOption = None,
    queues: Annotated[
        list[TaskQueue] | None, typer.Option("--queue", help="Queue to take tasks from; default: all.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Tasks that run at once; default: one a processor.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Run so many tasks at once on threads of one process: for calls that wait."),
    ] = None,
) -> None:
    """Run tasks until the process is stopped; the database must have been migrated."""
    monitoring = Monitoring()
    taken = list(queues or TaskQueue)
    counted = TaskMetrics(monitoring.metrics, [task for task in TASKS if task.queue in taken])
    tracing = open_tracing("worker")
    app = _load_celery(data, database_url, counted, tracing)
    worker_ready.connect(_announce_worker)
    worker_ready.connect(monitoring.set_ready)
    worker_shutting_down.connect(monitoring.set_stopping)
    monitoring.listen_as("worker")

    process = app.Worker(
        queues=[queue.value for queue in taken],
        pool="threads" if threads else "prefork",
        concurrency=threads or concurrency,
        redirect_stdouts=False,
        # Workers do not exchange anything here, and looking for other workers takes a second.
        without_mingle=True,
        without_gossip=True,
        quiet=True,
    )
    if tracing is not None:
        # Each process of the pool has spans of its own, which it sends before it ends.
        worker_process_shutdown.connect(lambda **_: tracing.close(), weak=False)
    process.start()
    if tracing is not None:
        tracing.close()
    raise typer.Exit(process.exitcode or 0)
