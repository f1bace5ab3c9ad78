"""Endpoints about permissions on a whole workspace, of clients of MLflow 3.10 to 3.12."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.workspace_permissions import logic, schemas
from trackhelm_identity.workspace_permissions.logic import UserPermission

router = APIRouter(prefix="/mlflow/workspaces/{name}/permissions", route_class=WireRoute)
of_user_router = APIRouter(prefix="/mlflow/workspace-permissions", route_class=WireRoute)


def _message(found: UserPermission) -> schemas.WorkspacePermission:
    return schemas.WorkspacePermission(found.workspace, found.account_id, found.username, found.permission)


@router.get("", **documented(schemas.WorkspacePermissions))
@needs(Need.LOGIN)
def list_workspace_permissions(name: str, runtime: RuntimeDep) -> Response:
    """Return who was given a permission on the whole workspace, for who manages it."""
    with runtime.database.reading() as session:
        found = logic.list_permissions(session, name, current_access().principal)
    return reply(schemas.WorkspacePermissions(permissions=[_message(each) for each in found]))


@router.post("", **documented(schemas.WorkspacePermissionAnswer))
@needs(Need.LOGIN)
def set_workspace_permission(
    name: str, body: schemas.SetWorkspacePermission, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Give a user a permission on the whole workspace, instead of the one that they have."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        asker = current_access().principal
        wanted = logic.Wanted(name, body.username, body.permission)
        found = logic.set_permission(session, wanted, asker, context)
    return reply(schemas.WorkspacePermissionAnswer(permission=_message(found)))


@router.delete("", response_class=Response, status_code=204)
@needs(Need.LOGIN)
def delete_workspace_permission(
    name: str, query: Annotated[schemas.OfUser, Query()], actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Take from a user what they were given on the whole workspace."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.remove_permission(session, name, query.username, current_access().principal, context)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@of_user_router.get("", **documented(schemas.WorkspacePermissions))
@needs(Need.LOGIN)
def list_user_workspace_permissions(
    query: Annotated[schemas.OfUser, Query()], runtime: RuntimeDep
) -> Response:
    """Return in which workspaces a user was given a permission on everything."""
    with runtime.database.reading() as session:
        found = logic.permissions_of(session, query.username, current_access().principal)
    return reply(schemas.WorkspacePermissions(permissions=[_message(each) for each in found]))
