"""Composes the services' tasks into a Celery application."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from celery import Celery

from trackhelm_artifact.objects.opening import ArtifactStores
from trackhelm_artifact.tasks import TASKS as ARTIFACT
from trackhelm_core.queue.broker import make_celery
from trackhelm_core.queue.tasks import Task
from trackhelm_core.runtime import Openers, Runtime
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_core.traces import CARRIED
from trackhelm_domain.locations import Places
from trackhelm_domain.opening import open_runtime
from trackhelm_ingest.tasks import TASKS as INGEST
from trackhelm_registry.tasks import TASKS as REGISTRY
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_worker.task_metrics import TaskMetrics

if TYPE_CHECKING:
    from trackhelm_core.telemetry.tracing import Tracing

TASKS: Sequence[Task] = (*INGEST, *ARTIFACT, *REGISTRY)


def build_celery(
    storage: StorageSettings,
    redis: RedisSettings,
    metrics: TaskMetrics | None = None,
    tracing: "Tracing | None" = None,
) -> Celery:
    """Return the application that runs and schedules every service's tasks.

    `metrics` count those that it runs, and `tracing` records spans of them.

    The first task of a process opens its runtime, because the processes that a worker forks must not inherit
    pools of connections. What only some tasks use (the object store, the key of secrets) is opened by the
    first of these.
    """
    app = make_celery(redis)

    stores = cache(partial(ArtifactStores.open, storage))
    openers: Openers = {
        ArtifactStores: stores,
        Places: lambda: stores().places,
        WebhookConfiguration: partial(WebhookConfiguration.open, storage, redis),
    }
    opened: list[Runtime] = []
    opening = Lock()

    def runtime() -> Runtime:
        with opening:
            if not opened:
                opened.append(open_runtime(storage, redis, openers))
            return opened[0]

    for task in TASKS:
        _register(app, task, runtime, metrics, tracing)
    app.conf.beat_schedule = {
        task.name: {
            "task": task.name,
            "schedule": task.every_seconds,
            # A task that no worker took before the next one is due expires, because it would only be
            # repeated.
            "options": {"queue": task.queue.value, "expires": task.every_seconds},
        }
        for task in TASKS
        if task.every_seconds is not None
    }
    return app


def _register(
    app: Celery,
    task: Task,
    runtime: Callable[[], Runtime],
    metrics: TaskMetrics | None,
    tracing: "Tracing | None",
) -> None:
    def run(*arguments: Any) -> None:
        task.run(runtime(), *arguments)

    def run_traced(*arguments: Any) -> None:
        assert tracing is not None
        # Celery keeps what a message carries among the attributes of the request.
        carried = {name: found for name in CARRIED if (found := registered.request.get(name))}
        with tracing.task(task.name, task.queue.value, carried):
            task.run(runtime(), *arguments)

    counted = {} if metrics is None else {"Request": metrics.request_of(task)}
    registered = app.task(run if tracing is None else run_traced, name=task.name, **counted)
