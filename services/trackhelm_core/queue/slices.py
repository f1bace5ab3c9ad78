"""Time slices: the work of a task, done in slices by one worker at a time.

A slice that leaves work sends the task again, with its ticket. Beat and other senders send the task without a
ticket; such a task does nothing while another slice runs or is queued. Otherwise each of them would start
another chain of slices.
"""

import secrets
from collections.abc import Callable
from typing import Final

from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import slice_mark_of
from trackhelm_core.queue.tasks import Sendable

MARK_SECONDS: Final = 60
"""How long the mark lasts after it was last renewed. Then it expires, so that the work goes on after a worker
was killed or a message lost. If two chains go on after it expired, the one that holds it last continues."""

# KEYS: mark. ARGV: ticket, seconds of the mark. Returns 1 if this ticket holds the mark.
_HOLD: Final = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""

# KEYS: mark. ARGV: ticket.
_LET_GO: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


def run_slice(redis: RedisConnection, task: Sendable, ticket: str, work: Callable[[], bool]) -> None:
    """Run a time slice of a task's work, unless another slice runs or is queued.

    `work` returns whether more is left; the task is then sent again. `ticket` is the argument with which the
    task was sent: the ticket of its chain, or empty for a new one.
    """
    mark = slice_mark_of(task.name)
    ticket = ticket or secrets.token_hex(8)

    def hold() -> bool:
        return bool(redis.client.eval(_HOLD, 1, mark, ticket, MARK_SECONDS))

    if not hold():
        return
    is_more = False
    try:
        is_more = work()
    finally:
        if not is_more:
            redis.client.eval(_LET_GO, 1, mark, ticket)
    if is_more and hold():
        redis.send(task, ticket)
