"""Requests and answers about saved views."""

from msgspec import field

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Required, WireModel
from trackhelm_query.runs.schemas import ExperimentId
from trackhelm_query.views.store import StoredView


class GetView(WireModel):
    """`GET trackhelm/views/get`."""

    view_id: Required


class ListViews(WireModel):
    """`GET trackhelm/views/list`."""

    experiment_id: Required


class CreateView(WireModel):
    """`POST trackhelm/views/create`. `state` is a JSON object as text: what the web UI's address says."""

    experiment_id: ExperimentId
    name: Required
    state: Required


class UpdateView(WireModel):
    """`POST trackhelm/views/update`: what is not given stays."""

    view_id: Required
    name: str | None = None
    state: str | None = None


class DeleteView(WireModel):
    """`POST trackhelm/views/delete`."""

    view_id: Required


class ViewMessage(Reply, frozen=True):
    """A saved view. Times are milliseconds since the epoch."""

    view_id: str
    experiment_id: str
    name: str
    state: str
    created_by: str
    updated_by: str
    creation_time: int
    last_update_time: int


class ViewReply(Reply, frozen=True):
    """The answer with a view."""

    view: ViewMessage


class ViewsReply(Reply, frozen=True):
    """The answer of `views/list`, in the order of the names."""

    views: list[ViewMessage] = field(default_factory=list)


def view_message(view: StoredView) -> ViewMessage:
    """Return a view in the wire form."""
    return ViewMessage(
        view.uuid,
        str(view.experiment_id),
        view.name,
        view.state,
        view.created_by,
        view.updated_by,
        view.creation_time,
        view.last_update_time,
    )
