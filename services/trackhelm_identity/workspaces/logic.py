"""Rules about workspaces: their names, who sees them, and what becomes of what is in one that is deleted."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE, DEFAULT_WORKSPACE_ID, Level, Principal
from trackhelm_core.errors import AlreadyExistsError, ConflictError, InvalidParameterError, NotFoundError
from trackhelm_core.limits import TEXT_LENGTH
from trackhelm_core.validation import check_length
from trackhelm_core.wire.arguments import quoted, shown
from trackhelm_domain.access.rights import change_access
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.claims import owner_of_root
from trackhelm_domain.locations import Places, check_artifact_location, lock_locations
from trackhelm_domain.tables import AccessGrant, Role, Workspace
from trackhelm_domain.tables.identity import ResourceType
from trackhelm_identity.workspaces import store

# As a Kubernetes namespace is named.
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])")
_RESERVED: Final = frozenset({"workspaces", "api", "ajax-api", "static-files"})

_MODES: Final = ("RESTRICT", "SET_DEFAULT", "CASCADE")
"""What becomes of the contents of a workspace that is deleted, in MLflow's words."""

_ROLES: Final = (
    ("viewer", "Reads every experiment and model.", {ResourceType.EXPERIMENT: 1, ResourceType.MODEL: 1}),
    (
        "member",
        "Reads everything, creates experiments and models, and owns what it creates.",
        {ResourceType.WORKSPACE: 2},
    ),
    (
        "editor",
        "A member who changes every experiment and model.",
        {ResourceType.WORKSPACE: 2, ResourceType.EXPERIMENT: 3, ResourceType.MODEL: 3},
    ),
    ("manager", "Manages the workspace and everything in it.", {ResourceType.WORKSPACE: 4}),
)
"""The roles that a workspace begins with, as the first migration gives them to the default one."""


def list_workspaces(session: Session, asker: Principal) -> list[Workspace]:
    """Return the workspaces that somebody may see anything of."""
    return [row for row in store.all_workspaces(session) if sees(asker, row)]


def get_workspace(session: Session, name: str, asker: Principal) -> Workspace:
    """Return a workspace; one that somebody has no part in is as if it were missing."""
    row = store.by_name(session, name)
    if row is None or not sees(asker, row):
        raise workspace_not_found(name)
    return row


def sees(asker: Principal, row: Workspace) -> bool:
    """Return whether somebody may see that there is a workspace."""
    return asker.is_admin or asker.rights_in(row.id).is_member


def check_workspace_name(name: str) -> None:
    """Refuse a name that a workspace cannot have."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidParameterError(
            f"Workspace name {quoted(name)} is invalid: it must have 2 to 63 lower-case letters, digits and "
            f"'-', begin and end with a letter or digit, and be none of {', '.join(sorted(_RESERVED))}."
        )


def create_workspace(
    session: Session, name: str, description: str, root: str, context: AuditContext
) -> Workspace:
    """Create a workspace with the roles viewer, member, editor and manager."""
    check_workspace_name(name)
    _lock_places(session, root)
    change_access(session)
    if store.by_name(session, name) is not None:
        raise AlreadyExistsError(f"Workspace '{name}' already exists.")
    row = Workspace(
        name=name,
        description=check_length(description, "description", TEXT_LENGTH),
        artifact_root=_checked_root(session, root, None),
        creation_time=context.time,
    )
    roles = [
        (
            Role(name=role, description=text),
            [AccessGrant(resource_type=kind, level=int(Level(level))) for kind, level in granted.items()],
        )
        for role, text, granted in _ROLES
    ]
    store.insert(session, row, roles)
    record(session, Change(_entity(row), Action.CREATED, None, _state(row)), context)
    return row


def update_workspace(
    session: Session, name: str, description: str | None, root: str | None, context: AuditContext
) -> Workspace:
    """Change a workspace's description, or its root for experiments that are created from then on."""
    _lock_places(session, root)
    change_access(session)
    row = _found(session, name)
    before = _state(row)
    if description is not None:
        row.description = check_length(description, "description", TEXT_LENGTH)
    if root is not None:
        row.artifact_root = _checked_root(session, root, row)
    session.flush()
    record(session, Change(_entity(row), Action.UPDATED, before, _state(row)), context)
    return row


def delete_workspace(session: Session, name: str, mode: str, context: AuditContext) -> None:
    """Delete a workspace, by one of MLflow's modes.

    With RESTRICT it must have nothing in it. With SET_DEFAULT what is in it moves to the default workspace,
    with what accounts were granted on it; roles, service accounts and confined tokens end. With CASCADE
    everything in it is deleted for good: nobody finds it any more, and background work deletes the rows and
    files.
    """
    if mode not in _MODES:
        raise InvalidParameterError(
            f"Invalid workspace deletion mode {quoted(mode)}. Expected one of: {', '.join(_MODES)}."
        )
    # Locked before rights are changed, in the order of who adds something to it.
    row = store.locked(session, name)
    if row is None:
        raise workspace_not_found(name)
    change_access(session)
    if row.id == DEFAULT_WORKSPACE_ID:
        raise InvalidParameterError(f"The workspace '{DEFAULT_WORKSPACE}' cannot be deleted.")
    contents = store.contents(session, row.id)
    entity, before = _entity(row), dict(_state(row))
    if contents:
        before |= {"mode": mode, **contents}
        match mode:
            case "RESTRICT":
                listed = ", ".join(f"{count} {kind}" for kind, count in contents.items())
                raise ConflictError(
                    f"Workspace '{name}' is not empty: it has {listed}. With the mode SET_DEFAULT they move "
                    f"to '{DEFAULT_WORKSPACE}', with CASCADE they are deleted for good."
                )
            case "SET_DEFAULT":
                _check_names(session, row)
                store.move_contents(session, row.id, DEFAULT_WORKSPACE_ID)
            case _:
                _check_protections(session, row)
                store.bin_experiments(session, row.id, now=context.time)
                # What is deleted later is recorded beside this event, in the same name.
                record(session, Change(entity, Action.PURGED, before, None, row.id), context)
    store.delete(session, row)
    record(session, Change(entity, Action.DELETED, before, None), context)


def _check_names(session: Session, row: Workspace) -> None:
    """Refuse to move what has the name of something in the default workspace."""
    for kind, taken in store.taken_names(session, row.id, DEFAULT_WORKSPACE_ID).items():
        raise ConflictError(
            f"Cannot delete workspace '{row.name}': '{DEFAULT_WORKSPACE}' has {kind} of the same names: "
            f"{', '.join(map(quoted, taken))}. Rename those, or delete them for good."
        )


def _check_protections(session: Session, row: Workspace) -> None:
    """Refuse to delete models of which somebody else must approve the deletion."""
    if names := store.protected_models(session, row.id):
        raise ConflictError(
            f"Cannot delete workspace '{row.name}': registered models in it are protected: "
            f"{', '.join(map(quoted, names))}. Lift their protections first."
        )


def workspace_not_found(name: str) -> NotFoundError:
    """Return the error for a workspace that is not there, or that the caller has no part in."""
    return NotFoundError(f"Workspace '{name}' not found")


def names_of(rows: Sequence[Workspace]) -> dict[int, str]:
    """Return the name of each workspace."""
    return {row.id: row.name for row in rows}


def _found(session: Session, name: str) -> Workspace:
    row = store.by_name(session, name)
    if row is None:
        raise workspace_not_found(name)
    return row


def _lock_places(session: Session, root: str | None) -> None:
    """Let nobody else claim a place meanwhile; before rights are locked, as when experiments are made."""
    if root:
        lock_locations(session)


def _checked_root(session: Session, root: str, row: Workspace | None) -> str:
    """Return the root to store; refuses one where anything of another workspace is, or would come to be."""
    if not root:
        return ""
    root = check_artifact_location(root)
    # This service does not know by which URL the server's own store is opened.
    if owner := owner_of_root(session, Places(), root, row):
        raise InvalidParameterError(f"Invalid artifact location {shown(root)}: {owner}.")
    return root


def _entity(row: Workspace) -> Entity:
    return Entity(EntityType.WORKSPACE, row.name)


def _state(row: Workspace) -> State:
    return {"description": row.description, "default_artifact_root": row.artifact_root}
