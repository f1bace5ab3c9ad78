"""Endpoints about workspaces."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.workspaces import logic, schemas
from trackhelm_identity.workspaces.schemas import workspace_message

router = APIRouter(prefix="/mlflow/workspaces", route_class=WireRoute)


@router.get("", **documented(schemas.Workspaces))
@needs(Need.LOGIN)
def list_workspaces(runtime: RuntimeDep) -> Response:
    """Return the workspaces of who asks."""
    with runtime.database.reading() as session:
        found = logic.list_workspaces(session, current_access().principal)
        answer = schemas.Workspaces(workspaces=[workspace_message(row) for row in found])
    return reply(answer)


@router.post("", **documented(schemas.WorkspaceAnswer))
@needs(Need.ADMIN)
def create_workspace(body: schemas.CreateWorkspace, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a workspace, with the roles viewer, member, editor and manager."""
    with runtime.database.writing() as session:
        row = logic.create_workspace(
            session,
            body.name,
            body.description,
            body.default_artifact_root,
            AuditContext(actor, runtime.clock()),
        )
        response = reply(schemas.WorkspaceAnswer(workspace=workspace_message(row)))
    response.status_code = HTTPStatus.CREATED
    return response


@router.get("/{name}", **documented(schemas.WorkspaceAnswer))
@needs(Need.LOGIN)
def get_workspace(name: str, runtime: RuntimeDep) -> Response:
    """Return a workspace."""
    with runtime.database.reading() as session:
        row = logic.get_workspace(session, name, current_access().principal)
        return reply(schemas.WorkspaceAnswer(workspace=workspace_message(row)))


@router.patch("/{name}", **documented(schemas.WorkspaceAnswer))
@needs(Need.ADMIN)
def update_workspace(
    name: str, body: schemas.UpdateWorkspace, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Change a workspace's description, or where new experiments have their files."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        row = logic.update_workspace(session, name, body.description, body.default_artifact_root, context)
        return reply(schemas.WorkspaceAnswer(workspace=workspace_message(row)))


@router.delete("/{name}", response_class=Response, status_code=204)
@needs(Need.ADMIN)
def delete_workspace(
    name: str,
    query: Annotated[schemas.DeleteWorkspace, Query()],
    actor: ActorDep,
    runtime: RuntimeDep,
) -> Response:
    """Delete a workspace; `mode` says what becomes of what is in it: RESTRICT, SET_DEFAULT or CASCADE."""
    with runtime.database.writing() as session:
        logic.delete_workspace(session, name, query.mode, AuditContext(actor, runtime.clock()))
    return Response(status_code=HTTPStatus.NO_CONTENT)
