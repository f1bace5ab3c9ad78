"""Endpoints about versions of registered models."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.locations import Places
from trackhelm_registry.governance.schemas import StageTransition, VersionDeletion
from trackhelm_registry.governance.transactions import require_approval
from trackhelm_registry.model_versions import logic, schemas
from trackhelm_registry.model_versions.schemas import NamedVersion
from trackhelm_registry.registered_models import logic as registered_models_logic
from trackhelm_registry.registered_models import search as registered_models_search
from trackhelm_registry.registered_models.schemas import version_message
from trackhelm_registry.registered_models.store import VersionDetails

router = APIRouter(prefix="/mlflow/model-versions", route_class=WireRoute)


def _answer(version: VersionDetails) -> Response:
    return reply(schemas.ModelVersionAnswer(model_version=version_message(version)))


@router.post("/create", **documented(schemas.ModelVersionAnswer))
@needs(Need.EDIT)
def create_model_version(body: schemas.CreateModelVersion, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Register a version under the model's next number."""
    new = logic.NewVersion(
        name=body.name,
        source=body.source,
        run_id=body.run_id,
        model_id=body.model_id,
        run_link=body.run_link,
        description=body.description,
        tags={tag.key: tag.value for tag in body.tags},
    )
    with runtime.database.writing() as session:
        version = logic.create_version(
            session, runtime.part(Places), new, AuditContext(actor, runtime.clock())
        )
    return _answer(version)


@router.get("/get", **documented(schemas.ModelVersionAnswer))
@needs(Need.READ)
def get_model_version(query: Annotated[NamedVersion, Query()], runtime: RuntimeDep) -> Response:
    """Return a version."""
    with runtime.database.reading() as session:
        version = logic.get_version(session, query.name, query.version)
    return _answer(version)


@router.get("/get-download-uri", **documented(schemas.DownloadUri))
@needs(Need.READ)
def get_model_version_download_uri(query: Annotated[NamedVersion, Query()], runtime: RuntimeDep) -> Response:
    """Return where a version's files are."""
    with runtime.database.reading() as session:
        version = logic.get_version(session, query.name, query.version)
    return reply(schemas.DownloadUri(artifact_uri=version.row.storage_location))


@router.get("/search", **documented(schemas.FoundModelVersions))
@needs(Need.READ)
def search_model_versions(
    query: Annotated[schemas.SearchModelVersions, Query()], runtime: RuntimeDep
) -> Response:
    """Return a page of versions of all models; those of prompts only if the filter asks for them."""
    asked = registered_models_search.Search(query.filter, query.order_by, query.max_results, query.page_token)
    with runtime.database.reading() as session:
        page = registered_models_search.search_versions(session, asked)
    found = tuple(version_message(version) for version in page.items)
    return reply(schemas.FoundModelVersions(model_versions=found, next_page_token=page.next_token))


@router.post("/transition-stage", **documented(schemas.ModelVersionAnswer))
@needs(Need.EDIT)
def transition_model_version_stage(
    body: schemas.TransitionStage, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Move a version to a stage."""
    transition = logic.Transition(body.stage, body.archive_existing_versions)
    context = AuditContext(actor, runtime.clock(), body.comment)
    move = StageTransition(body.version, body.stage, body.archive_existing_versions)
    with require_approval(runtime.database, body.name, move, context) as session:
        version = logic.transition_version(session, body.name, body.version, transition, context)
    return _answer(version)


@router.patch("/update", **documented(schemas.ModelVersionAnswer))
@needs(Need.EDIT)
def update_model_version(body: schemas.UpdateModelVersion, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Change a version's description."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        version = logic.describe_version(session, body.name, body.version, body.description, context)
    return _answer(version)


@router.delete("/delete", **documented(Empty))
@needs(Need.MANAGE)
def delete_model_version(body: schemas.DeleteModelVersion, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Delete a version with its tags and aliases; its number is never used again."""
    context = AuditContext(actor, runtime.clock(), body.comment)
    with require_approval(runtime.database, body.name, VersionDeletion(body.version), context) as session:
        logic.delete_version(session, body.name, body.version, context)
    return empty_reply()


@router.post("/set-tag", **documented(Empty))
@needs(Need.EDIT)
def set_model_version_tag(body: schemas.SetModelVersionTag, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Set a tag of a version."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        registered_models_logic.set_version_tag(
            session, body.name, body.version, body.key, body.value, context=context
        )
    return empty_reply()


@router.delete("/delete-tag", **documented(Empty))
@needs(Need.EDIT)
def delete_model_version_tag(
    body: schemas.DeleteModelVersionTag, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Delete a tag of a version; a missing tag is no error."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        registered_models_logic.delete_version_tag(
            session, body.name, body.version, body.key, context=context
        )
    return empty_reply()
