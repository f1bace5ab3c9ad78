"""Accounts by their credentials, in one transaction that reads: passwords, tokens, sessions of browsers."""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.access import Principal
from trackhelm_core.errors import UnauthenticatedError
from trackhelm_domain.access import passwords
from trackhelm_domain.access.rights import account_by_name, is_bound, principal_of, with_token
from trackhelm_domain.access.tokens import digest_of, is_token
from trackhelm_domain.tables import AccessToken, Account, WebSession, Workspace
from trackhelm_domain.tables.identity import AccountKind

WRONG: Final = "The user name or the password is wrong."
"""What is said of an unknown name and of a wrong password alike."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why credentials are not accepted. `name` is the account's, if there is one."""

    reason: str
    name: str = ""
    is_password: bool = False
    message: str = ""
    """What is said of it, where that is more than the reason tells."""


def by_password(session: Session, name: str, password: str) -> Principal | Refusal:
    """Return whose name and password these are. An unknown name takes as long as a wrong password."""
    account = account_by_name(session, name)
    known = account is not None and account.kind == AccountKind.USER and not account.is_disabled
    right = passwords.is_password(password, account.password_hash if account is not None and known else None)
    if account is None:
        return Refusal("unknown_user", is_password=True)
    if not known:
        return Refusal("disabled", account.name, is_password=True)
    if not right:
        return Refusal("wrong_password", account.name, is_password=True)
    return principal_of(session, account)


def by_token(session: Session, token: str, now: int, owner: str | None = None) -> Principal | Refusal:
    """Return whom a token stands for; if a name was given with it, it must be the owner's."""
    if not is_token(token):
        return Refusal("malformed_token")
    row = session.scalar(select(AccessToken).where(AccessToken.digest == digest_of(token)))
    if row is None:
        return Refusal("unknown_token")
    return _of_token(session, row, now, owner)


def by_token_id(session: Session, token_id: int, now: int) -> Principal | Refusal:
    """Return whom a token stands for, by its id."""
    row = session.get(AccessToken, token_id)
    return Refusal("unknown_token") if row is None else _of_token(session, row, now, None)


def _of_token(session: Session, row: AccessToken, now: int, owner: str | None) -> Principal | Refusal:
    account = session.get_one(Account, row.account_id)
    if account.is_disabled:
        return Refusal("disabled", account.name)
    if row.expiry_time <= now:
        return Refusal("expired_token", account.name)
    if owner is not None and owner.casefold() != account.name_key:
        return Refusal("other_users_token", account.name)
    workspaces = session.scalars(select(Workspace.id)).all() if account.is_admin else ()
    principal = principal_of(session, account)
    return with_token(principal, row, {*workspaces, *principal.rights})


def by_account_id(session: Session, account_id: int) -> Principal | Refusal:
    """Return an account as somebody who asks, by its id."""
    account = session.get(Account, account_id)
    if account is None:
        return Refusal("unknown_user")
    if account.kind == AccountKind.KUBERNETES and not is_bound(session, account.name):
        return Refusal("unbound", account.name)
    return Refusal("disabled", account.name) if account.is_disabled else principal_of(session, account)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a browser's session lasts, in milliseconds: after its last request, and at the most."""

    idle: int
    most: int


def session_by_key(
    session: Session, key: str, now: int, lifetime: Lifetime
) -> tuple[WebSession | None, Refusal | None]:
    """Return the session of a browser that a key is of, or why there is none."""
    row = session.scalar(select(WebSession).where(WebSession.digest == digest_of(key)))
    if row is None:
        return None, Refusal("unknown_session")
    is_over = row.expiry_time <= now or row.last_used_time + lifetime.idle <= now
    return (None, Refusal("expired_session")) if is_over else (row, None)


def by_session(session: Session, row: WebSession) -> Principal | Refusal:
    """Return who has logged in in a browser."""
    found = by_account_id(session, row.account_id)
    if isinstance(found, Refusal):
        return found
    return replace(found, session_id=row.id, login_time=row.creation_time)


def by_session_id(session: Session, session_id: int) -> Principal | Refusal:
    """Return who has logged in in a browser, by the session's id."""
    row = session.get(WebSession, session_id)
    return Refusal("unknown_session") if row is None else by_session(session, row)


_MESSAGES: Final = {
    "unknown_session": "The session has ended. Log in again.",
    "expired_session": "The session has ended. Log in again.",
    "malformed_token": "The token is not one of this server's, or was cut off: it has 40 characters.",
    "unknown_token": "The token is not valid: it was revoked, or this server never gave it out.",
    "expired_token": "The token has expired. Make a new one.",
    "unbound": "The service account has no role here: a manager of a workspace binds it to one.",
    "other_users_token": "The token belongs to another user than the name that was given with it.",
}


def refusal_error(refusal: Refusal) -> UnauthenticatedError:
    """Return the error of a refusal: of a password it says nothing more than that it is wrong."""
    if refusal.is_password:
        return UnauthenticatedError(WRONG)
    return UnauthenticatedError(refusal.message or _MESSAGES.get(refusal.reason, WRONG))
