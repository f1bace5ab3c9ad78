"""Requests and answers about runs, their params and tags."""

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Comment, Int64, OfRun, Required, WireModel
from trackhelm_domain.runs.schemas import RunInfo


class Tag(WireModel):
    """A tag to set. An absent value is an empty one."""

    key: Required
    value: str = ""


class CreateRun(WireModel):
    """`POST runs/create`."""

    experiment_id: Required
    user_id: str = ""
    run_name: str = ""
    start_time: Int64 = 0
    tags: tuple[Tag, ...] = ()


class CreateOwnRun(CreateRun):
    """`POST trackhelm/runs/create`: the id of the run is the client's."""

    run_id: Required


class MoveRun(OfRun):
    """`POST runs/delete` and `restore`."""

    comment: Comment = ""


class UpdateRun(OfRun):
    """`POST runs/update`. A status is given by its name or its protobuf number."""

    status: str | int | None = None
    end_time: Int64 | None = None
    run_name: str = ""


class LogParam(OfRun):
    """`POST runs/log-parameter`. An absent value is an empty one."""

    key: Required
    value: str = ""


class SetTag(OfRun):
    """`POST runs/set-tag`. An absent value is an empty one."""

    key: Required
    value: str = ""


class DeleteTag(OfRun):
    """`POST runs/delete-tag`."""

    key: Required


class LogModel(OfRun):
    """`POST runs/log-model`, of clients before 3.0: `model_json` is the MLmodel file as JSON."""

    model_json: Required


class UpdatedRun(Reply, frozen=True):
    """The answer of `runs/update`."""

    run_info: RunInfo
