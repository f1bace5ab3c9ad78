"""Rules about permissions on a whole workspace: each is what one of its roles gives, to one user."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Level, Principal, Rights
from trackhelm_core.errors import NotFoundError, PermissionDeniedError
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_domain.access.rights import Granted, change_access, gathered
from trackhelm_domain.audit import Action, AuditContext, Change, record
from trackhelm_domain.tables import AccessGrant, Account, Workspace
from trackhelm_domain.tables.identity import ResourceType
from trackhelm_identity.roles.resources import account_named, of_account, visible_account
from trackhelm_identity.workspace_permissions import store
from trackhelm_identity.workspaces.logic import get_workspace

_EVERYTHING: Final = (ResourceType.EXPERIMENT, ResourceType.MODEL)

# As the roles viewer, member, editor and manager have them.
_GRANTS: Final[Mapping[str, Mapping[ResourceType, Level]]] = {
    "READ": dict.fromkeys(_EVERYTHING, Level.READ),
    "USE": {ResourceType.WORKSPACE: Level.USE},
    "EDIT": {ResourceType.WORKSPACE: Level.USE, **dict.fromkeys(_EVERYTHING, Level.EDIT)},
    "MANAGE": {ResourceType.WORKSPACE: Level.MANAGE},
    "NO_PERMISSIONS": {},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The permission that a user is to have in a workspace."""

    workspace: str
    username: str
    permission: str


@dataclass(frozen=True, slots=True)
class UserPermission:
    """What a user may do in a workspace, by grants of their own."""

    workspace: str
    account_id: int
    username: str
    permission: str


def list_permissions(session: Session, name: str, asker: Principal) -> list[UserPermission]:
    """Return who has grants of their own on the whole workspace, for who manages it."""
    row = _managed(session, name, asker)
    return _permissions(store.whole_grants(session, workspace_id=row.id))


def permissions_of(session: Session, username: str, asker: Principal) -> list[UserPermission]:
    """Return where a user has grants of their own on everything, as far as who asks sees them."""
    account = visible_account(session, username, asker)
    found = store.whole_grants(session, account_id=account.id)
    is_own = asker.is_admin or account.id == asker.id
    return _permissions(
        [each for each in found if is_own or asker.rights_in(each.granted.workspace_id).manages]
    )


def set_permission(
    session: Session, wanted: Wanted, asker: Principal, context: AuditContext
) -> UserPermission:
    """Give a user a permission on the whole workspace, instead of the one that they have."""
    change_access(session)
    row = _managed(session, wanted.workspace, asker)
    if wanted.permission not in _GRANTS:
        raise invalid_value(wanted.permission, "permission", f"it must be one of {', '.join(_GRANTS)}")
    account = account_named(session, wanted.username)
    _replace(session, row, account, wanted.permission, context)
    return UserPermission(row.name, account.id, account.name, wanted.permission)


def remove_permission(
    session: Session, name: str, username: str, asker: Principal, context: AuditContext
) -> None:
    """Take from a user what they have on the whole workspace by themselves."""
    change_access(session)
    row = _managed(session, name, asker)
    account = account_named(session, username)
    if not store.whole_grants(session, workspace_id=row.id, account_id=account.id):
        raise NotFoundError(f"User '{account.name}' has no permission on workspace '{row.name}'.")
    _replace(session, row, account, "NO_PERMISSIONS", context)


def _replace(
    session: Session, workspace: Workspace, account: Account, permission: str, context: AuditContext
) -> None:
    before = _permissions(store.whole_grants(session, workspace_id=workspace.id, account_id=account.id))
    rows = [
        AccessGrant(account_id=account.id, workspace_id=workspace.id, resource_type=kind, level=int(level))
        for kind, level in _GRANTS[permission].items()
    ]
    store.replace(session, account.id, workspace.id, rows)
    was = {"workspace": workspace.name, "permission": before[0].permission} if before else None
    state = {"workspace": workspace.name, "permission": permission} if rows else None
    action = Action.GRANTED if rows else Action.REVOKED
    record(session, Change(of_account(account), action, was, state), context)


def _managed(session: Session, name: str, asker: Principal) -> Workspace:
    row = get_workspace(session, name, asker)
    if not (asker.is_admin or asker.rights_in(row.id).manages):
        raise PermissionDeniedError(
            f"Permission denied: '{asker.name}' does not manage workspace '{row.name}'."
        )
    return row


def _permissions(held: Sequence[store.Held]) -> list[UserPermission]:
    grants: defaultdict[tuple[str, int, str, int], list[Granted]] = defaultdict(list)
    for each in held:
        grants[each.workspace, each.account_id, each.account, each.granted.workspace_id].append(each.granted)
    return [
        UserPermission(workspace, account_id, account, _name_of(gathered(granted)[workspace_id]))
        for (workspace, account_id, account, workspace_id), granted in grants.items()
    ]


def _name_of(rights: Rights) -> str:
    everything = min(rights.all_experiments, rights.all_models)
    if rights.workspace is Level.MANAGE:
        return "MANAGE"
    if rights.workspace is Level.USE:
        return "EDIT" if everything >= Level.EDIT else "USE"
    return "READ" if everything >= Level.READ else "NO_PERMISSIONS"
