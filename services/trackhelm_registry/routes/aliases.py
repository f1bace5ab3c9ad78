"""Endpoints about aliases of registered models."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.audit.changes import Cause
from trackhelm_core.auth.dependency import ActorDep
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.route import WireRoute
from trackhelm_registry.logic import aliases as logic
from trackhelm_registry.logic.governed import governed
from trackhelm_registry.routes.messages import version_message
from trackhelm_registry.schemas import aliases as schemas
from trackhelm_registry.schemas.model_versions import ModelVersionAnswer
from trackhelm_registry.schemas.moves import AliasDeletion, AliasSetting

router = APIRouter(prefix="/mlflow/registered-models/alias", route_class=WireRoute)


@router.post("", **documented(Empty))
def set_registered_model_alias(body: schemas.SetAlias, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Point an alias to a version; it leaves the version it pointed to."""
    cause = Cause(actor, runtime.clock(), body.comment)
    with governed(runtime.database, body.name, AliasSetting(body.alias, body.version), cause) as session:
        logic.set_alias(session, body.name, body.alias, body.version, cause)
    return empty_reply()


@router.get("", **documented(ModelVersionAnswer))
def get_model_version_by_alias(
    query: Annotated[schemas.NamedAlias, Query()], runtime: RuntimeDep
) -> Response:
    """Return the version an alias points to; `latest` is the newest one."""
    with runtime.database.reading() as session:
        version = logic.version_by_alias(session, query.name, query.alias)
    return reply(ModelVersionAnswer(model_version=version_message(version)))


@router.delete("", **documented(Empty))
def delete_registered_model_alias(
    body: schemas.DeleteAlias, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Delete an alias; that there is none is no failure."""
    cause = Cause(actor, runtime.clock(), body.comment)
    with governed(runtime.database, body.name, AliasDeletion(body.alias), cause) as session:
        logic.delete_alias(session, body.name, body.alias, cause)
    return empty_reply()
