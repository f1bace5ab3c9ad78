"""Endpoints of Trackhelm's own API for saved views."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_query.views import logic, schemas

router = APIRouter(prefix="/trackhelm/views", route_class=WireRoute)


@router.get("/list", **documented(schemas.ViewsReply))
@needs(Need.READ)
def list_views(query: Annotated[schemas.ListViews, Query()], runtime: RuntimeDep) -> Response:
    """Return the saved views of an experiment, in the order of their names."""
    with runtime.database.reading() as session:
        views = logic.list_views(session, query.experiment_id)
    return reply(schemas.ViewsReply([schemas.view_message(view) for view in views]))


@router.get("/get", **documented(schemas.ViewReply))
@needs(Need.READ)
def get_view(query: Annotated[schemas.GetView, Query()], runtime: RuntimeDep) -> Response:
    """Return a saved view."""
    with runtime.database.reading() as session:
        view = logic.get_view(session, query.view_id)
    return reply(schemas.ViewReply(schemas.view_message(view)))


@router.post("/create", **documented(schemas.ViewReply))
@needs(Need.EDIT)
def create_view(body: schemas.CreateView, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Save a view of an active experiment under a name that no other of its views has."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        view = logic.create_view(session, body.experiment_id, body.name, body.state, context)
    return reply(schemas.ViewReply(schemas.view_message(view)))


@router.post("/update", **documented(schemas.ViewReply))
@needs(Need.EDIT)
def update_view(body: schemas.UpdateView, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Rename a saved view, replace its state, or both."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        view = logic.update_view(session, body.view_id, body.name, body.state, context)
    return reply(schemas.ViewReply(schemas.view_message(view)))


@router.post("/delete", **documented(Empty))
@needs(Need.EDIT)
def delete_view(body: schemas.DeleteView, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Delete a saved view."""
    with runtime.database.writing() as session:
        logic.delete_view(session, body.view_id, AuditContext(actor, runtime.clock()))
    return empty_reply()
