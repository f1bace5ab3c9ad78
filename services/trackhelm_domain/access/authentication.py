"""Finding out who calls: passwords, tokens, and users whom a trusted proxy names, with the rights they have.

What was found is remembered by a keyed digest of the header for as long as no rights change. Statements
run on threads: the event loop waits for no database.
"""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import (
    DEFAULT_WORKSPACE,
    DEFAULT_WORKSPACE_ID,
    Access,
    Principal,
    not_logged_in,
)
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import NotFoundError, UnauthenticatedError
from trackhelm_core.runtime import Clock
from trackhelm_core.security.actor import (
    ActorKind,
    AtTheirWord,
    BearerToken,
    Caller,
    Credentials,
    Identity,
    UserPassword,
)
from trackhelm_domain.access import passwords
from trackhelm_domain.access.logins import AuthNotes, FailedLogins
from trackhelm_domain.access.rights import (
    access_epoch,
    account_by_name,
    assign_default_role,
    change_access,
    principal_of,
    with_token,
)
from trackhelm_domain.access.tokens import digest_of, is_token, looks_like_token
from trackhelm_domain.tables import AccessToken, Account, Workspace
from trackhelm_domain.tables.identity import AccountKind

WRONG: Final = "The user name or the password is wrong."
"""What is said of an unknown name and of a wrong password alike."""


# Accounts by their credentials, in one transaction that reads.


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why credentials are not accepted. `name` is the account's, if there is one."""

    reason: str
    name: str = ""
    is_password: bool = False


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
    return Refusal("disabled", account.name) if account.is_disabled else principal_of(session, account)


_MESSAGES: Final = {
    "malformed_token": "The token is not one of this server's, or was cut off: it has 40 characters.",
    "unknown_token": "The token is not valid: it was revoked, or this server never gave it out.",
    "expired_token": "The token has expired. Make a new one.",
    "other_users_token": "The token belongs to another user than the name that was given with it.",
}


def refusal_error(refusal: Refusal) -> UnauthenticatedError:
    """Return the error of a refusal: of a password it says nothing more than that it is wrong."""
    return UnauthenticatedError(WRONG if refusal.is_password else _MESSAGES.get(refusal.reason, WRONG))


# The process's memory of who calls.

_POLL_SECONDS: Final = 5.0
_PASSWORD_SECONDS: Final = 300.0
_TOKEN_SECONDS: Final = 60.0
"""After this a token's expiry is looked at again."""
_REFUSED_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 50_000
_MOST_REFUSED: Final = 10_000
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    epoch: int
    until: float
    kind: ActorKind


class Authentication:
    """Finds out who sends each request, of a server that checks it."""

    is_open = False

    def __init__(
        self,
        database: Database,
        clock: Clock,
        registry: CollectorRegistry | None = None,
        *,
        by_proxy: bool = False,
        new_user_role: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._by_proxy = by_proxy
        self._new_user_role = new_user_role
        self._monotonic = monotonic
        self.notes = AuthNotes(database, clock, registry)
        self._failed = FailedLogins(monotonic)
        # Keyed, because a plain digest of a password in a dump of the memory could be guessed.
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[float, Refusal]] = OrderedDict()
        self._workspaces = Workspaces(database, monotonic)
        self._epoch = -1
        self._is_changed = False
        self._polling = asyncio.Lock()
        self._poll_at = 0.0

    async def caller(
        self, header: bytes | None, credentials: Credentials | None, proxied: Identity | None, address: str
    ) -> Caller:
        """Return who calls.

        `header` is the `Authorization` header from which the credentials were read.

        Raises:
            UnauthenticatedError: There are no valid credentials.
            ApiError: Too many logins have failed (429), or too many wait to be checked (503).
        """
        if self._is_changed:
            # Who may be concerned by the change waits for it to be read.
            async with self._polling:
                if self._is_changed:
                    await self._poll()
        elif self._monotonic() >= self._poll_at:
            await self._poll()
        if self._by_proxy:
            if proxied is None:
                self.notes.refused("no_proxy", "", address)
                raise UnauthenticatedError(
                    "You are not authenticated: the proxy in front of this server names no user."
                )
            return await self._proxied(proxied)
        if header is None or credentials is None:
            raise not_logged_in()
        digest = hashlib.blake2b(header, key=self._key, digest_size=16).digest()
        known = self._known.get(digest)
        if known is not None and known.epoch == self._epoch and known.until > self._monotonic():
            return self._caller(known)
        return await self._look_up(digest, credentials, address)

    async def workspace(self, name: str) -> int | None:
        """Return the id of a workspace, None if there is none of that name."""
        return await self._workspaces.id_of(name)

    async def workspace_name(self, workspace_id: int) -> str:
        """Return the name of a workspace that there is."""
        return await self._workspaces.name_of(workspace_id)

    async def has_workspaces(self) -> bool:
        """Return whether there are others than the default one."""
        return await self._workspaces.are_several()

    def changed(self) -> None:
        """Note that rights have changed: the next request looks."""
        self._is_changed = True

    def renew(self, session: Session, access: Access) -> None:
        """Bring the rights of a request up to date; see `trackhelm_domain.access.checks.renew`."""
        epoch = access_epoch(session)
        if epoch == access.epoch:
            return
        # The change may not be committed yet: the next request looks.
        self._is_changed = True
        principal = access.principal
        found = (
            by_account_id(session, principal.id)
            if principal.token_id is None
            else by_token_id(session, principal.token_id, self._clock())
        )
        if isinstance(found, Refusal) or found.id != principal.id:
            raise refusal_error(found if isinstance(found, Refusal) else Refusal("unknown_token"))
        access.renew(found, epoch)

    def _caller(self, known: _Known) -> Caller:
        if known.principal.token_id is not None:
            self.notes.used(known.principal.token_id)
        return Caller(Identity(known.kind, known.principal.name), known.principal, known.epoch, self.renew)

    async def _look_up(self, digest: bytes, credentials: Credentials, address: str) -> Caller:
        refused = self._refused.get(digest)
        if refused is not None and refused[0] > self._monotonic():
            raise refusal_error(refused[1])
        name, secret = _parts(credentials)
        is_password = name is not None and not looks_like_token(secret)
        if is_password:
            assert name is not None
            self._failed.check(name, address)
        found, epoch = await run_in_threadpool(self._find, name, secret, is_password)
        if isinstance(found, Refusal):
            self.notes.refused(found.reason, found.name, address)
            if found.is_password:
                self._failed.add(name or "", address)
            else:
                self._remember_refusal(digest, found)
            raise refusal_error(found)
        if is_password:
            self.notes.entered(found.name, address)
        seconds = _PASSWORD_SECONDS if is_password else _TOKEN_SECONDS
        kind = ActorKind.USER if not found.is_service else ActorKind.SERVICE
        known = _Known(found, epoch, self._monotonic() + seconds, kind)
        self._epoch = max(self._epoch, epoch)
        self._remember(digest, known)
        return self._caller(known)

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._known.pop(digest, None)
        self._known[digest] = known
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _remember_refusal(self, digest: bytes, refusal: Refusal) -> None:
        self._refused[digest] = (self._monotonic() + _REFUSED_SECONDS, refusal)
        if len(self._refused) > _MOST_REFUSED:
            self._refused.popitem(last=False)

    def _find(self, name: str | None, secret: str, is_password: bool) -> tuple[Principal | Refusal, int]:  # noqa: FBT001
        with self._database.reading() as session:
            epoch = access_epoch(session)
            if not is_password:
                return by_token(session, secret, self._clock(), name), epoch
            assert name is not None
            found = by_password(session, name, secret)
            account = account_by_name(session, name)
        if account is not None and isinstance(found, Principal):
            self._renew_hash(account, secret)
        return found, epoch

    def _renew_hash(self, account: Account, password: str) -> None:
        """Replace a hash that came from MLflow, or was made at other costs, as the password is known now."""
        before = account.password_hash
        if before is None or not passwords.is_outdated(before):
            return
        renewed = passwords.hash_of(password)
        with self._database.writing() as session:
            is_same = (Account.id == account.id) & (Account.password_hash == before)
            session.execute(update(Account).where(is_same).values(password_hash=renewed))

    async def _proxied(self, identity: Identity) -> Caller:
        digest = hashlib.blake2b(identity.name.encode(), key=self._key, digest_size=16).digest()
        known = self._known.get(digest)
        if known is None or known.epoch != self._epoch:
            found, epoch = await run_in_threadpool(self._user_of_proxy, identity.name)
            if isinstance(found, Refusal):
                self.notes.refused(found.reason, found.name, "")
                raise refusal_error(found)
            known = _Known(found, epoch, 0.0, ActorKind.PROXIED)
            self._epoch = max(self._epoch, epoch)
            self._remember(digest, known)
        return self._caller(known)

    def _user_of_proxy(self, name: str) -> tuple[Principal | Refusal, int]:
        with self._database.reading() as session:
            epoch = access_epoch(session)
            account = account_by_name(session, name)
            if account is not None:
                return by_account_id(session, account.id), epoch
        try:
            with self._database.writing() as session:
                change_access(session)
                account = Account(
                    name=name,
                    name_key=name.casefold(),
                    kind=AccountKind.USER,
                    creation_time=self._clock(),
                    is_admin=False,
                    is_disabled=False,
                )
                session.add(account)
                session.flush()
                assign_default_role(session, account.id, self._new_user_role)
        except IntegrityError:
            pass  # Another request has made it.
        with self._database.reading() as session:
            account = account_by_name(session, name)
            assert account is not None
            return by_account_id(session, account.id), access_epoch(session)

    async def _poll(self) -> None:
        self._poll_at = self._monotonic() + _POLL_SECONDS
        with suppress(SQLAlchemyError):
            # Without the database, who is known stays known.
            changed, self._is_changed = self._is_changed, False
            try:
                before, self._epoch = self._epoch, await run_in_threadpool(self._read_epoch)
            except SQLAlchemyError:
                self._is_changed = changed
                raise
            if self._epoch != before:
                self._workspaces.forget()
            if not self.notes.is_empty:
                await run_in_threadpool(self.notes.write)

    def _read_epoch(self) -> int:
        with self._database.reading_once() as session:
            return access_epoch(session)


def _parts(credentials: Credentials) -> tuple[str | None, str]:
    match credentials:
        case UserPassword(user, password):
            return user, password
        case BearerToken(token):
            return None, token


class Workspaces:
    """The workspaces of a database, as a process remembers them for seconds. Used on the event loop."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._ids: Mapping[str, int] = {DEFAULT_WORKSPACE: DEFAULT_WORKSPACE_ID}
        self._read_at = 0.0

    async def id_of(self, name: str) -> int | None:
        """Return the id of a workspace, None if there is none of that name."""
        if name == DEFAULT_WORKSPACE:
            return DEFAULT_WORKSPACE_ID
        return (await self._current()).get(name)

    async def name_of(self, workspace_id: int) -> str:
        """Return the name of a workspace that there is."""
        for again in (False, True):
            if again:
                self.forget()
            for name, number in (await self._current()).items():
                if number == workspace_id:
                    return name
        raise NotFoundError(f"There is no workspace {workspace_id} any more.")

    async def are_several(self) -> bool:
        """Return whether there are others than the default one."""
        return len(await self._current()) > 1

    def forget(self) -> None:
        """Read them again when they are asked for."""
        self._read_at = 0.0

    async def _current(self) -> Mapping[str, int]:
        if self._monotonic() >= self._read_at:
            self._read_at = self._monotonic() + _POLL_SECONDS
            with suppress(SQLAlchemyError):
                # What is known serves on: not every request needs the database.
                self._ids = await run_in_threadpool(self._read)
        return self._ids

    def _read(self) -> Mapping[str, int]:
        with self._database.reading_once() as session:
            return dict(session.execute(select(Workspace.name, Workspace.id)).all())


class OpenDoor(AtTheirWord):
    """The door of a server that checks nobody: everybody may do everything, in every workspace."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def workspace(self, name: str) -> int | None:
        """Return the id of a workspace, None if there is none of that name."""
        return await self._workspaces.id_of(name)

    async def workspace_name(self, workspace_id: int) -> str:
        """Return the name of a workspace that there is."""
        return await self._workspaces.name_of(workspace_id)

    async def has_workspaces(self) -> bool:
        """Return whether there are others than the default one."""
        return await self._workspaces.are_several()

    def changed(self) -> None:
        """Note that rights or workspaces have changed."""
        self._workspaces.forget()
