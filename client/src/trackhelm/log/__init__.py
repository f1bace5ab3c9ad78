"""The durable log: what a process logs is in a file before the call returns, and an uploader sends it.

Every call appends to a segment file of this process with one `write(2)`. A separate process reads the
segments of all processes that log to the same server, sends them, and deletes what the server has
acknowledged. Without a server the segments stay, and are sent later. The training process never waits for a
network.

This package must not know the fluent API above it; it speaks to the server by itself.
"""

from trackhelm.log.checks import DeliveryError, InvalidEntryError, ParamConflictError
from trackhelm.log.runlog import RunLog, open_log

__all__ = ["DeliveryError", "InvalidEntryError", "ParamConflictError", "RunLog", "open_log"]
