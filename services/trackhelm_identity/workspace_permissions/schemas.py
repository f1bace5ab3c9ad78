"""Requests and answers about permissions on a whole workspace."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Required, WireModel


class OfUser(WireModel):
    """`DELETE workspaces/{name}/permissions`, and `GET workspace-permissions`."""

    username: Required


class SetWorkspacePermission(OfUser):
    """`POST workspaces/{name}/permissions`: instead of what the user has on the whole workspace."""

    permission: Required


class WorkspacePermission(Reply, frozen=True):
    """What a user may do in a whole workspace, by grants of their own."""

    workspace: str
    user_id: int
    username: str
    permission: str


class WorkspacePermissionAnswer(Reply, frozen=True):
    """The answer of `POST workspaces/{name}/permissions`."""

    permission: WorkspacePermission


class WorkspacePermissions(Reply, frozen=True):
    """The answer of `GET workspaces/{name}/permissions` and `GET workspace-permissions`."""

    permissions: Sequence[WorkspacePermission]
