"""Endpoints about users."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.errors import PermissionDeniedError
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.access import passwords
from trackhelm_domain.access.opening import DoorDep
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.users import logic, schemas
from trackhelm_identity.users.logic import Known
from trackhelm_identity.users.schemas import user_message

router = APIRouter(prefix="/mlflow/users", route_class=WireRoute)


def _answer(known: Known) -> Response:
    return reply(schemas.UserAnswer(user=user_message(known.account, known.roles)))


@router.post("/create", **documented(schemas.UserAnswer))
@needs(Need.LOGIN)
def create_user(body: schemas.CreateUser, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a user with a password of at least 12 characters."""
    principal = current_access().principal
    if not principal.is_admin and not any(rights.manages for rights in principal.rights.values()):
        raise PermissionDeniedError("Permission denied: only administrators and managers create users.")
    logic.check_fresh_login(principal, runtime.clock())
    password_hash = passwords.hash_of(passwords.check_new_password(body.password))
    with runtime.database.writing() as session:
        known = logic.create_user(session, body.username, password_hash, AuditContext(actor, runtime.clock()))
        return _answer(known)


@router.get("/get", **documented(schemas.UserAnswer))
@needs(Need.LOGIN)
def get_user(query: Annotated[schemas.NamedUser, Query()], runtime: RuntimeDep) -> Response:
    """Return a user: oneself, or any for an administrator."""
    with runtime.database.reading() as session:
        return _answer(logic.get_user(session, query.username, current_access().principal))


@router.get("/current", **documented(schemas.CurrentUser))
@needs(Need.LOGIN)
def get_current_user(runtime: RuntimeDep) -> Response:
    """Return who sends the request."""
    asker = current_access().principal
    with runtime.database.reading() as session:
        known = logic.get_user(session, asker.name, asker)
        user = user_message(known.account, known.roles)
    return reply(
        schemas.CurrentUser(user=user, is_basic_auth=asker.token_id is None and asker.session_id is None)
    )


@router.get("/list", **documented(schemas.Users))
@needs(Need.LOGIN)
def list_users(runtime: RuntimeDep) -> Response:
    """Return every user, for administrators and for managers of a workspace."""
    principal = current_access().principal
    if not principal.is_admin and not any(rights.manages for rights in principal.rights.values()):
        raise PermissionDeniedError("Permission denied: only administrators and managers list users.")
    with runtime.database.reading() as session:
        found = [user_message(known.account, known.roles) for known in logic.list_users(session)]
    return reply(schemas.Users(users=found))


@router.patch("/update-password", **documented(Empty))
@needs(Need.LOGIN)
def update_password(
    body: schemas.UpdatePassword, actor: ActorDep, runtime: RuntimeDep, door: DoorDep
) -> Response:
    """Change one's own password, or that of any user as an administrator."""
    with runtime.database.reading() as session:
        own = logic.check_password_change(
            session, body.username, body.password, current_access().principal, runtime.clock()
        )
    if own is not None:
        # Who finds an open browser must not guess what it does not know.
        with door.guessing(own.name, actor.source_address):
            logic.check_current_password(own, body.current_password, body.password)
    password_hash = passwords.hash_of(body.password)
    with runtime.database.writing() as session:
        logic.update_password(session, body.username, password_hash, AuditContext(actor, runtime.clock()))
    return empty_reply()


@router.patch("/update-admin", **documented(Empty))
@needs(Need.ADMIN)
def update_admin(body: schemas.UpdateAdmin, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Make a user an administrator, or no longer."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.update_admin(session, body.username, is_admin=body.is_admin, context=context)
    return empty_reply()


@router.delete("/delete", **documented(Empty))
@needs(Need.ADMIN)
def delete_user(body: schemas.NamedUser, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Delete a user, with their tokens, sessions and grants."""
    with runtime.database.writing() as session:
        logic.delete_user(session, body.username, AuditContext(actor, runtime.clock()))
    return empty_reply()
