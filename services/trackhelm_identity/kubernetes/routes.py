"""Endpoints about the roles of service accounts of a Kubernetes cluster."""

from fastapi import APIRouter, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.kubernetes import logic, schemas
from trackhelm_identity.kubernetes.schemas import binding_message

router = APIRouter(prefix="/trackhelm/kubernetes-bindings", route_class=WireRoute)


@router.post("/create", **documented(schemas.BindingAnswer))
@needs(Need.MANAGER)
def create_binding(body: schemas.CreateBinding, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Give a service account of the cluster, or every one of a namespace, a role of the workspace."""
    wanted = logic.Wanted(body.namespace, body.service_account, body.role)
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        row = logic.create_binding(session, wanted, current_access(), context)
        message = binding_message(row, body.role)
    return reply(schemas.BindingAnswer(binding=message))


@router.get("/list", **documented(schemas.Bindings))
@needs(Need.MANAGER)
def list_bindings(runtime: RuntimeDep) -> Response:
    """Return which service accounts of the cluster have which roles of the workspace."""
    with runtime.database.reading() as session:
        found = logic.list_bindings(session, current_access())
        messages = [binding_message(row, role) for row, role in found]
    return reply(schemas.Bindings(bindings=messages))


@router.post("/delete", **documented(Empty))
@needs(Need.MANAGER)
def delete_binding(body: schemas.DeleteBinding, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take a role of the workspace away from service accounts of the cluster."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.delete_binding(session, body.id, current_access(), context)
    return empty_reply()
