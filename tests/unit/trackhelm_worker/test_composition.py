"""The worker is composed of the services' tasks: each under its name, by its queue, over one runtime."""

from typing import Any

import pytest
from celery import Celery

from trackhelm_artifact.objects.opening import ArtifactStores
from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_domain.locations import Places
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration
from trackhelm_worker import compose

# No one listens there: an application that is only made must not connect.
REDIS = RedisSettings(redis_url="redis://127.0.0.1:1/0")
STORAGE = StorageSettings(database_url="postgresql+psycopg://u@127.0.0.1:1/none")


@pytest.fixture(autouse=True)
def _no_other_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep from an application the tasks of those that other tests made: Celery shares them in a process."""
    monkeypatch.setattr("celery._state._on_app_finalizers", set())


def composed() -> Celery:
    return compose.build_celery(STORAGE, REDIS)


def test_every_task_is_registered_once_by_its_name() -> None:
    names = [task.name for task in compose.TASKS]
    assert len(set(names)) == len(names)
    own = {name for name in composed().tasks if not name.startswith("celery.")}
    assert own == set(names)


def test_tasks_of_each_service_are_among_them() -> None:
    assert {task.name.split(".")[1] for task in compose.TASKS} == {"ingest", "artifact", "registry"}


def test_beat_sends_what_recurs_to_its_queue_and_nothing_else() -> None:
    schedule = composed().conf.beat_schedule
    recurring = [task for task in compose.TASKS if task.every_seconds is not None]
    assert recurring
    assert schedule == {
        task.name: {
            "task": task.name,
            "schedule": task.every_seconds,
            "options": {"queue": task.queue.value, "expires": task.every_seconds},
        }
        for task in recurring
    }


def test_workers_know_every_queue() -> None:
    assert {queue.name for queue in composed().conf.task_queues} == {queue.value for queue in TaskQueue}


def test_a_worker_without_a_redis_is_refused() -> None:
    with pytest.raises(ValueError, match="TRACKHELM_REDIS_URL is not set"):
        compose.build_celery(STORAGE, RedisSettings())


def test_the_first_task_opens_the_runtime_and_all_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[object, ...]] = []
    opened: list[dict[Any, Any]] = []
    runtime = object()

    def open_runtime(storage: StorageSettings, redis: RedisSettings, openers: Any) -> object:
        assert (storage, redis) == (STORAGE, REDIS)
        opened.append(dict(openers))
        return runtime

    def run(name: str) -> Any:
        return lambda *given: ran.append((name, *given))

    tasks = (
        Task("first", TaskQueue.METRICS, run("first")),
        Task("second", TaskQueue.UPKEEP, run("second"), every_seconds=5),
    )
    monkeypatch.setattr(compose, "TASKS", tasks)
    monkeypatch.setattr(compose, "open_runtime", open_runtime)
    app = composed()
    assert opened == [], "processes that a worker forks must not inherit connections"
    app.tasks["first"](3, "x")
    app.tasks["second"]()
    app.tasks["first"]()
    assert ran == [("first", runtime, 3, "x"), ("second", runtime), ("first", runtime)]
    assert [set(openers) for openers in opened] == [{ArtifactStores, Places, WebhookConfiguration}]
