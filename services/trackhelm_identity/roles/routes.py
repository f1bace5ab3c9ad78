"""Endpoints about roles and grants, of both generations of MLflow's API."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from trackhelm_core.access import Need, current_access, needs
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.security.actor import ActorDep
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_domain.access.rights import principal_of
from trackhelm_domain.audit import AuditContext
from trackhelm_identity.roles import grants, logic, schemas
from trackhelm_identity.roles.grants import UserResource
from trackhelm_identity.roles.logic import RoleDetails
from trackhelm_identity.roles.resources import level_name, visible_account
from trackhelm_identity.roles.store import ShownGrant

router = APIRouter(prefix="/mlflow/roles", route_class=WireRoute)


def _permission(grant: ShownGrant) -> schemas.RolePermission:
    return schemas.RolePermission(
        grant.id, grant.role_id or 0, grant.resource_type, grant.pattern, level_name(grant.level)
    )


def _role(found: RoleDetails) -> schemas.Role:
    return schemas.Role(
        found.row.id,
        found.row.name,
        found.workspace,
        found.row.description,
        [_permission(grant) for grant in found.grants],
    )


@router.post("/create", **documented(schemas.RoleAnswer))
@needs(Need.LOGIN)
def create_role(body: schemas.CreateRole, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Create a role in a workspace that one manages."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        asker = current_access().principal
        found = logic.create_role(
            session, body.workspace, body.name, body.description, asker=asker, context=context
        )
        return reply(schemas.RoleAnswer(role=_role(found)))


@router.patch("/update", **documented(schemas.RoleAnswer))
@needs(Need.LOGIN)
def update_role(body: schemas.UpdateRole, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Rename or describe a role."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        asker = current_access().principal
        found = logic.update_role(
            session, body.role_id, body.name, body.description, asker=asker, context=context
        )
        return reply(schemas.RoleAnswer(role=_role(found)))


@router.delete("/delete", **documented(Empty))
@needs(Need.LOGIN)
def delete_role(body: schemas.NamedRole, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Delete a role."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.delete_role(session, body.role_id, current_access().principal, context)
    return empty_reply()


@router.get("/get", **documented(schemas.RoleAnswer))
@needs(Need.LOGIN)
def get_role(query: Annotated[schemas.NamedRole, Query()], runtime: RuntimeDep) -> Response:
    """Return a role of a workspace in which one has a part."""
    with runtime.database.reading() as session:
        found = logic.get_role(session, query.role_id, current_access().principal)
        return reply(schemas.RoleAnswer(role=_role(found)))


@router.get("/list", **documented(schemas.Roles))
@needs(Need.LOGIN)
def list_roles(query: Annotated[schemas.ListRoles, Query()], runtime: RuntimeDep) -> Response:
    """Return the roles of workspaces in which one has a part."""
    with runtime.database.reading() as session:
        found = logic.list_roles(session, query.workspace, current_access().principal)
        return reply(schemas.Roles(roles=[_role(each) for each in found]))


@router.post("/permissions/add", **documented(schemas.RolePermissionAnswer))
@needs(Need.LOGIN)
def add_role_permission(body: schemas.AddPermission, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Grant something to a role."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        added = logic.add_permission(
            session,
            body.role_id,
            (body.resource_type, body.resource_pattern),
            body.permission,
            asker=current_access().principal,
            context=context,
        )
    return reply(schemas.RolePermissionAnswer(role_permission=_permission(added)))


@router.patch("/permissions/update", **documented(schemas.RolePermissionAnswer))
@needs(Need.LOGIN)
def update_role_permission(body: schemas.UpdatePermission, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Change the level of a permission of a role."""
    changed = _change(runtime, body.role_permission_id, body.permission, AuditContext(actor, runtime.clock()))
    return reply(schemas.RolePermissionAnswer(role_permission=_permission(changed)))


@router.delete("/permissions/remove", **documented(Empty))
@needs(Need.LOGIN)
def remove_role_permission(body: schemas.NamedPermission, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take a permission from a role."""
    _change(runtime, body.role_permission_id, None, AuditContext(actor, runtime.clock()))
    return empty_reply()


def _change(runtime: Runtime, grant: int, permission: str | None, context: AuditContext) -> ShownGrant:
    with runtime.database.writing() as session:
        return logic.change_permission(session, grant, permission, current_access().principal, context)


@router.get("/permissions/list", **documented(schemas.RolePermissions))
@needs(Need.LOGIN)
def list_role_permissions(query: Annotated[schemas.NamedRole, Query()], runtime: RuntimeDep) -> Response:
    """Return the permissions of a role."""
    with runtime.database.reading() as session:
        found = logic.get_role(session, query.role_id, current_access().principal)
    return reply(schemas.RolePermissions(role_permissions=[_permission(grant) for grant in found.grants]))


@router.post("/assign", **documented(schemas.AssignmentAnswer))
@needs(Need.LOGIN)
def assign_role(body: schemas.Assign, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Give a role to a user or a service account."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        row = logic.assign_role(session, body.username, body.role_id, current_access().principal, context)
        message = schemas.Assignment(row.id, row.account_id, row.role_id)
    return reply(schemas.AssignmentAnswer(assignment=message))


@router.delete("/unassign", **documented(Empty))
@needs(Need.LOGIN)
def unassign_role(body: schemas.Assign, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take a role from a user or a service account."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        logic.unassign_role(session, body.username, body.role_id, current_access().principal, context)
    return empty_reply()


@router.get("/users/list", **documented(schemas.Assignments))
@needs(Need.LOGIN)
def list_role_users(query: Annotated[schemas.NamedRole, Query()], runtime: RuntimeDep) -> Response:
    """Return who has a role, for those who manage its workspace."""
    with runtime.database.reading() as session:
        found = logic.users_of_role(session, query.role_id, current_access().principal)
        listed = [schemas.Assignment(row.id, row.account_id, row.role_id) for row in found]
    return reply(schemas.Assignments(assignments=listed))


# What a user may do.

users_router = APIRouter(prefix="/mlflow/users", route_class=WireRoute)


@users_router.get("/roles/list", **documented(schemas.Roles))
@needs(Need.LOGIN)
def list_user_roles(query: Annotated[schemas.OfUser, Query()], runtime: RuntimeDep) -> Response:
    """Return the roles of a user."""
    with runtime.database.reading() as session:
        found = logic.roles_of_user(session, query.username, current_access().principal)
        return reply(schemas.Roles(roles=[_role(each) for each in found]))


@users_router.get("/permissions/list", **documented(schemas.Permissions))
@needs(Need.LOGIN)
def list_user_permissions(query: Annotated[schemas.OfUser, Query()], runtime: RuntimeDep) -> Response:
    """Return what a user may do, by their roles and by themselves."""
    return _permissions(runtime, query.username)


@users_router.get("/current/permissions", **documented(schemas.Permissions))
@needs(Need.LOGIN)
def list_current_user_permissions(runtime: RuntimeDep) -> Response:
    """Return what who asks may do."""
    return _permissions(runtime, current_access().principal.name)


def _permissions(runtime: Runtime, username: str) -> Response:
    with runtime.database.reading() as session:
        account, found = logic.permissions_of_user(session, username, current_access().principal)
        listed = [
            schemas.Permission(
                grant.role_id or 0,
                grant.role_name or "",
                grant.workspace,
                grant.resource_type,
                grant.pattern,
                level_name(grant.level),
            )
            for grant in found
        ]
        return reply(schemas.Permissions(is_admin=account.is_admin, permissions=listed))


@users_router.post("/permissions/grant", **documented(Empty))
@needs(Need.LOGIN)
def grant_user_permission(body: schemas.GrantPermission, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Grant a user something that one manages."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        grants.grant(session, _named(body), body.permission, current_access(), context)
    return empty_reply()


@users_router.post("/permissions/revoke", **documented(Empty))
@needs(Need.LOGIN)
def revoke_user_permission(body: schemas.UserPermission, actor: ActorDep, runtime: RuntimeDep) -> Response:
    """Take from a user what was granted to them."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        grants.change_grant(session, _named(body), None, current_access(), context)
    return empty_reply()


@users_router.get("/permissions/get", **documented(schemas.Allowed))
@needs(Need.LOGIN)
def get_user_permission(query: Annotated[schemas.UserPermission, Query()], runtime: RuntimeDep) -> Response:
    """Return how far a user may go with something, by all that they have."""
    access = current_access()
    with runtime.database.reading() as session:
        account = visible_account(session, query.username, access.principal)
        level = grants.effective_level(session, _named(query), access, principal_of(session, account))
    return reply(schemas.Allowed(allowed=level >= grants.USABLE, permission=level_name(level)))


def _named(given: schemas.UserPermission) -> UserResource:
    return UserResource(given.username, given.resource_type, given.resource_id)


grants_router = APIRouter(prefix="/trackhelm/grants", route_class=WireRoute)


@grants_router.get("/list", **documented(schemas.Grants))
@needs(Need.LOGIN)
def list_grants(query: Annotated[schemas.ListGrants, Query()], runtime: RuntimeDep) -> Response:
    """Return who may do something with an experiment or a registered model that one manages."""
    with runtime.database.reading() as session:
        found = grants.holders(session, query.experiment_id, query.model_name, current_access())
        answer = schemas.Grants(
            users=[schemas.UserGrant(name, level_name(level)) for name, level in found.users],
            roles=[schemas.RoleGrant(role.id, role.name, level_name(level)) for role, level in found.roles],
        )
    return reply(answer)


# The API of clients up to 3.12: grants on one experiment, and on one registered model.

experiments_router = APIRouter(prefix="/mlflow/experiments/permissions", route_class=WireRoute)
models_router = APIRouter(prefix="/mlflow/registered-models/permissions", route_class=WireRoute)


def _on_experiment(given: schemas.OfExperiment) -> UserResource:
    return UserResource(given.username, "experiment", given.experiment_id)


def _on_model(given: schemas.OfModel) -> UserResource:
    return UserResource(given.username, "registered_model", given.name)


@experiments_router.post("/create", **documented(schemas.ExperimentPermissionAnswer))
@needs(Need.LOGIN)
def create_experiment_permission(
    body: schemas.OnExperiment, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Grant a user something on an experiment."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        account = grants.grant(session, _on_experiment(body), body.permission, current_access(), context)
        message = schemas.ExperimentPermission(body.experiment_id, account.id, body.permission)
    return reply(schemas.ExperimentPermissionAnswer(experiment_permission=message))


@experiments_router.get("/get", **documented(schemas.ExperimentPermissionAnswer))
@needs(Need.LOGIN)
def get_experiment_permission(
    query: Annotated[schemas.OfExperiment, Query()], runtime: RuntimeDep
) -> Response:
    """Return what was granted to a user on an experiment."""
    with runtime.database.reading() as session:
        account, level = grants.own_level(session, _on_experiment(query), current_access())
        message = schemas.ExperimentPermission(query.experiment_id, account.id, level_name(level))
    return reply(schemas.ExperimentPermissionAnswer(experiment_permission=message))


@experiments_router.patch("/update", **documented(Empty))
@needs(Need.LOGIN)
def update_experiment_permission(
    body: schemas.OnExperiment, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Change what was granted to a user on an experiment."""
    return _change_grant(runtime, _on_experiment(body), body.permission, AuditContext(actor, runtime.clock()))


@experiments_router.delete("/delete", **documented(Empty))
@needs(Need.LOGIN)
def delete_experiment_permission(
    body: schemas.OfExperiment, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Take from a user what was granted to them on an experiment."""
    return _change_grant(runtime, _on_experiment(body), None, AuditContext(actor, runtime.clock()))


@models_router.post("/create", **documented(schemas.ModelPermissionAnswer))
@needs(Need.LOGIN)
def create_registered_model_permission(
    body: schemas.OnModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Grant a user something on a registered model."""
    with runtime.database.writing() as session:
        context = AuditContext(actor, runtime.clock())
        account = grants.grant(session, _on_model(body), body.permission, current_access(), context)
        message = schemas.ModelPermission(body.name, account.id, body.permission)
    return reply(schemas.ModelPermissionAnswer(registered_model_permission=message))


@models_router.get("/get", **documented(schemas.ModelPermissionAnswer))
@needs(Need.LOGIN)
def get_registered_model_permission(
    query: Annotated[schemas.OfModel, Query()], runtime: RuntimeDep
) -> Response:
    """Return what was granted to a user on a registered model."""
    with runtime.database.reading() as session:
        account, level = grants.own_level(session, _on_model(query), current_access())
        message = schemas.ModelPermission(query.name, account.id, level_name(level))
    return reply(schemas.ModelPermissionAnswer(registered_model_permission=message))


@models_router.patch("/update", **documented(Empty))
@needs(Need.LOGIN)
def update_registered_model_permission(
    body: schemas.OnModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Change what was granted to a user on a registered model."""
    return _change_grant(runtime, _on_model(body), body.permission, AuditContext(actor, runtime.clock()))


@models_router.delete("/delete", **documented(Empty))
@needs(Need.LOGIN)
def delete_registered_model_permission(
    body: schemas.OfModel, actor: ActorDep, runtime: RuntimeDep
) -> Response:
    """Take from a user what was granted to them on a registered model."""
    return _change_grant(runtime, _on_model(body), None, AuditContext(actor, runtime.clock()))


def _change_grant(
    runtime: Runtime, named: UserResource, permission: str | None, context: AuditContext
) -> Response:
    with runtime.database.writing() as session:
        grants.change_grant(session, named, permission, current_access(), context)
    return empty_reply()
