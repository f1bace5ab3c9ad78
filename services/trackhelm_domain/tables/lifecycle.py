"""The lifecycle stages of an experiment, run or logged model."""

from enum import StrEnum


class LifecycleStage(StrEnum):
    """Whether an experiment, run or logged model is in use or in the bin."""

    ACTIVE = "active"
    DELETED = "deleted"
    PURGED = "purged"
    """The stage of a run that was deleted for good and still has rows, but no longer its public id."""
