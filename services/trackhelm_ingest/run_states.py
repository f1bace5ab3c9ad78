"""The states of a run."""

from typing import Final

STATUSES: Final = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
"""Run states by their protobuf number."""

ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
"""States in which a run expects no more metrics."""
