"""The trace that a request or a task belongs to, for what it logs and for the tasks that it sends.

`telemetry.tracing` sets it, where there is a collector. This module must not import OpenTelemetry, which not
every process has: without a collector, all that tracing costs is to read a variable that holds None.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Final, NamedTuple, TypeAlias

CARRIED: Final = ("traceparent", "tracestate")
"""The headers of a request or a task by which its span finds the one above it (W3C Trace Context)."""


Records: TypeAlias = Callable[[str, Sequence["Cause"], int], None]
"""Records a span of a name, from a time in nanoseconds since the epoch until now, below each cause."""


class Cause(NamedTuple):
    """A request that is recorded, and what it has left to be done later."""

    traceparent: str
    left_at: int
    """When, in milliseconds since the epoch."""


class Trace(NamedTuple):
    """The trace that the present request or task belongs to."""

    trace_id: str
    headers: Mapping[str, str]
    """What a task that is sent meanwhile carries, so that its span is below this one."""
    task: str
    """The name of the present task; empty for a request."""
    traceparent: str
    """What is left with work that a task does for several requests at once; empty if this is not recorded."""
    record: Records
    """What such a task tells of it."""

    def carried_to(self, task: str) -> Mapping[str, str]:
        """Return what a task carries. A task that sends itself again begins a trace of its own.

        Otherwise a partition that is never idle would be one trace for days.
        """
        return {} if task == self.task else self.headers


bound_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of what is being served; None without tracing."""
