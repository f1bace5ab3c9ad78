"""Statements about roles, their assignments, and grants."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_domain.access.rights import Granted
from trackhelm_domain.tables import (
    AccessGrant,
    Account,
    Experiment,
    RegisteredModel,
    Role,
    RoleAssignment,
    Workspace,
)
from trackhelm_domain.tables.identity import ResourceType
from trackhelm_domain.tables.runs import LifecycleStage

ALL = "*"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is granted in a workspace: one experiment, one registered model, or all of a kind."""

    kind: ResourceType
    workspace_id: int
    experiment_id: int | None = None
    registered_model_id: int | None = None


class ShownGrant(NamedTuple):
    """A grant with the names that answers have. Without a role it is the account's own."""

    id: int
    role_id: int | None
    role_name: str | None
    workspace: str
    resource_type: str
    pattern: str
    level: int


def insert(session: Session, row: Role | RoleAssignment) -> None:
    """Insert a row."""
    session.add(row)
    session.flush()


class GoneError(Exception):
    """What a grant is about has been deleted meanwhile."""


def insert_grant(session: Session, grant: AccessGrant) -> None:
    """Insert a grant; raises `GoneError`."""
    session.add(grant)
    try:
        session.flush()
    except IntegrityError as error:
        raise GoneError from error


def delete(session: Session, row: Role | RoleAssignment | AccessGrant) -> None:
    """Delete a row."""
    session.delete(row)
    session.flush()


def role(session: Session, role_id: int) -> tuple[Role, str] | None:
    """Return a role and the name of its workspace."""
    statement = select(Role, Workspace.name).join(Workspace, Workspace.id == Role.workspace_id)
    return session.execute(statement.where(Role.id == role_id)).one_or_none()


def role_named(session: Session, workspace_id: int, name: str) -> Role | None:
    """Return the role of a workspace with a name."""
    return session.scalar(select(Role).where(Role.workspace_id == workspace_id, Role.name == name))


def roles(session: Session, workspaces: Sequence[int]) -> Sequence[tuple[Role, str]]:
    """Return the roles of workspaces, by id."""
    statement = select(Role, Workspace.name).join(Workspace, Workspace.id == Role.workspace_id)
    return session.execute(statement.where(Role.workspace_id.in_(workspaces)).order_by(Role.id)).all()


def roles_of(session: Session, account_id: int) -> Sequence[tuple[Role, str]]:
    """Return the roles of an account, by id."""
    statement = (
        select(Role, Workspace.name)
        .join(Workspace, Workspace.id == Role.workspace_id)
        .join(RoleAssignment, RoleAssignment.role_id == Role.id)
    )
    return session.execute(statement.where(RoleAssignment.account_id == account_id).order_by(Role.id)).all()


def assignments(session: Session, role_id: int) -> Sequence[RoleAssignment]:
    """Return who has a role."""
    statement = select(RoleAssignment).where(RoleAssignment.role_id == role_id)
    return session.scalars(statement.order_by(RoleAssignment.id)).all()


def assignment(session: Session, role_id: int, account_id: int) -> RoleAssignment | None:
    """Return the assignment of an account to a role."""
    statement = select(RoleAssignment).where(RoleAssignment.role_id == role_id)
    return session.scalar(statement.where(RoleAssignment.account_id == account_id))


def grant(session: Session, grant_id: int) -> AccessGrant | None:
    """Return a grant of a role."""
    statement = select(AccessGrant).where(AccessGrant.id == grant_id, AccessGrant.role_id.is_not(None))
    return session.scalar(statement)


def grants_on(
    session: Session, resource: Resource, *, role_id: int | None = None, account_id: int | None = None
) -> Sequence[AccessGrant]:
    """Return the grants that a role, or an account by itself, has on exactly a resource."""
    return session.scalars(
        select(AccessGrant).where(
            AccessGrant.role_id == role_id if role_id is not None else AccessGrant.account_id == account_id,
            AccessGrant.workspace_id == resource.workspace_id,
            AccessGrant.resource_type == resource.kind,
            _same(AccessGrant.experiment_id, resource.experiment_id),
            _same(AccessGrant.registered_model_id, resource.registered_model_id),
        )
    ).all()


def users_granted(session: Session, resource: Resource) -> Sequence[tuple[str, int]]:
    """Return who has a grant of their own on exactly a resource: the names of accounts, and levels."""
    statement = (
        select(Account.name, AccessGrant.level)
        .join(Account, Account.id == AccessGrant.account_id)
        .where(
            AccessGrant.workspace_id == resource.workspace_id,
            AccessGrant.resource_type == resource.kind,
            _same(AccessGrant.experiment_id, resource.experiment_id),
            _same(AccessGrant.registered_model_id, resource.registered_model_id),
        )
    )
    return [(name, level) for name, level in session.execute(statement.order_by(Account.name_key))]


def _same(column: InstrumentedAttribute[int | None], value: int | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def grants_of_role(session: Session, role_id: int) -> Sequence[Granted]:
    """Return what a role has, as rights are made of it."""
    statement = select(
        AccessGrant.workspace_id,
        AccessGrant.resource_type,
        AccessGrant.experiment_id,
        AccessGrant.registered_model_id,
        AccessGrant.level,
    ).where(AccessGrant.role_id == role_id)
    return [Granted(*row) for row in session.execute(statement)]


def grants_of_roles(session: Session, role_ids: Sequence[int]) -> Sequence[ShownGrant]:
    """Return the grants of roles, by id."""
    return _shown(session, AccessGrant.role_id.in_(role_ids))


def grants_of_account(session: Session, account_id: int) -> Sequence[ShownGrant]:
    """Return the grants of an account and of its roles, by id."""
    own_roles = select(RoleAssignment.role_id).where(RoleAssignment.account_id == account_id)
    return _shown(session, or_(AccessGrant.account_id == account_id, AccessGrant.role_id.in_(own_roles)))


def _shown(session: Session, condition: ColumnElement[bool]) -> Sequence[ShownGrant]:
    statement = (
        select(AccessGrant, Role.name, Workspace.name, RegisteredModel.name)
        .join(Workspace, Workspace.id == AccessGrant.workspace_id)
        .outerjoin(Role, Role.id == AccessGrant.role_id)
        .outerjoin(RegisteredModel, RegisteredModel.id == AccessGrant.registered_model_id)
        .where(condition)
        .order_by(AccessGrant.id)
    )
    return [
        ShownGrant(
            row.id,
            row.role_id,
            role_name,
            workspace,
            row.resource_type,
            str(row.experiment_id) if row.experiment_id is not None else (model or ALL),
            row.level,
        )
        for row, role_name, workspace, model in session.execute(statement)
    ]


def experiment_in(session: Session, experiment_id: int, workspace_id: int) -> bool:
    """Return whether a workspace has an experiment."""
    statement = select(Experiment.id).where(
        Experiment.id == experiment_id,
        Experiment.workspace_id == workspace_id,
        Experiment.lifecycle_stage != LifecycleStage.PURGED,
    )
    return session.scalar(statement) is not None


def model_in(session: Session, name: str, workspace_id: int) -> int | None:
    """Return the row id of the registered model of a workspace with a name."""
    return session.scalar(
        select(RegisteredModel.id).where(
            RegisteredModel.workspace_id == workspace_id, RegisteredModel.name == name
        )
    )


def account_by_key(session: Session, name_key: str) -> Account | None:
    """Return the account with a name, given without case."""
    return session.scalar(select(Account).where(Account.name_key == name_key))
