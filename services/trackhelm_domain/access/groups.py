"""What groups of users give, of an identity provider or a proxy: roles, and the administrator's flag.

It is given and taken as somebody comes with other groups than before. What people gave by hand stays.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from trackhelm_domain.access.rights import change_access
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.tables import Account, Role, RoleAssignment, WebSession, Workspace

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What groups give: each the roles with the names of a workspace and of one of its roles."""

    setting: str
    """The setting that says so."""
    managed_by: str
    """What the rows of roles say that groups gave, and groups take."""
    roles: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    admin_group: str = ""

    def known(self, groups: Collection[str]) -> frozenset[str]:
        """Return those of somebody's groups that give anything."""
        return frozenset(group for group in groups if group in self.roles or group == self.admin_group)


class _Wanted(NamedTuple):
    """What is to change of an account so that it has what its groups give."""

    surplus: Sequence[tuple[RoleAssignment, Role, str]]
    missing: Sequence[tuple[Role, str]]
    is_admin: bool
    is_in_group: bool

    def is_of(self, account: Account) -> bool:
        """Return whether an account has it all."""
        return not (self.surplus or self.missing) and self.is_admin == account.is_admin


def has_what_groups_give(
    session: Session, account: Account, groups: Collection[str], rules: GroupRules
) -> bool:
    """Return whether an account has what its groups give, and no more by them."""
    return _wanted(session, account, groups, rules).is_of(account)


def follow_groups(
    session: Session, account: Account, groups: Collection[str], rules: GroupRules, context: AuditContext
) -> None:
    """Give an account what its groups give now, and take what they no longer do.

    The last administrator goes, too, when no longer in the group: `trackhelm-server admin reset` is the way
    back in. Who was made an administrator by hand stays one.
    """
    if has_what_groups_give(session, account, groups, rules):
        return
    change_access(session)
    # Changes of rights take turns from here on, so that nobody else gives the same.
    wanted = _wanted(session, account, groups, rules)
    entity = Entity(EntityType.ACCOUNT, account.name)
    for assignment, role, workspace in wanted.surplus:
        session.delete(assignment)
        session.flush()
        before: State = {"role": role.name, "workspace": workspace, "by": rules.managed_by}
        record(session, Change(entity, Action.REVOKED, before, None, role.workspace_id), context)
    for role, workspace in wanted.missing:
        session.add(RoleAssignment(account_id=account.id, role_id=role.id, managed_by=rules.managed_by))
        session.flush()
        after: State = {"role": role.name, "workspace": workspace, "by": rules.managed_by}
        record(session, Change(entity, Action.GRANTED, None, after, role.workspace_id), context)
    if wanted.is_admin != account.is_admin:
        states: tuple[State, State] = (
            {"is_admin": account.is_admin},
            {"is_admin": wanted.is_admin, "by": rules.managed_by},
        )
        account.is_admin, account.is_admin_by_group = wanted.is_admin, wanted.is_in_group
        session.execute(delete(WebSession).where(WebSession.account_id == account.id))
        session.flush()
        record(session, Change(entity, Action.UPDATED, *states), context)


def _wanted(session: Session, account: Account, groups: Collection[str], rules: GroupRules) -> _Wanted:
    given = _given(session, groups, rules)
    present = session.execute(
        select(RoleAssignment, Role, Workspace.name)
        .join(Role, Role.id == RoleAssignment.role_id)
        .join(Workspace, Workspace.id == Role.workspace_id)
        .where(RoleAssignment.account_id == account.id)
        .order_by(RoleAssignment.id)
    ).all()
    has = {role.id for _, role, _ in present}
    session.refresh(account)
    is_in_group = bool(rules.admin_group) and rules.admin_group in groups
    return _Wanted(
        [
            (assignment, role, workspace)
            for assignment, role, workspace in present
            if assignment.managed_by == rules.managed_by and role.id not in given
        ],
        [given[role_id] for role_id in sorted(given.keys() - has)],
        is_in_group or (account.is_admin and not account.is_admin_by_group),
        is_in_group,
    )


def _given(session: Session, groups: Collection[str], rules: GroupRules) -> dict[int, tuple[Role, str]]:
    """Return the roles that groups give, by id, each with the name of its workspace."""
    found: dict[int, tuple[Role, str]] = {}
    statement = select(Role).join(Workspace, Workspace.id == Role.workspace_id)
    for group in sorted(rules.roles.keys() & set(groups)):
        for workspace, name in rules.roles[group]:
            row = session.scalar(statement.where(Workspace.name == workspace, Role.name == name))
            if row is None:
                log.warning(
                    "a setting names a role that there is not",
                    setting=rules.setting,
                    workspace=workspace,
                    role=name,
                )
            else:
                found[row.id] = row, workspace
    return found
