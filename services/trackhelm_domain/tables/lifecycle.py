"""Whether an experiment, run or logged model is in use, deleted, or deleted for good."""

from enum import StrEnum


class LifecycleStage(StrEnum):
    """Whether an experiment, run or logged model is in use or in the bin."""

    ACTIVE = "active"
    DELETED = "deleted"
    PURGED = "purged"
    """Of a run that was deleted for good, while its rows are: nobody finds it, its public id is gone."""
