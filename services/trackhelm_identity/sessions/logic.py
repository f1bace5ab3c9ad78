"""Rules about sessions of browsers: beginning one at a login, and ending them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.access import Principal
from trackhelm_core.errors import InvalidParameterError, NotFoundError, PermissionDeniedError
from trackhelm_core.limits import SOURCE_ADDRESS_LENGTH
from trackhelm_core.security.cookies import new_session_key
from trackhelm_domain.access.accounts import Lifetime
from trackhelm_domain.access.rights import locked_epoch
from trackhelm_domain.access.tokens import digest_of
from trackhelm_domain.tables import WebSession
from trackhelm_domain.tables.identity import USER_AGENT_LENGTH, WAY_LENGTH
from trackhelm_identity.sessions import store

PASSWORD: Final = "password"  # noqa: S105 - a way to log in

_MOST: Final = 50
"""Sessions of one account: past it the one ends that was not used for longest."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody logs in: the keys of the session to begin, and of the one that it had before, if any."""

    source_address: str
    user_agent: str
    former_key: str | None
    key: str = field(default_factory=new_session_key, repr=False)


def begin_session(
    session: Session, account_id: int, browser: Browser, *, way: str, lifetime: Lifetime, now: int
) -> WebSession:
    """Begin a session of an account, which ends the one that the browser had: no session changes its user."""
    if browser.former_key is not None:
        store.delete_by_digest(session, digest_of(browser.former_key))
    others = store.sessions_of(session, account_id)
    store.delete_sessions(session, account_id, [row.id for row in others[_MOST - 1 :]])
    row = WebSession(
        account_id=account_id,
        digest=digest_of(browser.key),
        way=way[:WAY_LENGTH],
        source_address=browser.source_address[:SOURCE_ADDRESS_LENGTH],
        user_agent=browser.user_agent[:USER_AGENT_LENGTH],
        creation_time=now,
        last_used_time=now,
        expiry_time=now + lifetime.most,
    )
    store.insert(session, row)
    return row


def is_still(session: Session, epoch: int) -> bool:
    """Return whether nobody's rights have changed since an epoch; they do not until the transaction ends.

    A password that was right in that epoch is then right still, and the session begun by it does not escape
    who ends all of them.
    """
    return locked_epoch(session) == epoch


def list_sessions(session: Session, asker: Principal, lifetime: Lifetime, now: int) -> Sequence[WebSession]:
    """Return the sessions of who asks that have not ended."""
    _check_no_token(asker)
    return [
        row
        for row in store.sessions_of(session, asker.id)
        if row.expiry_time > now and row.last_used_time + lifetime.idle > now
    ]


def revoke_sessions(session: Session, session_id: int | None, asker: Principal, *, every: bool) -> None:
    """End one of one's own sessions, or all of them."""
    _check_no_token(asker)
    if every == (session_id is not None):
        raise InvalidParameterError("Give either the 'id' of a session or 'all': true.")
    ended = store.delete_sessions(session, asker.id, None if session_id is None else [session_id])
    if not ended and not every:
        raise NotFoundError(f"There is no session with id={session_id}.")


def end_session(session: Session, asker: Principal) -> None:
    """End the session that a request is sent in."""
    if asker.session_id is None:
        raise InvalidParameterError(
            "There is no session to end: the request shows a password or a token, and no cookie of a session."
        )
    store.delete_sessions(session, asker.id, [asker.session_id])


def _check_no_token(asker: Principal) -> None:
    if asker.token_id is not None:
        raise PermissionDeniedError("Permission denied: a token sees and ends no sessions of browsers.")
