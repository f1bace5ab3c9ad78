"""The tasks that workers run for the registry: calls of webhooks, and what deleted workspaces leave."""

from typing import Final

from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.runtime import Runtime
from trackhelm_domain.gone_workspaces import LOOK_SECONDS
from trackhelm_domain.outbox import DELIVER, Outbox
from trackhelm_registry.left_overs import purge_left_overs
from trackhelm_registry.webhooks.delivery.dispatcher import (
    PURGE_SECONDS,
    SWEEP_SECONDS,
    due_webhooks,
    purge,
    run_slice,
)


def _deliver(runtime: Runtime, webhook: int) -> None:
    if run_slice(runtime, webhook):
        runtime.part(Outbox).notify([webhook])


def _sweep(runtime: Runtime) -> None:
    runtime.part(Outbox).notify(due_webhooks(runtime))


TASKS: Final = (
    Task(DELIVER.name, DELIVER.queue, _deliver),
    Task("trackhelm.registry.sweep_webhooks", TaskQueue.WEBHOOKS, _sweep, every_seconds=SWEEP_SECONDS),
    Task("trackhelm.registry.purge_deliveries", TaskQueue.UPKEEP, purge, every_seconds=PURGE_SECONDS),
    Task(
        "trackhelm.registry.purge_left_overs", TaskQueue.UPKEEP, purge_left_overs, every_seconds=LOOK_SECONDS
    ),
)
