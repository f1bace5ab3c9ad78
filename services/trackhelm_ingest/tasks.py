"""What workers do for ingest."""

from typing import Final

from trackhelm_core.queue.tasks import Task

TASKS: Final[tuple[Task, ...]] = ()
