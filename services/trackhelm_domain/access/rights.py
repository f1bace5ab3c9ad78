"""Reading what an account may do: its grants and those of its roles, as rights by workspace.

Also the epoch, which counts changes of them. Statements and pure rules; who may change them is identity's.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Select, or_, select, union, update
from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, NOTHING, Level, Principal, Rights
from trackhelm_domain.access.tokens import Scope
from trackhelm_domain.tables import (
    AccessEpoch,
    AccessGrant,
    AccessToken,
    Account,
    KubernetesBinding,
    Role,
    RoleAssignment,
)
from trackhelm_domain.tables.identity import AccountKind, ResourceType

RENEWED: Final = "access_renewed"
"""The key in `Session.info` that says that the rights of who asks were compared with the session's."""

CHANGED: Final = "access_changed"
"""The key in `Session.info` that says that somebody's rights change with the session's transaction."""


class AccessChanges:
    """The hook by which a process learns at once of the changes of rights that it has made itself."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], object]] = []

    def notify_by(self, listener: Callable[[], object]) -> None:
        """Call a function after each commit that changes rights, on the thread of who changed them."""
        self._listeners.append(listener)

    def begin(self, session: Session) -> None:
        """Do nothing: a session needs no preparation."""

    def before_commit(self, session: Session) -> Callable[[], None] | None:
        """Return what tells the listeners, if the session changes rights."""
        return self._tell if session.info.get(CHANGED) else None

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class Granted(NamedTuple):
    """A grant, of an account or of one of its roles. Without an id it is on all of its type."""

    workspace_id: int
    resource_type: str
    experiment_id: int | None
    registered_model_id: int | None
    level: int


@dataclass(slots=True)
class _Gathered:
    workspace: Level = Level.NONE
    experiments: dict[int | None, Level] = field(default_factory=dict)
    models: dict[int | None, Level] = field(default_factory=dict)

    def add(self, grant: Granted) -> None:
        level = Level(grant.level)
        match grant.resource_type:
            case ResourceType.WORKSPACE:
                self.workspace = max(self.workspace, level)
            case ResourceType.EXPERIMENT:
                _raise(self.experiments, grant.experiment_id, level)
            case _:
                _raise(self.models, grant.registered_model_id, level)

    def rights(self) -> Rights:
        return Rights(
            workspace=self.workspace,
            all_experiments=max(self.experiments.get(None, Level.NONE), Level.NONE),
            all_models=max(self.models.get(None, Level.NONE), Level.NONE),
            experiments=MappingProxyType(_own(self.experiments)),
            models=MappingProxyType(_own(self.models)),
        )


def _own(levels: Mapping[int | None, Level]) -> dict[int, Level]:
    return {number: level for number, level in levels.items() if number is not None}


def _raise(levels: dict[int | None, Level], key: int | None, level: Level) -> None:
    known = levels.get(key)
    if known is Level.DENY or level is Level.DENY:
        levels[key] = Level.DENY
    else:
        levels[key] = max(known or Level.NONE, level)


def gathered(grants: Iterable[Granted]) -> dict[int, Rights]:
    """Return the rights that grants add up to, by workspace. A denial of one thing wins; else the highest."""
    found: dict[int, _Gathered] = {}
    for grant in grants:
        found.setdefault(grant.workspace_id, _Gathered()).add(grant)
    return {workspace: each.rights() for workspace, each in found.items()}


def rights_of(session: Session, account: Account) -> dict[int, Rights]:
    """Return what an account may do, by workspace."""
    roles: Select[int] | CompoundSelect[int]
    roles = select(RoleAssignment.role_id).where(RoleAssignment.account_id == account.id)
    if account.kind == AccountKind.KUBERNETES:
        roles = union(roles, select(KubernetesBinding.role_id).where(_binds(account.name)))
    statement = select(
        AccessGrant.workspace_id,
        AccessGrant.resource_type,
        AccessGrant.experiment_id,
        AccessGrant.registered_model_id,
        AccessGrant.level,
    ).where(or_(AccessGrant.account_id == account.id, AccessGrant.role_id.in_(roles)))
    return gathered(Granted(*row) for row in session.execute(statement))


# Service accounts of a Kubernetes cluster: their accounts are named as the cluster names them.

_OF_CLUSTER: Final = "system:serviceaccount:"
"""How their names begin. No user's name has a colon."""

ANY_SERVICE_ACCOUNT: Final = "*"
"""Stands in a binding for every service account of its namespace."""


def cluster_name(namespace: str, name: str) -> str:
    """Return the name of the account of a service account."""
    return f"{_OF_CLUSTER}{namespace}:{name}"


def is_bound(session: Session, account_name: str) -> bool:
    """Return whether a service account, by the name of its account, has any role here."""
    return session.scalar(select(KubernetesBinding.id).where(_binds(account_name)).limit(1)) is not None


def _binds(account_name: str) -> ColumnElement[bool]:
    namespace, _, name = account_name.removeprefix(_OF_CLUSTER).partition(":")
    return (KubernetesBinding.namespace == namespace) & KubernetesBinding.service_account.in_(
        (name, ANY_SERVICE_ACCOUNT)
    )


# What a token leaves of its owner's rights.

_CEILINGS: Final[Mapping[str, tuple[Level, Level]]] = {
    Scope.READ: (Level.READ, Level.READ),
    Scope.WRITE: (Level.EDIT, Level.READ),
    Scope.REGISTRY: (Level.READ, Level.EDIT),
    Scope.MANAGE: (Level.MANAGE, Level.MANAGE),
}
"""The highest level on experiments and on models for each scope."""


def narrowed(rights: Rights, scopes: Collection[str], experiment_id: int | None = None) -> Rights:
    """Return the rights that a token with these scopes leaves; if it is for one experiment, on that alone."""
    ceilings = [_CEILINGS[scope] for scope in scopes if scope in _CEILINGS]
    experiments = max((ceiling for ceiling, _ in ceilings), default=Level.NONE)
    models = max((ceiling for _, ceiling in ceilings), default=Level.NONE)
    if experiment_id is None:
        return replace(rights, experiment_ceiling=experiments, model_ceiling=models)
    level = min(rights.on_experiment(experiment_id), experiments)
    return replace(NOTHING, experiments=MappingProxyType({experiment_id: level}))


def with_token(principal: Principal, token: AccessToken, workspaces: Collection[int]) -> Principal:
    """Return the principal that a token of an account stands for; `workspaces` are all that there are."""
    scopes = token.scopes.split(",")
    bound = {token.workspace_id} if token.workspace_id is not None else set(workspaces)
    rights = {
        workspace: narrowed(principal.rights_in(workspace), scopes, token.experiment_id)
        for workspace in bound
    }
    everything = Scope.MANAGE in scopes and token.workspace_id is None and token.experiment_id is None
    return replace(
        principal,
        is_admin=principal.is_admin and everything,
        rights=MappingProxyType(rights),
        home=token.workspace_id,
        token_id=token.id,
    )


# Accounts, and the epoch of what they may do.


def account_by_name(session: Session, name: str) -> Account | None:
    """Return the account with a name, in whatever case."""
    return session.scalar(select(Account).where(Account.name_key == name.casefold()))


def principal_of(session: Session, account: Account) -> Principal:
    """Return an account as somebody who asks."""
    rights = rights_of(session, account)
    home = account.workspace_id
    return Principal(
        id=account.id,
        name=account.name,
        is_admin=account.is_admin,
        rights=MappingProxyType(rights if home is None else {home: rights.get(home, NOTHING)}),
        home=home,
        is_service=account.kind != AccountKind.USER,
    )


def access_epoch(session: Session) -> int:
    """Return how often what anybody may do has changed."""
    return session.scalar(select(AccessEpoch.epoch)) or 0


def locked_epoch(session: Session) -> int:
    """Return how often what anybody may do has changed; nobody changes it until the transaction ends."""
    return session.scalar(select(AccessEpoch.epoch).with_for_update(read=True)) or 0


def change_access(session: Session) -> None:
    """Begin a new epoch when the transaction commits. Changes take turns from here on until then."""
    session.execute(update(AccessEpoch).values(epoch=AccessEpoch.epoch + 1))
    session.info.pop(RENEWED, None)
    session.info[CHANGED] = True


def own_created(session: Session, principal: Principal, workspace_id: int, **created: int) -> None:
    """Grant MANAGE on what an account has just created, in the transaction that creates it.

    Who manages the workspace, or has no account, needs no grant. `created` is `experiment_id` or
    `registered_model_id`. The epoch changes, so that every process that remembers rights learns of it.
    """
    if not principal.id or principal.is_admin or principal.rights_in(workspace_id).workspace is Level.MANAGE:
        return
    kind = ResourceType.EXPERIMENT if "experiment_id" in created else ResourceType.MODEL
    session.add(
        AccessGrant(
            account_id=principal.id,
            workspace_id=workspace_id,
            resource_type=kind,
            level=int(Level.MANAGE),
            **created,
        )
    )
    session.flush()
    change_access(session)


def end_grants_on_model(session: Session, model_id: int) -> None:
    """Let nobody remember a grant on a registered model that is about to be deleted, if there is any.

    Its row's id may be that of another model later.
    """
    granted = select(AccessGrant.id).where(AccessGrant.registered_model_id == model_id).limit(1)
    if session.scalar(granted) is not None:
        change_access(session)


def assign_default_role(session: Session, account_id: int, name: str) -> None:
    """Assign an account to a role of the default workspace, if a name is given and there is such a role."""
    role = select(Role.id).where(Role.workspace_id == DEFAULT_WORKSPACE_ID, Role.name == name)
    if name and (found := session.scalar(role)) is not None:
        session.add(RoleAssignment(account_id=account_id, role_id=found))
        session.flush()


def roles_of(session: Session, account_id: int) -> list[Role]:
    """Return the roles that an account is assigned to."""
    statement = select(Role).join(RoleAssignment, RoleAssignment.role_id == Role.id)
    return list(session.scalars(statement.where(RoleAssignment.account_id == account_id).order_by(Role.id)))
