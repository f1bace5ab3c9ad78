"""What can be granted on what: the names of levels and resources in MLflow's API, and who is meant."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Level, Principal
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.validation import parse_experiment_id
from trackhelm_core.wire.arguments import quoted
from trackhelm_domain.audit import Entity, EntityType
from trackhelm_domain.tables import AccessGrant, Account
from trackhelm_domain.tables.identity import ResourceType
from trackhelm_identity.roles import store
from trackhelm_identity.roles.store import ALL, Resource

# The names of levels and resources in MLflow's API.

NO_PERMISSIONS: Final = "NO_PERMISSIONS"
_LEVELS: Final[Mapping[str, Level]] = {
    "READ": Level.READ,
    "USE": Level.USE,
    "EDIT": Level.EDIT,
    "MANAGE": Level.MANAGE,
    "DENY": Level.DENY,
    # What clients up to 3.12 call a denial.
    NO_PERMISSIONS: Level.DENY,
}
_TYPES: Final[Mapping[str, ResourceType]] = {
    "workspace": ResourceType.WORKSPACE,
    "experiment": ResourceType.EXPERIMENT,
    "registered_model": ResourceType.MODEL,
    # Prompts are registered models, and share their names.
    "prompt": ResourceType.MODEL,
}


def level_name(level: int) -> str:
    """Return what MLflow calls a level."""
    return NO_PERMISSIONS if level == Level.NONE else Level(level).name


def parse_level(text: str, kind: ResourceType) -> Level:
    """Return a level that can be granted on a kind of resource."""
    level = _LEVELS.get(text)
    allowed = [Level.USE, Level.MANAGE] if kind is ResourceType.WORKSPACE else list(_LEVELS.values())
    if level is None or level not in allowed:
        names = ", ".join(dict.fromkeys(each.name for each in allowed))
        raise InvalidParameterError(
            f"Invalid permission {quoted(text)} on a {kind.value}: it is one of {names}."
        )
    return level


def parse_resource(session: Session, kind: str, pattern: str, workspace_id: int) -> Resource:
    """Return what a type and a pattern name in a workspace; raises if it is not there."""
    found = _TYPES.get(kind)
    if found is None:
        raise InvalidParameterError(
            f"Invalid resource type {quoted(kind)}: it is one of {', '.join(_TYPES)}. Runs and logged models "
            "belong to their experiment, and versions to their registered model."
        )
    if pattern == ALL:
        return Resource(found, workspace_id)
    match found:
        case ResourceType.WORKSPACE:
            raise InvalidParameterError(
                f"Invalid resource pattern {quoted(pattern)} of a workspace: it must be '*'."
            )
        case ResourceType.EXPERIMENT:
            number = parse_experiment_id(pattern)
            if not store.experiment_in(session, number, workspace_id):
                raise NotFoundError(f"No Experiment with id={pattern} exists.")
            return Resource(found, workspace_id, experiment_id=number)
        case _:
            model = store.model_in(session, pattern, workspace_id)
            if model is None:
                raise NotFoundError(f"Registered Model with name={pattern} not found")
            return Resource(found, workspace_id, registered_model_id=model)


def new_grant(resource: Resource, level: Level, **holder: int) -> AccessGrant:
    """Return a grant for a role or an account, given as `role_id` or `account_id`."""
    return AccessGrant(
        workspace_id=resource.workspace_id,
        resource_type=resource.kind,
        experiment_id=resource.experiment_id,
        registered_model_id=resource.registered_model_id,
        level=int(level),
        **holder,
    )


def add_grant(session: Session, grant: AccessGrant, named: tuple[str, str]) -> None:
    """Insert a grant on what a request names by a type and a pattern."""
    try:
        store.insert_grant(session, grant)
    except store.GoneError as error:
        raise NotFoundError(f"The {named[0]} {quoted(named[1])} has just been deleted.") from error


def account_named(session: Session, name: str) -> Account:
    """Return the account with a name."""
    account = store.account_by_key(session, name.casefold())
    if account is None:
        raise _user_not_found(name)
    return account


def visible_account(session: Session, name: str, asker: Principal) -> Account:
    """Return the account of a user about whom somebody may learn what they may do."""
    account = store.account_by_key(session, name.casefold())
    manages = asker.is_admin or any(rights.manages for rights in asker.rights.values())
    if account is None or (account.id != asker.id and not manages):
        raise _user_not_found(name)
    return account


def of_account(account: Account) -> Entity:
    """Return the entity that the audit trail names for an account."""
    return Entity(EntityType.ACCOUNT, account.name)


def _user_not_found(name: str) -> NotFoundError:
    return NotFoundError(f"User with username={name} not found")
