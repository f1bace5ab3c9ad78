"""Opening the door of a process by its settings, and making the first administrator."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from trackhelm_core.queue.names import ALL_DELETED
from trackhelm_core.runtime import Runtime
from trackhelm_core.security.kubernetes_tokens import KubernetesTokens
from trackhelm_core.settings import AuthSettings, OidcSettings
from trackhelm_core.settings.process import secret_text
from trackhelm_domain.access.authentication import Authentication, OpenDoor, lifetime_of
from trackhelm_domain.access.clusters import ClusterAccounts
from trackhelm_domain.access.groups import GroupRules
from trackhelm_domain.access.logins import FailedLogins
from trackhelm_domain.access.passwords import check_new_password, hash_of
from trackhelm_domain.access.proxied import ProxiedUsers
from trackhelm_domain.access.rights import AccessChanges, change_access
from trackhelm_domain.access.workspaces import Workspaces
from trackhelm_domain.tables import Account
from trackhelm_domain.tables.identity import AccountKind

FIRST_ADMIN = "admin"
"""The name of the administrator who is made from `TRACKHELM_ADMIN_PASSWORD_FILE`."""


AnyDoor = Authentication | OpenDoor


async def _door(request: Request) -> AnyDoor:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    door: AnyDoor = request.app.state.door
    return door


DoorDep = Annotated[AnyDoor, Depends(_door)]
"""The parameter type by which an endpoint gets the door through which the request has come."""


def open_door(runtime: Runtime, auth: AuthSettings | None) -> AnyDoor:
    """Return the door that the settings describe; without settings everybody may enter.

    It learns at once of the changes of rights that this process makes.
    """
    auth = auth or AuthSettings()
    door: AnyDoor
    if auth.auth == "off":
        door = OpenDoor(Workspaces(runtime.database))
    else:
        door = Authentication(
            runtime.database,
            runtime.clock,
            runtime.metrics,
            proxied_users=_proxied_users(runtime, auth),
            new_user_role=auth.new_user_role,
            sessions=lifetime_of(auth.session_idle_hours, auth.session_days),
            cluster=_cluster(runtime, auth),
            failed=_failed_logins(runtime),
        )
    changes = runtime.part(AccessChanges)
    changes.notify_by(door.changed)
    if runtime.redis is not None:
        # What ingest knows of who may log counts no longer, in any process.
        changes.notify_by(partial(runtime.redis.begin_epoch, ALL_DELETED))
    return door


def _failed_logins(runtime: Runtime) -> FailedLogins:
    if runtime.redis is None:
        return FailedLogins()
    # The client of Redis takes 60 ms to import.
    from trackhelm_domain.access.shared_logins import SharedFailedLogins  # noqa: PLC0415

    return SharedFailedLogins(runtime.redis.client)


def _proxied_users(runtime: Runtime, auth: AuthSettings) -> ProxiedUsers | None:
    if auth.auth != "proxy":
        return None
    rules = GroupRules("TRACKHELM_PROXY_ROLES", "proxy", auth.roles_of_groups, auth.proxy_admin_group)
    return ProxiedUsers(runtime.database, runtime.clock, auth.new_user_role, rules)


def _cluster(runtime: Runtime, auth: AuthSettings) -> ClusterAccounts | None:
    if not auth.kubernetes_issuer:
        return None
    return ClusterAccounts(runtime.database, KubernetesTokens(auth), runtime.clock)


def make_first_admin(runtime: Runtime, auth: AuthSettings | None, oidc: OidcSettings | None = None) -> None:
    """Make the first administrator, if callers log in and there is no account.

    None is needed where a group of an identity provider makes administrators.

    Raises:
        ValueError: There is no account, and no password for the first one.
    """
    if auth is None or auth.auth != "on":
        return
    with runtime.database.reading() as session:
        if session.scalar(select(Account.id).limit(1)) is not None:
            return
    try:
        password = secret_text(None, auth.admin_password_file)
    except OSError as error:
        raise ValueError(
            f"TRACKHELM_ADMIN_PASSWORD_FILE: {auth.admin_password_file} cannot be read: {error.strerror}"
        ) from error
    if not password and oidc is not None and oidc.oidc_issuer and oidc.oidc_admin_group:
        return
    if not password:
        raise ValueError(
            "TRACKHELM_AUTH=on needs an administrator, and there is no account yet: run `trackhelm-server "
            "admin create NAME`, or let TRACKHELM_ADMIN_PASSWORD_FILE name a file with a password for "
            f"'{FIRST_ADMIN}'; or let TRACKHELM_OIDC_ADMIN_GROUP name a group of administrators."
        )
    account = Account(
        name=FIRST_ADMIN,
        name_key=FIRST_ADMIN,
        kind=AccountKind.USER,
        password_hash=hash_of(check_new_password(password)),
        is_admin=True,
        is_disabled=False,
        creation_time=runtime.clock(),
    )
    try:
        with runtime.database.writing() as session:
            change_access(session)
            session.add(account)
            session.flush()
    except IntegrityError:
        pass  # Another process has made it at the same time.
