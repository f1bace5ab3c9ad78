"""The task that delivers, as those see it that send it: the registry service says what it does."""

from typing import Final

from trackhelm_core.queue.tasks import TaskQueue, TaskRef

DELIVER: Final = TaskRef("trackhelm.registry.deliver", TaskQueue.WEBHOOKS)
"""Works off what waits for a webhook, whose row id it takes. Sent when the outbox got something for it."""
