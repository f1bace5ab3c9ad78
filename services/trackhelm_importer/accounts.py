"""Brings the users and permissions of MLflow's basic-auth app, which keeps them in a database of its own.

A user comes with the hash of their password, which their first login replaces. Roles and permissions come to
the workspace of what they are about. It must not touch an account that did not come from the same source.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Table, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE, EVERYBODY, Access
from trackhelm_core.errors import AlreadyExistsError, ApiError, NotFoundError
from trackhelm_domain.access.rights import account_by_name, assign_default_role
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.tables import Role
from trackhelm_identity.roles.grants import UserResource, grant
from trackhelm_identity.roles.logic import add_permission, assign_role, create_role, list_roles
from trackhelm_identity.users.logic import check_user_name, create_user
from trackhelm_importer.records import SourceError, model_key
from trackhelm_importer.sources import snapshot, source_engine, source_url
from trackhelm_importer.store import workspace_ids
from trackhelm_importer.translation import Translation

_EXPERIMENT: Final = "experiment"
_MODEL: Final = "registered_model"
_WORKSPACE: Final = "workspace"
_KINDS: Final = {_EXPERIMENT: _EXPERIMENT, _MODEL: _MODEL, "prompt": _MODEL, _WORKSPACE: _WORKSPACE}

_BEFORE_ROLES: Final = {
    "experiment_permissions": (_EXPERIMENT, "experiment_id"),
    "registered_model_permissions": (_MODEL, "name"),
    "workspace_permissions": (_WORKSPACE, None),
}
"""The tables of permissions up to MLflow 3.12: of which kind they are, and which column names the thing."""

_WITH_ROLES: Final = frozenset({"e5f6a7b8c9d0", "f1a2b3c4d5e6"})
"""The schemas in which permissions are those of roles alone; older tables remain there and mean nothing."""

_ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission on a thing, or, with the pattern `*`, on all of its kind."""

    kind: str
    pattern: str
    permission: str
    workspace: str

    def __str__(self) -> str:
        """Return it as a report names it."""
        return f"{self.permission} on {self.kind} {self.pattern!r} in workspace {self.workspace!r}"


@dataclass(frozen=True, slots=True)
class User:
    """A user with what was granted to them alone, and the ids of their roles."""

    name: str
    password_hash: str
    is_admin: bool
    grants: tuple[Grant, ...]
    roles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SharedRole:
    """A role that an administrator has made."""

    name: str
    workspace: str
    description: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Accounts:
    """What a database of accounts holds.

    `left` counts permissions on what Trackhelm does not serve. `default_role` is the role of every user in
    the default workspace, or empty: it stands for `default_permission`, which MLflow has in a file.
    """

    users: tuple[User, ...]
    roles: Mapping[int, SharedRole]
    left: Mapping[str, int]
    default_role: str


def read_accounts(address: str, default_role: str) -> Accounts:
    """Read a database of accounts by its URL, that of `database_uri` in MLflow's `basic_auth.ini`."""
    url = source_url(address)
    engine = source_engine(url)
    try:
        with engine.connect() as connection:
            return _Reader(snapshot(connection)).read(default_role)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        name = url.render_as_string(hide_password=True)
        raise SourceError(f"{name} cannot be read: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()


def check_default_role(session: Session, name: str) -> None:
    """Refuse a role that the default workspace does not have: nobody would get it. Empty stands for none."""
    known = [found.row.name for found in list_roles(session, [DEFAULT_WORKSPACE], EVERYBODY)]
    if name and name not in known:
        raise SourceError(f"there is no role {name!r} in the default workspace: it has {', '.join(known)}")


class _Reader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names = frozenset(inspect(connection).get_table_names())
        self._left: Counter[str] = Counter()

    def read(self, default_role: str) -> Accounts:
        if "users" not in self._names:
            raise SourceError("this is no database of MLflow's basic-auth app: it has no table 'users'")
        own: dict[int, list[Grant]] = defaultdict(list)
        revisions = {row["version_num"] for row in self._rows("alembic_version_auth")}
        if not revisions & _WITH_ROLES:
            for table, (kind, column) in _BEFORE_ROLES.items():
                for row in self._rows(table):
                    pattern = _ALL if column is None else str(row[column])
                    own[row["user_id"]] += _grants(kind, pattern, row["permission"], row.get("workspace"))
        rows = {row["id"]: row for row in self._rows("roles")}
        by_role: dict[int, list[Grant]] = defaultdict(list)
        for row in self._rows("role_permissions"):
            known, place = _KINDS.get(row["resource_type"]), rows[row["role_id"]]["workspace"]
            if known is None:
                self._left[f"permissions on {row['resource_type']}"] += 1
            else:
                by_role[row["role_id"]].append(
                    Grant(known, row["resource_pattern"], row["permission"], place)
                )
        roles_of: dict[int, list[int]] = defaultdict(list)
        for row in self._rows("user_role_assignments"):
            role = rows[row["role_id"]]
            if role["name"] == f"__user_{row['user_id']}__":
                # What MLflow calls a user's own permissions.
                own[row["user_id"]] += by_role[role["id"]]
            else:
                roles_of[row["user_id"]].append(role["id"])
        users = tuple(
            User(
                row["username"],
                row["password_hash"],
                bool(row["is_admin"]),
                tuple(own[row["id"]]),
                tuple(roles_of[row["id"]]),
            )
            for row in self._rows("users")
        )
        roles = {
            number: SharedRole(
                row["name"], row["workspace"], row["description"] or "", tuple(by_role[number])
            )
            for number, row in rows.items()
            if not row["name"].startswith("__user_")
        }
        return Accounts(users, roles, dict(self._left), default_role)

    def _rows(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of a table; none if the schema has none of its name."""
        if name in self._names:
            table = Table(name, MetaData(), autoload_with=self._connection, resolve_fks=False)
            yield from map(dict, self._connection.execute(select(table)).mappings())


def _grants(kind: str, pattern: str, permission: str, workspace: str | None = None) -> list[Grant]:
    """Return what one permission of MLflow is here, where a workspace is used or managed, but not edited."""
    place = workspace or DEFAULT_WORKSPACE
    if kind != _WORKSPACE or permission not in {"READ", "EDIT"}:
        return [Grant(kind, pattern, permission, place)]
    on_all = [Grant(each, _ALL, permission, place) for each in (_EXPERIMENT, _MODEL)]
    return on_all if permission == "READ" else [Grant(kind, pattern, "USE", place), *on_all]


@dataclass(frozen=True, slots=True)
class _Compared:
    name: str
    is_admin: bool


class AccountsImport:
    """Writes what was read. What cannot come is added to `kept`, a line each with the reason."""

    def __init__(
        self, accounts: Accounts, translation: Translation, context: AuditContext, kept: list[str]
    ) -> None:
        self._accounts = accounts
        self._translation = translation
        self._context = context
        self._kept = kept

    def users(self) -> list[User]:
        """Return the users whose names are such as an account may have here."""
        return [user for user in self._accounts.users if self._can_come(user)]

    def handle(self, session: Session, user: User, *, write: bool) -> tuple[str, _Compared, _Compared | None]:
        """Bring a user if told to; return the name, and what is compared of both the user and the account."""
        account = account_by_name(session, user.name)
        if write:
            if account is None:
                created = create_user(
                    session, user.name, user.password_hash, self._context, is_admin=user.is_admin
                ).account
                assign_default_role(session, created.id, self._accounts.default_role)
            self._grant(session, user)
        here = None if account is None else _Compared(account.name, account.is_admin)
        return user.name, _Compared(user.name, user.is_admin), here

    def _can_come(self, user: User) -> bool:
        try:
            check_user_name(user.name)
        except ApiError as error:
            self._kept.append(f"{user.name}: {error}")
            return False
        return True

    def _grant(self, session: Session, user: User) -> None:
        """Give a user the roles and permissions that they do not have yet."""
        for number in user.roles:
            role = self._accounts.roles[number]
            with self._keeping(f"{user.name}: role {role.name!r}"):
                row = self._role(session, role)
                assign_role(session, user.name, row.id, EVERYBODY, self._context)
        for wanted in user.grants:
            with self._keeping(f"{user.name}: {wanted}"):
                resource = UserResource(user.name, wanted.kind, self._pattern(wanted))
                access = Access(EVERYBODY, *self._workspace(session, wanted.workspace))
                grant(session, resource, wanted.permission, access, self._context)

    def _role(self, session: Session, role: SharedRole) -> Role:
        """Return a role of a workspace, which is created with its permissions if it is new."""
        _, workspace = self._workspace(session, role.workspace)
        for found in list_roles(session, [workspace], EVERYBODY):
            if found.row.name == role.name:
                return found.row
        made = create_role(
            session, workspace, role.name, role.description, asker=EVERYBODY, context=self._context
        ).row
        for wanted in role.grants:
            with self._keeping(f"role {role.name!r}: {wanted}"):
                resource = wanted.kind, self._pattern(wanted)
                add_permission(
                    session, made.id, resource, wanted.permission, asker=EVERYBODY, context=self._context
                )
        return made

    def _pattern(self, wanted: Grant) -> str:
        """Return what a permission is on here: experiments and models may have another id or name."""
        if wanted.pattern == _ALL or wanted.kind == _WORKSPACE:
            return _ALL
        if wanted.kind == _MODEL:
            key = model_key(wanted.workspace, wanted.pattern)
            return self._translation.models.get(key, wanted.pattern)
        place = self._translation.experiments.get(int(wanted.pattern))
        if place is None:
            raise NotFoundError("there is no such experiment in the source")
        return str(place.id)

    def _workspace(self, session: Session, name: str) -> tuple[int, str]:
        """Return the id and the name here of a workspace of the source."""
        target = self._translation.workspaces.get(name)
        if target is None:
            raise NotFoundError(f"the source has no workspace {name!r}, or it was deleted here")
        return workspace_ids(session)[target], target

    @contextmanager
    def _keeping(self, what: str) -> Iterator[None]:
        try:
            yield
        except AlreadyExistsError:
            return
        except ApiError as error:
            self._kept.append(f"{what}: {error}")
