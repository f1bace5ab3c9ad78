"""Work that is done in turns by one worker at a time, and however often it is called for has one next turn.

A turn that is not the last sends the next one, with a ticket. Beat and others call without one: a call while
a turn is under way, or has its next one waiting, does nothing. Otherwise each call would begin another chain.
"""

import secrets
from collections.abc import Callable
from typing import Final

from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import turn_of
from trackhelm_core.queue.tasks import Sendable

MARK_SECONDS: Final = 60
"""How long the mark outlives its last refresh: after that a killed worker, or a lost message, is missed. Of
two that go on after it expired, the one that has it last stays."""

# KEYS: mark. ARGV: ticket, seconds of the mark. Returns 1 if the mark is the ticket's.
_HOLD: Final = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""

# KEYS: mark. ARGV: ticket.
_LET_GO: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


def run_slice(redis: RedisConnection, task: Sendable, ticket: str, work: Callable[[], bool]) -> None:
    """Do a turn of a task's work, which returns whether there is more, unless it is another's turn.

    `ticket` is what the task was sent with, empty if it is a call.
    """
    mark = turn_of(task.name)
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
