"""Endpoints of logged models."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.queue.read_wait import names_metrics
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.arguments import invalid_value, quoted
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_registry.logged_models import logic, schemas, search
from trackhelm_registry.logged_models.messages import LoggedModelReply, LoggedModelsPage

router = APIRouter(prefix="/mlflow/logged-models", route_class=WireRoute)


@router.post("", **documented(LoggedModelReply))
@needs(Need.EDIT)
def create_logged_model(body: schemas.CreateLoggedModel, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a pending model in an active experiment. A name is generated if none is given."""
    with runtime.database.writing() as session:
        model = logic.create_model(session, body, AuditContext(actor, runtime.clock()))
    return reply(LoggedModelReply(model=model))


@router.post("/search", **documented(LoggedModelsPage))
@needs(Need.READ)
async def search_logged_models(body: schemas.SearchLoggedModels, runtime: RuntimeDep) -> Response:
    """Return a page of the models of some experiments that match a filter.

    Metrics that were logged before the request are in the answer, and count for the filter and the order.
    """

    def read() -> tuple[LoggedModelsPage, list[str]]:
        with runtime.database.reading() as session:
            page = search.search_models(session, body)
        return page, [model.info.model_id for model in page.models]

    # A condition on datasets is one on metrics: on the datasets with which they were measured.
    by_metrics = bool(body.datasets) or names_metrics(
        body.filter, *(term.field_name for term in body.order_by)
    )
    return await runtime.reads.search(read, reply, by_metrics=by_metrics)


@router.get("/{model_id}", **documented(LoggedModelReply))
@needs(Need.READ)
async def get_logged_model(
    model_id: str, query: Annotated[schemas.GetLoggedModel, Query()], runtime: RuntimeDep
) -> Response:
    """Return a model; a deleted one only if `allow_deleted`."""

    def read() -> Response:
        with runtime.database.reading() as session:
            model = logic.get_model(session, model_id, allow_deleted=query.allow_deleted)
        return reply(LoggedModelReply(model=model))

    return await runtime.reads.read([model_id], read)


@router.patch("/{model_id}", **documented(LoggedModelReply))
@needs(Need.EDIT)
async def finalize_logged_model(
    model_id: str, body: schemas.FinalizeLoggedModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Set a model's status: its files were uploaded, or their upload failed."""
    _check_same(model_id, body.model_id)

    def finalize() -> Response:
        with runtime.database.writing() as session:
            model = logic.finalize_model(session, model_id, body.status, AuditContext(actor, runtime.clock()))
        return reply(LoggedModelReply(model=model))

    # The answer contains the model's metrics.
    return await runtime.reads.read([model_id], finalize)


@router.delete("/{model_id}", **documented(Empty))
@needs(Need.MANAGE)
def delete_logged_model(
    model_id: str,
    query: Annotated[schemas.DeleteLoggedModel, Query()],
    actor: ActorDep,
    runtime: RuntimeDep,
) -> Response:
    """Move a model to the bin."""
    with runtime.database.writing() as session:
        logic.delete_model(session, model_id, AuditContext(actor, runtime.clock(), query.comment))
    return empty_reply()


@router.patch("/{model_id}/tags", **documented(Empty))
@needs(Need.EDIT)
def set_logged_model_tags(
    model_id: str, body: schemas.SetLoggedModelTags, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Set tags of a model."""
    with runtime.database.writing() as session:
        logic.set_tags(session, model_id, body.tags, AuditContext(actor, runtime.clock()))
    return empty_reply()


# A key may contain slashes.
@router.delete("/{model_id}/tags/{key:path}", **documented(Empty))
@needs(Need.EDIT)
def delete_logged_model_tag(model_id: str, key: str, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Delete a tag of a model."""
    with runtime.database.writing() as session:
        logic.delete_tag(session, model_id, key, AuditContext(actor, runtime.clock()))
    return empty_reply()


@router.post("/{model_id}/params", **documented(Empty))
@needs(Need.EDIT)
def log_logged_model_params(
    model_id: str, body: schemas.LogLoggedModelParams, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Add params to a model."""
    _check_same(model_id, body.model_id)
    with runtime.database.writing() as session:
        logic.log_params(session, model_id, body.params, AuditContext(actor, runtime.clock()))
    return empty_reply()


def _check_same(in_path: str, in_body: str) -> None:
    if in_path != in_body:
        raise invalid_value(in_body, "model_id", f"the path names {quoted(in_path)}")
