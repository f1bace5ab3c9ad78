"""Rules about grants to one user, of clients of MLflow from 3.13 on and of those before."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from trackhelm_core.access import NOTHING, Access, Level, Principal
from trackhelm_core.errors import AlreadyExistsError, InvalidParameterError, NotFoundError
from trackhelm_domain.access.rights import change_access, gathered
from trackhelm_domain.audit import Action, AuditContext, Change, State, record
from trackhelm_domain.tables import Account, Role
from trackhelm_domain.tables.identity import ResourceType
from trackhelm_identity.roles import store
from trackhelm_identity.roles.resources import (
    account_named,
    add_grant,
    level_name,
    new_grant,
    of_account,
    parse_level,
    parse_resource,
)
from trackhelm_identity.roles.store import Resource

USABLE = Level.USE
"""The level from which on MLflow says that something is allowed."""


@dataclass(frozen=True, slots=True)
class UserResource:
    """What a request about a grant names: a user, a type of resources, and one of them or `*`."""

    username: str
    kind: str
    pattern: str


def grant(
    session: Session, named: UserResource, permission: str, access: Access, context: AuditContext
) -> Account:
    """Grant something to a user who has no grant of their own on it yet."""
    change_access(session)
    account, resource = _grantable(session, named, access)
    level = parse_level(permission, resource.kind)
    if store.grants_on(session, resource, account_id=account.id):
        raise AlreadyExistsError(
            f"User '{account.name}' has a permission on {named.kind} '{named.pattern}' already."
        )
    add_grant(session, new_grant(resource, level, account_id=account.id), (named.kind, named.pattern))
    record(
        session, Change(of_account(account), Action.GRANTED, None, _state_of(named, level, access)), context
    )
    return account


def change_grant(
    session: Session, named: UserResource, permission: str | None, access: Access, context: AuditContext
) -> Account:
    """Change the level of a grant, or take it away, without a level."""
    change_access(session)
    account, resource = _grantable(session, named, access)
    found = store.grants_on(session, resource, account_id=account.id)
    if not found:
        raise _no_grant(account, named)
    before = _state_of(named, Level(found[0].level), access)
    if permission is None:
        for each in found:
            store.delete(session, each)
        record(session, Change(of_account(account), Action.REVOKED, before, None), context)
        return account
    level = parse_level(permission, resource.kind)
    for each in found:
        each.level = int(level)
    session.flush()
    after = _state_of(named, level, access)
    record(session, Change(of_account(account), Action.GRANTED, before, after), context)
    return account


def own_level(session: Session, named: UserResource, access: Access) -> tuple[Account, Level]:
    """Return the level of a user's own grant on something."""
    account, resource = _grantable(session, named, access)
    found = store.grants_on(session, resource, account_id=account.id)
    if not found:
        raise _no_grant(account, named)
    return account, Level(found[0].level)


@dataclass(frozen=True, slots=True)
class Holders:
    """Who may do something with one thing: users by name, and roles, with their levels."""

    users: Sequence[tuple[str, Level]]
    roles: Sequence[tuple[Role, Level]]


def holders(session: Session, experiment_id: str, model_name: str, access: Access) -> Holders:
    """Return who may do something with an experiment or a registered model, for who manages it."""
    if bool(experiment_id) == bool(model_name):
        raise InvalidParameterError("Give either experiment_id or model_name, and not both.")
    kind, pattern = ("experiment", experiment_id) if experiment_id else ("registered_model", model_name)
    resource = _manageable(session, kind, pattern, access)
    users = [(name, Level(level)) for name, level in store.users_granted(session, resource)]
    roles = []
    for role, _ in store.roles(session, [resource.workspace_id]):
        given = store.grants_of_role(session, role.id)
        rights = gathered(given).get(resource.workspace_id, NOTHING)
        level = (
            rights.on_experiment(resource.experiment_id)
            if resource.experiment_id is not None
            else rights.on_model(resource.registered_model_id or 0)
        )
        if level > Level.NONE:
            roles.append((role, level))
    return Holders(users, roles)


def effective_level(session: Session, named: UserResource, access: Access, of: Principal) -> Level:
    """Return what a user may do with something in the workspace, all roles and grants taken together.

    What who asks may not read is as if it were missing: else it could be found out what there is.
    """
    resource, _ = _readable(session, named.kind, named.pattern, access)
    rights = of.rights_in(resource.workspace_id)
    if resource.experiment_id is not None:
        return rights.on_experiment(resource.experiment_id)
    if resource.registered_model_id is not None:
        return rights.on_model(resource.registered_model_id)
    match resource.kind:
        case ResourceType.WORKSPACE:
            return rights.workspace
        case ResourceType.EXPERIMENT:
            return Level.MANAGE if rights.manages else rights.all_experiments
        case _:
            return Level.MANAGE if rights.manages else rights.all_models


def _grantable(session: Session, named: UserResource, access: Access) -> tuple[Account, Resource]:
    """Return a user and what is granted to them, if who asks may give it; hides what they may not read."""
    resource = _manageable(session, named.kind, named.pattern, access)
    return account_named(session, named.username), resource


def _manageable(session: Session, kind: str, pattern: str, access: Access) -> Resource:
    resource, level = _readable(session, kind, pattern, access)
    if level is None:
        if not access.rights.manages:
            raise access.denied("grant permissions on all of a kind")
    elif level < Level.MANAGE:
        raise access.denied(f"grant permissions on {kind} '{pattern}'")
    return resource


def _readable(session: Session, kind: str, pattern: str, access: Access) -> tuple[Resource, Level | None]:
    """Return what is named, and the asker's level on it (None for all of a kind); hides the unreadable."""
    resource = parse_resource(session, kind, pattern, access.workspace_id or 0)
    if resource.experiment_id is not None:
        level = access.rights.on_experiment(resource.experiment_id)
        missing = NotFoundError(f"No Experiment with id={pattern} exists.")
    elif resource.registered_model_id is not None:
        level = access.rights.on_model(resource.registered_model_id)
        missing = NotFoundError(f"Registered Model with name={pattern} not found")
    else:
        return resource, None
    if level < Level.READ:
        raise missing
    return resource, level


def _no_grant(account: Account, named: UserResource) -> NotFoundError:
    return NotFoundError(
        f"User '{account.name}' has no permission of their own on {named.kind} '{named.pattern}'."
    )


def _state_of(named: UserResource, level: Level, access: Access) -> State:
    return {
        "resource_type": named.kind,
        "resource": named.pattern,
        "workspace": access.workspace_name,
        "permission": level_name(level),
    }
