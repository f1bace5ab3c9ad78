"""Rules about programs that ask for a token: their codes, who approves, and how often they may ask."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Principal
from trackhelm_core.errors import ApiError, ErrorCode, NotFoundError, PermissionDeniedError
from trackhelm_core.limits import SOURCE_ADDRESS_LENGTH
from trackhelm_core.security.actor import ActorKind
from trackhelm_domain.access.tokens import Scope, digest_of
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.tables import Account, DeviceLogin
from trackhelm_identity.devices import store
from trackhelm_identity.tokens.logic import Made, Wanted, create_token_of_login
from trackhelm_identity.users.logic import check_fresh_login

SECONDS: Final = 600
"""How long a code is good for."""
INTERVAL_SECONDS: Final = 5
_SLOWER_SECONDS: Final = 5
_MOST: Final = 10_000
"""Programs that wait at once, of all users."""

# Without vowels, so that no code is a word, and without what looks alike.
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH: Final = 8


class State(StrEnum):
    """How far a login is."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class Status(StrEnum):
    """What a program is told, as in RFC 8628."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that a program has begun."""

    user_code: str
    device_code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Polled:
    """What a program is told, with its token if it has one now."""

    status: Status
    interval: int = INTERVAL_SECONDS
    account: Account | None = None
    made: Made | None = None


def begin(session: Session, name: str, scopes: Sequence[Scope], days: int, context: AuditContext) -> Begun:
    """Note that a program asks for a token."""
    store.delete_expired(session, context.time)
    if store.count(session) >= _MOST:
        raise ApiError(
            ErrorCode.REQUEST_LIMIT_EXCEEDED,
            "Too many programs wait for a login. Try again in some minutes.",
            retry_after_seconds=60,
        )
    device_code = secrets.token_urlsafe(32)
    user_code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
    store.insert(
        session,
        DeviceLogin(
            digest=digest_of(device_code),
            user_code=user_code,
            name=name,
            scopes=",".join(dict.fromkeys(scopes)),
            days=days,
            source_address=context.actor.source_address[:SOURCE_ADDRESS_LENGTH],
            creation_time=context.time,
            expiry_time=context.time + SECONDS * 1000,
            state=State.PENDING,
            poll_seconds=INTERVAL_SECONDS,
        ),
    )
    return Begun(f"{user_code[:4]}-{user_code[4:]}", device_code)


def check_approver(asker: Principal, now: int) -> None:
    """Refuse who may not give a program a token: what shows a token, an old session, a service account."""
    check_fresh_login(asker, now)
    if asker.is_service:
        raise PermissionDeniedError("Permission denied: a service account approves nothing.")


def get_waiting(session: Session, user_code: str, now: int, *, is_locked: bool = False) -> DeviceLogin:
    """Return the program that waits with a code; raises `NotFoundError`."""
    letters = re.sub(r"[\s-]", "", user_code).upper()
    row = store.by_user_code(session, letters, is_locked=is_locked)
    if row is None or row.expiry_time <= now or row.state != State.PENDING:
        raise NotFoundError("No program waits with this code: a code is good for ten minutes, and once.")
    return row


def decide(session: Session, user_code: str, account_id: int, now: int, *, is_approved: bool) -> None:
    """Let a program have a token of an account, or refuse that."""
    row = get_waiting(session, user_code, now, is_locked=True)
    row.state = State.APPROVED if is_approved else State.DENIED
    row.account_id = account_id
    session.flush()


def poll(session: Session, device_code: str, workspace: str, context: AuditContext) -> Polled:
    """Answer a program that asks for its token, which it may ask for until it gets it or is refused."""
    row = store.by_digest(session, digest_of(device_code))
    if row is None or row.expiry_time <= context.time:
        return Polled(Status.EXPIRED)
    account = None if row.account_id is None else store.account(session, row.account_id)
    if row.state == State.DENIED or (account is not None and account.is_disabled):
        store.remove(session, row)
        return Polled(Status.DENIED)
    last, row.last_poll_time = row.last_poll_time, context.time
    if last is not None and context.time - last < row.poll_seconds * 1000 - _TOLERANCE_MS:
        row.poll_seconds += _SLOWER_SECONDS
        session.flush()
        return Polled(Status.SLOW_DOWN, row.poll_seconds)
    session.flush()
    if account is None:
        return Polled(Status.PENDING, row.poll_seconds)
    # The user who approved it makes it: nobody else has sent the request.
    context = replace(context, actor=replace(context.actor, name=account.name, kind=ActorKind.USER))
    wanted = Wanted(row.name, [Scope(scope) for scope in row.scopes.split(",")], row.days, workspace)
    made = create_token_of_login(session, account, wanted, context)
    store.remove(session, row)
    return Polled(Status.APPROVED, row.poll_seconds, account, made)


_TOLERANCE_MS: Final = 500
"""A request may take longer than the one after it."""
