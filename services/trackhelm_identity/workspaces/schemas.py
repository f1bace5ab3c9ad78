"""Requests and answers about workspaces."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Required, WireModel
from trackhelm_domain.tables import Workspace


class CreateWorkspace(WireModel):
    """`POST workspaces`."""

    name: Required
    description: str = ""
    default_artifact_root: str = ""


class UpdateWorkspace(WireModel):
    """`PATCH workspaces/{name}`: what is absent stays, and an empty root is taken away."""

    description: str | None = None
    default_artifact_root: str | None = None


class DeleteWorkspace(WireModel):
    """`DELETE workspaces/{name}`."""

    mode: str = "RESTRICT"


class WorkspaceMessage(Reply, frozen=True):
    """A workspace."""

    name: str
    description: str = ""
    default_artifact_root: str = ""


class WorkspaceAnswer(Reply, frozen=True):
    """The answer about one workspace."""

    workspace: WorkspaceMessage


class Workspaces(Reply, frozen=True):
    """The answer of `GET workspaces`."""

    workspaces: Sequence[WorkspaceMessage]


def workspace_message(row: Workspace) -> WorkspaceMessage:
    """Return the message about a workspace."""
    return WorkspaceMessage(row.name, row.description, row.artifact_root)
