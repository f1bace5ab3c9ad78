"""Requests and answers about experiments."""

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Comment, Required, WireModel
from trackhelm_ingest.runs.schemas import Tag


class CreateExperiment(WireModel):
    """`POST experiments/create`."""

    name: Required
    artifact_location: str = ""
    tags: tuple[Tag, ...] = ()


class MoveExperiment(WireModel):
    """`POST experiments/delete` and `restore`."""

    experiment_id: Required
    comment: Comment = ""


class UpdateExperiment(WireModel):
    """`POST experiments/update`."""

    experiment_id: Required
    new_name: Required


class SetExperimentTag(WireModel):
    """`POST experiments/set-experiment-tag`."""

    experiment_id: Required
    key: Required
    value: str = ""


class DeleteExperimentTag(WireModel):
    """`POST experiments/delete-experiment-tag`."""

    experiment_id: Required
    key: Required


class CreatedExperiment(Reply, frozen=True):
    """The answer of `experiments/create`."""

    experiment_id: str
