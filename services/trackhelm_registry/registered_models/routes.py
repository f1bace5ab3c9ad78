"""Endpoints about registered models and their aliases."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_registry.governance.schemas import AliasDeletion, AliasSetting, ModelDeletion, ModelRenaming
from trackhelm_registry.governance.transactions import require_approval
from trackhelm_registry.model_versions.schemas import FoundModelVersions, ModelVersionAnswer, NamedModel
from trackhelm_registry.registered_models import logic, schemas, search
from trackhelm_registry.registered_models.schemas import model_message, version_message
from trackhelm_registry.registered_models.store import ModelDetails

router = APIRouter(prefix="/mlflow/registered-models", route_class=WireRoute)


def _answer(model: ModelDetails) -> Response:
    return reply(schemas.RegisteredModelAnswer(registered_model=model_message(model)))


@router.post("/create", **documented(schemas.RegisteredModelAnswer))
@needs(Need.CREATE_MODELS)
def create_registered_model(
    body: schemas.CreateRegisteredModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Create a registered model; its name must not be taken."""
    new_tags = {tag.key: tag.value for tag in body.tags}
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        model = logic.create_model(
            session, name=body.name, description=body.description, tags=new_tags, context=context
        )
    return _answer(model)


@router.get("/get", **documented(schemas.RegisteredModelAnswer))
@needs(Need.READ)
def get_registered_model(query: Annotated[NamedModel, Query()], runtime: RuntimeDep) -> Response:
    """Return a registered model."""
    with runtime.database.reading() as session:
        model = logic.get_model(session, query.name)
    return _answer(model)


@router.post("/rename", **documented(schemas.RegisteredModelAnswer))
@needs(Need.EDIT)
def rename_registered_model(
    body: schemas.RenameRegisteredModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Rename a registered model; its versions, tags and aliases are kept."""
    context = AuditContext(actor, runtime.clock())
    with require_approval(runtime.database, body.name, ModelRenaming(body.new_name), context) as session:
        model = logic.rename_model(session, body.name, body.new_name, context)
    return _answer(model)


@router.patch("/update", **documented(schemas.RegisteredModelAnswer))
@needs(Need.EDIT)
def update_registered_model(
    body: schemas.UpdateRegisteredModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Change a registered model's description."""
    with runtime.database.writing() as session:
        model = logic.describe_model(
            session, body.name, body.description, AuditContext(actor, runtime.clock())
        )
    return _answer(model)


@router.delete("/delete", **documented(Empty))
@needs(Need.MANAGE)
def delete_registered_model(
    body: schemas.DeleteRegisteredModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Delete a registered model with its versions, tags and aliases."""
    context = AuditContext(actor, runtime.clock(), body.comment)
    with require_approval(runtime.database, body.name, ModelDeletion(), context) as session:
        logic.delete_model(session, body.name, context)
    return empty_reply()


@router.get("/search", **documented(schemas.FoundRegisteredModels))
@needs(Need.READ)
def search_registered_models(
    query: Annotated[schemas.SearchRegisteredModels, Query()], runtime: RuntimeDep
) -> Response:
    """Return a page of registered models; prompts only if the filter asks for them."""
    asked = search.Search(query.filter, query.order_by, query.max_results, query.page_token)
    with runtime.database.reading() as session:
        page = search.search_models(session, asked)
    found = tuple(model_message(model) for model in page.items)
    return reply(schemas.FoundRegisteredModels(registered_models=found, next_page_token=page.next_token))


@router.post("/get-latest-versions", **documented(FoundModelVersions))
@needs(Need.READ)
def post_get_latest_versions(body: schemas.GetLatestVersions, runtime: RuntimeDep) -> Response:
    """Return the newest version of each stage."""
    return _latest_versions(body, runtime)


@router.get("/get-latest-versions", **documented(FoundModelVersions))
@needs(Need.READ)
def get_latest_versions(
    query: Annotated[schemas.GetLatestVersions, Query()], runtime: RuntimeDep
) -> Response:
    """Return the newest version of each stage."""
    return _latest_versions(query, runtime)


def _latest_versions(asked: schemas.GetLatestVersions, runtime: Runtime) -> Response:
    with runtime.database.reading() as session:
        versions = logic.latest_versions(session, asked.name, asked.stages)
    return reply(FoundModelVersions(model_versions=tuple(version_message(version) for version in versions)))


@router.post("/set-tag", **documented(Empty))
@needs(Need.EDIT)
def set_registered_model_tag(
    body: schemas.SetRegisteredModelTag, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Set a tag of a registered model."""
    with runtime.database.writing() as session:
        logic.set_model_tag(
            session, body.name, body.key, body.value, context=AuditContext(actor, runtime.clock())
        )
    return empty_reply()


@router.delete("/delete-tag", **documented(Empty))
@needs(Need.EDIT)
def delete_registered_model_tag(
    body: schemas.DeleteRegisteredModelTag, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Delete a tag of a registered model; a missing tag is no error."""
    with runtime.database.writing() as session:
        logic.delete_model_tag(session, body.name, body.key, context=AuditContext(actor, runtime.clock()))
    return empty_reply()


aliases_router = APIRouter(prefix="/mlflow/registered-models/alias", route_class=WireRoute)


@aliases_router.post("", **documented(Empty))
@needs(Need.EDIT)
def set_registered_model_alias(body: schemas.SetAlias, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Set an alias to a version; it no longer points to the version before."""
    context = AuditContext(actor, runtime.clock(), body.comment)
    with require_approval(
        runtime.database, body.name, AliasSetting(body.alias, body.version), context
    ) as session:
        logic.set_alias(session, body.name, body.alias, body.version, context)
    return empty_reply()


@aliases_router.get("", **documented(ModelVersionAnswer))
@needs(Need.READ)
def get_model_version_by_alias(
    query: Annotated[schemas.NamedAlias, Query()], runtime: RuntimeDep
) -> Response:
    """Return the version to which an alias points; `latest` is the newest version."""
    with runtime.database.reading() as session:
        version = logic.version_by_alias(session, query.name, query.alias)
    return reply(ModelVersionAnswer(model_version=version_message(version)))


@aliases_router.delete("", **documented(Empty))
@needs(Need.EDIT)
def delete_registered_model_alias(
    body: schemas.DeleteAlias, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Delete an alias; a missing alias is no error."""
    context = AuditContext(actor, runtime.clock(), body.comment)
    with require_approval(runtime.database, body.name, AliasDeletion(body.alias), context) as session:
        logic.delete_alias(session, body.name, body.alias, context)
    return empty_reply()
