"""The events that a webhook can be called for: MLflow's own, and those of runs."""

from enum import StrEnum
from typing import Final


class Event(StrEnum):
    """What happened to what: `entity.action`, as the body of a delivery has them."""

    REGISTERED_MODEL_CREATED = "registered_model.created"
    MODEL_VERSION_CREATED = "model_version.created"
    MODEL_VERSION_TAG_SET = "model_version_tag.set"
    MODEL_VERSION_TAG_DELETED = "model_version_tag.deleted"
    MODEL_VERSION_ALIAS_CREATED = "model_version_alias.created"
    MODEL_VERSION_ALIAS_DELETED = "model_version_alias.deleted"
    PROMPT_CREATED = "prompt.created"
    PROMPT_VERSION_CREATED = "prompt_version.created"
    PROMPT_TAG_SET = "prompt_tag.set"
    PROMPT_TAG_DELETED = "prompt_tag.deleted"
    PROMPT_VERSION_TAG_SET = "prompt_version_tag.set"
    PROMPT_VERSION_TAG_DELETED = "prompt_version_tag.deleted"
    PROMPT_ALIAS_CREATED = "prompt_alias.created"
    PROMPT_ALIAS_DELETED = "prompt_alias.deleted"
    RUN_STARTED = "run.started"
    RUN_FINISHED = "run.finished"
    RUN_FAILED = "run.failed"
    RUN_KILLED = "run.killed"

    @property
    def entity(self) -> str:
        """What it happened to."""
        return self.partition(".")[0]

    @property
    def action(self) -> str:
        """What happened."""
        return self.partition(".")[2]


_RUN: Final = "run"

RUN_EVENTS: Final = tuple(event for event in Event if event.entity == _RUN)
"""Events that MLflow does not have: its clients do not understand them."""

MLFLOW_EVENTS: Final = tuple(event for event in Event if event.entity != _RUN)
"""Events that MLflow has, too."""
