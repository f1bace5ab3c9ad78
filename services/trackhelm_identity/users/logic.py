"""Rules about users: their names and passwords, who may change them, and that one administrator stays."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Principal
from trackhelm_core.errors import (
    AlreadyExistsError,
    InvalidParameterError,
    NotFoundError,
    PermissionDeniedError,
)
from trackhelm_core.limits import ACTOR_NAME_LENGTH
from trackhelm_core.wire.arguments import quoted
from trackhelm_domain.access import passwords
from trackhelm_domain.access.rights import account_by_name, change_access, roles_of
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.tables import Account, Role
from trackhelm_domain.tables.identity import AccountKind
from trackhelm_identity.users import store


@dataclass(frozen=True, slots=True)
class Known:
    """An account with its roles."""

    account: Account
    roles: Sequence[Role] = field(default=())


def check_user_name(name: str) -> str:
    """Return a name that an account may have; raises `InvalidParameterError`."""
    if (
        not name.isprintable()
        or name != name.strip()
        or ":" in name
        or len(name) > ACTOR_NAME_LENGTH
        or not name
        or name != unicodedata.normalize("NFKC", name)
    ):
        raise InvalidParameterError(
            f"Invalid user name {quoted(name)}: it must have 1 to {ACTOR_NAME_LENGTH} printable characters, "
            "no colon, no space at either end, and no second form of a character, such as a wide letter (it "
            "must be in Unicode's form NFKC)."
        )
    return name


def create_user(
    session: Session, name: str, password_hash: str, context: AuditContext, *, is_admin: bool = False
) -> Known:
    """Create a user."""
    check_user_name(name)
    change_access(session)
    if account_by_name(session, name) is not None:
        raise AlreadyExistsError(f"User (username={name}) already exists.")
    account = Account(
        name=name,
        name_key=name.casefold(),
        kind=AccountKind.USER,
        password_hash=password_hash,
        is_admin=is_admin,
        is_disabled=False,
        creation_time=context.time,
    )
    store.insert_account(session, account)
    record(session, Change(entity_of(account), Action.CREATED, None, {"is_admin": is_admin}), context)
    return Known(account)


def get_user(session: Session, name: str, asker: Principal) -> Known:
    """Return a user. Nobody but an administrator learns of others."""
    account = account_by_name(session, name)
    if account is None or (account.id != asker.id and not asker.is_admin):
        raise _not_found(name)
    return Known(account, roles_of(session, account.id))


def list_users(session: Session) -> list[Known]:
    """Return every user."""
    roles = store.roles_by_account(session)
    return [Known(account, roles.get(account.id, ())) for account in store.users(session)]


def check_password_change(
    session: Session, name: str, new: str, asker: Principal, now: int
) -> Account | None:
    """Refuse a change of a password to who may not make it.

    Return the account if it is the asker's own, who must then give the current password.
    """
    check_by_password(asker)
    passwords.check_new_password(new)
    account = account_by_name(session, name)
    if account is None or (account.id != asker.id and not asker.is_admin):
        raise _not_found(name)
    if account.id == asker.id:
        return account
    check_fresh_login(asker, now)
    return None


def check_current_password(account: Account, current: str, new: str) -> None:
    """Refuse to change a user's own password if the current one is wrong. It takes as long as a login."""
    if not passwords.is_password(current, account.password_hash):
        raise PermissionDeniedError("The current password is wrong.")
    if current == new:
        raise InvalidParameterError("The new password must be another one than the current password.")


def update_password(session: Session, name: str, password_hash: str, context: AuditContext) -> None:
    """Set the hash of a user's new password. Every browser in which they have logged in must log in again."""
    account = locked_user(session, name)
    account.password_hash = password_hash
    session.flush()
    store.delete_sessions(session, account.id)
    record(
        session, Change(entity_of(account), Action.PASSWORD_SET, None, {"by": context.actor.name}), context
    )


def update_admin(session: Session, name: str, *, is_admin: bool, context: AuditContext) -> None:
    """Make a user an administrator or take that away. Their sessions end: none changes what it may do."""
    account = locked_user(session, name)
    _check_not_oneself(account, context, "change what they are themselves")
    before = account.is_admin
    account.is_admin, account.is_admin_by_group = is_admin, False
    session.flush()
    _check_an_admin_stays(session)
    store.delete_sessions(session, account.id)
    states = {"is_admin": before}, {"is_admin": is_admin}
    record(session, Change(entity_of(account), Action.UPDATED, *states), context)


def delete_user(session: Session, name: str, context: AuditContext) -> None:
    """Delete a user with their tokens, sessions and grants. Who gets the name later inherits nothing."""
    account = locked_user(session, name)
    _check_not_oneself(account, context, "delete themselves")
    entity, before = entity_of(account), {"is_admin": account.is_admin}
    store.delete_account(session, account)
    _check_an_admin_stays(session)
    record(session, Change(entity, Action.DELETED, before, None), context)


def reset_admin(session: Session, name: str, password_hash: str, context: AuditContext) -> bool:
    """Make sure that an administrator of a name can log in by a password; return whether the name is new.

    It ends the account's tokens and sessions, which may be in the hands of somebody else.
    """
    change_access(session)
    account = account_by_name(session, name)
    if account is None:
        create_user(session, name, password_hash, context, is_admin=True)
        return True
    if account.kind != AccountKind.USER:
        raise InvalidParameterError(f"'{name}' is a service account, which has no password.")
    before: State = {"is_admin": account.is_admin, "is_disabled": account.is_disabled}
    account.password_hash, account.is_admin, account.is_disabled = password_hash, True, False
    account.is_admin_by_group = False
    session.flush()
    store.delete_tokens(session, account.id)
    store.delete_sessions(session, account.id)
    after: State = {
        "is_admin": True,
        "is_disabled": False,
        "password": "set",
        "tokens": "deleted",
        "sessions": "deleted",
    }
    record(session, Change(entity_of(account), Action.PASSWORD_SET, before, after), context)
    return False


def set_disabled(session: Session, name: str, *, is_disabled: bool, context: AuditContext) -> None:
    """Let an account in no more, or again. Its sessions end; its tokens wait until it is let in again."""
    change_access(session)
    account = account_by_name(session, name)
    if account is None:
        raise _not_found(name)
    states = {"is_disabled": account.is_disabled}, {"is_disabled": is_disabled}
    account.is_disabled = is_disabled
    session.flush()
    _check_an_admin_stays(session)
    store.delete_sessions(session, account.id)
    record(session, Change(entity_of(account), Action.UPDATED, *states), context)


def locked_user(session: Session, name: str) -> Account:
    """Return a user whom nobody else changes until the transaction ends."""
    change_access(session)
    account = account_by_name(session, name)
    if account is None or account.kind != AccountKind.USER:
        raise _not_found(name)
    return account


def check_by_password(asker: Principal) -> None:
    """Refuse who shows a token: no token makes tokens or changes passwords."""
    if asker.token_id is not None or asker.is_service:
        raise PermissionDeniedError(
            "Permission denied: a token makes no tokens and changes no passwords. Log in with the password."
        )


_FRESH_MS: Final = 15 * 60_000


def check_fresh_login(asker: Principal, now: int) -> None:
    """Refuse who does what outlasts a session, such as making a token, in a session that is not new.

    Without it, somebody at a browser that was left open could take over the account.
    """
    check_by_password(asker)
    if asker.session_id is not None and asker.login_time + _FRESH_MS <= now:
        raise PermissionDeniedError(
            "Permission denied: your login is more than 15 minutes old. Log in again to do this."
        )


def entity_of(account: Account) -> Entity:
    """Return the entity that the audit trail names for an account."""
    return Entity(EntityType.ACCOUNT, account.name)


def _check_not_oneself(account: Account, context: AuditContext, what: str) -> None:
    if account.name == context.actor.name:
        raise InvalidParameterError(f"Administrators cannot {what}: another one must do it.")


def _check_an_admin_stays(session: Session) -> None:
    if not store.admins(session):
        raise InvalidParameterError(_LAST_ADMIN)


_LAST_ADMIN: Final = "This is the last administrator: make another user one first."


def _not_found(name: str) -> NotFoundError:
    return NotFoundError(f"User with username={name} not found")
