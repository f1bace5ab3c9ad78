"""Rules about roles: their permissions, and who may change them and have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Principal
from trackhelm_core.errors import (
    AlreadyExistsError,
    InvalidParameterError,
    NotFoundError,
    PermissionDeniedError,
)
from trackhelm_core.limits import TEXT_LENGTH
from trackhelm_core.validation import check_length
from trackhelm_core.wire.arguments import quoted
from trackhelm_domain.access.rights import change_access
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.tables import Account, Role, RoleAssignment
from trackhelm_domain.tables.identity import ROLE_NAME_LENGTH, ResourceType
from trackhelm_identity.roles import store
from trackhelm_identity.roles.resources import (
    account_named,
    add_grant,
    level_name,
    new_grant,
    of_account,
    parse_level,
    parse_resource,
    visible_account,
)
from trackhelm_identity.roles.store import ShownGrant
from trackhelm_identity.workspaces import store as workspaces_store
from trackhelm_identity.workspaces.logic import sees, workspace_not_found

_OWN: Final = "__user_"
"""How the names of roles begin that MLflow has for the grants of one user; ours need none."""

# Roles of a workspace: for those who manage it.


@dataclass(frozen=True, slots=True)
class RoleDetails:
    """A role with the name of its workspace and its grants."""

    row: Role
    workspace: str
    grants: Sequence[ShownGrant]


def create_role(
    session: Session, workspace: str, name: str, description: str, *, asker: Principal, context: AuditContext
) -> RoleDetails:
    """Create a role without grants."""
    change_access(session)
    workspace_id = _managed_workspace(session, workspace, asker)
    _check_name(name)
    if store.role_named(session, workspace_id, name) is not None:
        raise AlreadyExistsError(f"Role '{name}' already exists in workspace '{workspace}'.")
    row = Role(
        workspace_id=workspace_id,
        name=name,
        description=check_length(description, "description", TEXT_LENGTH),
    )
    store.insert(session, row)
    after: State = {"description": description}
    record(session, Change(_entity(row, workspace), Action.CREATED, None, after, workspace_id), context)
    return RoleDetails(row, workspace, ())


def update_role(
    session: Session,
    role_id: int,
    name: str | None,
    description: str | None,
    *,
    asker: Principal,
    context: AuditContext,
) -> RoleDetails:
    """Rename or describe a role."""
    change_access(session)
    row, workspace = managed_role(session, role_id, asker)
    before: State = {"name": row.name, "description": row.description}
    if name is not None and name != row.name:
        _check_name(name)
        if store.role_named(session, row.workspace_id, name) is not None:
            raise AlreadyExistsError(f"Role '{name}' already exists in workspace '{workspace}'.")
        row.name = name
    if description is not None:
        row.description = check_length(description, "description", TEXT_LENGTH)
    session.flush()
    after: State = {"name": row.name, "description": row.description}
    record(session, Change(_entity(row, workspace), Action.UPDATED, before, after, row.workspace_id), context)
    return _details(session, row, workspace)


def delete_role(session: Session, role_id: int, asker: Principal, context: AuditContext) -> None:
    """Delete a role with its grants; who had it loses them."""
    change_access(session)
    row, workspace = managed_role(session, role_id, asker)
    before = _grants_state(_details(session, row, workspace).grants)
    change = Change(_entity(row, workspace), Action.DELETED, before, None, row.workspace_id)
    store.delete(session, row)
    record(session, change, context)


def get_role(session: Session, role_id: int, asker: Principal) -> RoleDetails:
    """Return a role, for who has a part in its workspace."""
    found = store.role(session, role_id)
    if found is None or not (asker.is_admin or asker.rights_in(found[0].workspace_id).is_member):
        raise _role_not_found(role_id)
    return _details(session, *found)


def list_roles(session: Session, workspaces: Sequence[str], asker: Principal) -> list[RoleDetails]:
    """Return the roles of workspaces in which who asks has a part; without any, of all of those."""
    seen = {row.name: row.id for row in workspaces_store.all_workspaces(session) if sees(asker, row)}
    for name in workspaces:
        if name not in seen:
            raise workspace_not_found(name)
    wanted = [seen[name] for name in workspaces] if workspaces else list(seen.values())
    return _all_details(session, store.roles(session, wanted))


def managed_role(session: Session, role_id: int, asker: Principal) -> tuple[Role, str]:
    """Return a role that somebody may change, and the name of its workspace."""
    found = store.role(session, role_id)
    if found is None or not (asker.is_admin or asker.rights_in(found[0].workspace_id).is_member):
        raise _role_not_found(role_id)
    _check_manages(asker, *found)
    return found


def _check_manages(asker: Principal, row: Role, workspace: str) -> None:
    if not asker.rights_in(row.workspace_id).manages:
        raise PermissionDeniedError(
            f"Permission denied: '{asker.name}' does not manage workspace '{workspace}'."
        )


def _managed_workspace(session: Session, name: str, asker: Principal) -> int:
    row = workspaces_store.by_name(session, name)
    if row is None or not sees(asker, row):
        raise workspace_not_found(name)
    if not asker.rights_in(row.id).manages:
        raise PermissionDeniedError(f"Permission denied: '{asker.name}' does not manage workspace '{name}'.")
    return row.id


def _check_name(name: str) -> None:
    check_length(name, "name", ROLE_NAME_LENGTH)
    if not name.strip() or not name.isprintable() or name.startswith(_OWN):
        raise InvalidParameterError(
            f"Invalid role name {quoted(name)}: it must be printable, and not begin with '{_OWN}'."
        )


# Permissions of roles.


def add_permission(
    session: Session,
    role_id: int,
    resource: tuple[str, str],
    permission: str,
    *,
    asker: Principal,
    context: AuditContext,
) -> ShownGrant:
    """Grant something to a role. `resource` is the type and the pattern."""
    change_access(session)
    row, workspace = managed_role(session, role_id, asker)
    wanted = parse_resource(session, *resource, row.workspace_id)
    level = parse_level(permission, wanted.kind)
    if store.grants_on(session, wanted, role_id=row.id):
        raise AlreadyExistsError(
            f"Role '{row.name}' has a permission on {resource[0]} '{resource[1]}' already."
        )
    grant = new_grant(wanted, level, role_id=row.id)
    add_grant(session, grant, resource)
    shown = ShownGrant(grant.id, row.id, row.name, workspace, wanted.kind, resource[1], level)
    after = _grants_state([shown])
    record(session, Change(_entity(row, workspace), Action.GRANTED, None, after, row.workspace_id), context)
    return shown


def change_permission(
    session: Session, grant_id: int, permission: str | None, asker: Principal, context: AuditContext
) -> ShownGrant:
    """Change the level of a permission of a role, or, without a level, take it away; return it."""
    change_access(session)
    grant = store.grant(session, grant_id)
    if grant is None or grant.role_id is None or not asker.rights_in(grant.workspace_id).is_member:
        raise NotFoundError(f"Role permission with id={grant_id} not found")
    row, workspace = managed_role(session, grant.role_id, asker)
    before = next(each for each in store.grants_of_roles(session, [row.id]) if each.id == grant_id)
    if permission is None:
        store.delete(session, grant)
        state = _grants_state([before])
        change = Change(_entity(row, workspace), Action.REVOKED, state, None, row.workspace_id)
        record(session, change, context)
        return before
    level = parse_level(permission, ResourceType(grant.resource_type))
    grant.level = int(level)
    session.flush()
    after = before._replace(level=level)
    states = _grants_state([before]), _grants_state([after])
    record(session, Change(_entity(row, workspace), Action.GRANTED, *states, row.workspace_id), context)
    return after


# Who has a role.


def assign_role(
    session: Session, name: str, role_id: int, asker: Principal, context: AuditContext
) -> RoleAssignment:
    """Give a role to an account."""
    change_access(session)
    row, workspace = managed_role(session, role_id, asker)
    account = account_named(session, name)
    if account.workspace_id not in {None, row.workspace_id}:
        raise InvalidParameterError(f"Service account '{name}' belongs to another workspace.")
    if store.assignment(session, role_id, account.id) is not None:
        raise AlreadyExistsError(f"User '{name}' has the role '{row.name}' already.")
    assignment = RoleAssignment(account_id=account.id, role_id=role_id)
    store.insert(session, assignment)
    state = {"role": row.name, "workspace": workspace}
    record(session, Change(of_account(account), Action.GRANTED, None, state, row.workspace_id), context)
    return assignment


def unassign_role(session: Session, name: str, role_id: int, asker: Principal, context: AuditContext) -> None:
    """Take a role from an account."""
    change_access(session)
    row, workspace = managed_role(session, role_id, asker)
    account = account_named(session, name)
    assignment = store.assignment(session, role_id, account.id)
    if assignment is None:
        raise NotFoundError(f"User '{name}' does not have the role '{row.name}'.")
    store.delete(session, assignment)
    state = {"role": row.name, "workspace": workspace}
    record(session, Change(of_account(account), Action.REVOKED, state, None, row.workspace_id), context)


def users_of_role(session: Session, role_id: int, asker: Principal) -> Sequence[RoleAssignment]:
    """Return who has a role."""
    managed_role(session, role_id, asker)
    return store.assignments(session, role_id)


def roles_of_user(session: Session, name: str, asker: Principal) -> list[RoleDetails]:
    """Return the roles of a user: of oneself all, of others those in workspaces that one manages."""
    account = visible_account(session, name, asker)
    found = store.roles_of(session, account.id)
    return _all_details(session, [each for each in found if _may_see(account, each[0].workspace_id, asker)])


def permissions_of_user(
    session: Session, name: str, asker: Principal
) -> tuple[Account, Sequence[ShownGrant]]:
    """Return what a user may do, as `roles_of_user` shows it."""
    account = visible_account(session, name, asker)
    names = {row.name: row.id for row in workspaces_store.all_workspaces(session)}
    grants = store.grants_of_account(session, account.id)
    return account, [each for each in grants if _may_see(account, names[each.workspace], asker)]


def _may_see(account: Account, workspace_id: int, asker: Principal) -> bool:
    return account.id == asker.id or asker.rights_in(workspace_id).manages


def _details(session: Session, row: Role, workspace: str) -> RoleDetails:
    return RoleDetails(row, workspace, store.grants_of_roles(session, [row.id]))


def _all_details(session: Session, found: Sequence[tuple[Role, str]]) -> list[RoleDetails]:
    grants: dict[int | None, list[ShownGrant]] = {}
    for grant_ in store.grants_of_roles(session, [row.id for row, _ in found]):
        grants.setdefault(grant_.role_id, []).append(grant_)
    return [RoleDetails(row, workspace, grants.get(row.id, ())) for row, workspace in found]


def _entity(row: Role, workspace: str) -> Entity:
    return Entity(EntityType.ROLE, f"{workspace}/{row.name}"[:ROLE_NAME_LENGTH])


def _grants_state(grants: Sequence[ShownGrant]) -> State:
    return {f"{each.resource_type} {each.pattern}": level_name(each.level) for each in grants}


def _role_not_found(role_id: int) -> NotFoundError:
    return NotFoundError(f"Role with id={role_id} not found")
