"""Endpoints about tokens and service accounts."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.tokens import logic, schemas
from trackhelm_identity.tokens.schemas import token_message

router = APIRouter(prefix="/trackhelm/tokens", route_class=WireRoute)


@router.post("/create", **documented(schemas.CreatedToken))
@needs(Need.LOGIN)
def create_token(body: schemas.CreateToken, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Make a token. It is answered once, and never again."""
    wanted = logic.Wanted(
        body.name, body.scopes, body.days, body.workspace, body.experiment_id, body.service_account
    )
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        made = logic.create_token(session, wanted, current_access(), context)
        info = token_message(made.row, made.workspace)
    return reply(schemas.CreatedToken(token=made.text, info=info))


@router.get("/list", **documented(schemas.Tokens))
@needs(Need.LOGIN)
def list_tokens(query: Annotated[schemas.ListTokens, Query()], runtime: RuntimeDep) -> Response:
    """Return one's own tokens, or those of a service account."""
    with runtime.database.reading() as session:
        found = logic.list_tokens(session, query.service_account, current_access())
        tokens = [token_message(row, workspace) for row, workspace in found]
    return reply(schemas.Tokens(tokens=tokens))


@router.post("/revoke", **documented(Empty))
@needs(Need.LOGIN)
def revoke_token(body: schemas.RevokeToken, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Revoke a token."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.revoke_token(session, body.id, body.token, current_access(), context)
    return empty_reply()


accounts_router = APIRouter(prefix="/trackhelm/service-accounts", route_class=WireRoute)


@accounts_router.post("/create", **documented(schemas.ServiceAccountAnswer))
@needs(Need.MANAGER)
def create_service_account(
    body: schemas.NamedServiceAccount, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Create a service account in the workspace."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        account = logic.create_service_account(session, body.name, current_access(), context)
        message = schemas.ServiceAccount(account.id, account.name, account.creation_time)
    return reply(schemas.ServiceAccountAnswer(service_account=message))


@accounts_router.get("/list", **documented(schemas.ServiceAccounts))
@needs(Need.MANAGER)
def list_service_accounts(runtime: RuntimeDep) -> Response:
    """Return the service accounts of the workspace."""
    with runtime.database.reading() as session:
        found = [
            schemas.ServiceAccount(account.id, account.name, account.creation_time)
            for account in logic.list_service_accounts(session, current_access())
        ]
    return reply(schemas.ServiceAccounts(service_accounts=found))


@accounts_router.post("/delete", **documented(Empty))
@needs(Need.MANAGER)
def delete_service_account(
    body: schemas.NamedServiceAccount, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Delete a service account of the workspace, with its tokens."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.delete_service_account(session, body.name, current_access(), context)
    return empty_reply()
