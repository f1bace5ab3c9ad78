"""Finding out who calls, and with which rights: passwords, tokens, sessions, users whom a proxy names.

What was found is remembered by a keyed digest of the credentials for as long as no rights change; whether a
session still is one is asked at each request. Statements run on threads: the event loop waits for none.
"""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import (
    Access,
    Principal,
    not_logged_in,
)
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import NotFoundError, PermissionDeniedError, UnauthenticatedError
from trackhelm_core.runtime import Clock
from trackhelm_core.security.actor import (
    ActorKind,
    AtTheirWord,
    Caller,
    Identity,
    Shown,
)
from trackhelm_core.security.credentials import BearerToken, Credentials, UserPassword
from trackhelm_core.security.kubernetes_tokens import is_json_web_token
from trackhelm_domain.access import passwords
from trackhelm_domain.access.accounts import (
    Lifetime,
    Refusal,
    by_account_id,
    by_password,
    by_session,
    by_session_id,
    by_token,
    by_token_id,
    refusal_error,
    session_by_key,
)
from trackhelm_domain.access.clusters import ClusterAccounts
from trackhelm_domain.access.logins import AuthNotes, FailedLogins
from trackhelm_domain.access.proxied import ProxiedUsers
from trackhelm_domain.access.rights import access_epoch, account_by_name
from trackhelm_domain.access.tokens import looks_like_token
from trackhelm_domain.access.workspaces import Workspaces
from trackhelm_domain.tables import Account, WebSession

Mode = Literal["off", "proxy", "on"]
"""Who is believed: everybody, whom a proxy names, or who logs in."""

# The process's memory of who calls.

_POLL_SECONDS: Final = 5.0
_PASSWORD_SECONDS: Final = 300.0
_TOKEN_SECONDS: Final = 60.0
"""After this a token's expiry is looked at again."""
_REFUSED_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 50_000
_MOST_REFUSED: Final = 10_000
_KEY_BYTES: Final = 32
_TOUCH_SECONDS: Final = 60.0
"""How exactly it is stored when a session was last used."""
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_SESSIONS: Final = Lifetime(12 * _HOUR_MS, 14 * _DAY_MS)


def lifetime_of(idle_hours: int, days: int) -> Lifetime:
    """Return how long sessions last."""
    return Lifetime(idle_hours * _HOUR_MS, days * _DAY_MS)


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
        proxied_users: ProxiedUsers | None = None,
        new_user_role: str = "",
        sessions: Lifetime = _SESSIONS,
        cluster: ClusterAccounts | None = None,
        failed: FailedLogins | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self.mode: Mode = "on" if proxied_users is None else "proxy"
        self._proxied_users = proxied_users
        self.sessions = sessions
        self._cluster = cluster
        self.new_user_role = new_user_role
        self._monotonic = monotonic
        self.notes = AuthNotes(database, clock, registry)
        self.failed = failed or FailedLogins(monotonic)
        self.begun = FailedLogins(monotonic, "Too many logins were begun from this address.")
        # Keyed, because a plain digest of a password in a dump of the memory could be guessed.
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[float, Refusal]] = OrderedDict()
        self._checks: dict[tuple[bytes, str, int], asyncio.Task[tuple[Principal, int]]] = {}
        self._workspaces = Workspaces(database, monotonic)
        self._epoch = -1
        self._is_changed = False
        self._polling = asyncio.Lock()
        self._poll_at = 0.0

    async def caller(self, shown: Shown) -> Caller:
        """Return who calls.

        Raises:
            UnauthenticatedError: There are no valid credentials, or those of two users.
            ApiError: Too many logins have failed (429), or too many wait to be checked (503).
        """
        if self._is_changed:
            # Who may be concerned by the change waits for it to be read.
            async with self._polling:
                if self._is_changed:
                    await self._poll()
        elif self._monotonic() >= self._poll_at:
            await self._poll()
        if self._proxied_users is not None:
            if shown.proxied is None:
                self.notes.refused("no_proxy", "", shown.address)
                raise UnauthenticatedError(
                    "You are not authenticated: the proxy in front of this server names no user."
                )
            return await self._proxied(self._proxied_users, shown.proxied, shown)
        if shown.session is None:
            return await self._by_header(shown)
        if shown.header is None:
            return await self._by_session(shown.session, shown.address)
        caller = await self._by_header(shown)
        try:
            other = await self._by_session(shown.session, shown.address)
        except UnauthenticatedError:
            return caller  # A session that has ended says nothing.
        if other.principal.id != caller.principal.id:
            self.notes.refused("two_users", "", shown.address)
            raise UnauthenticatedError(
                "The Authorization header and the session are of two users: send one of them."
            )
        return caller

    async def log_in(self, name: str, password: str, address: str) -> tuple[Principal, int]:
        """Return whose name and password these are, and the epoch in which it was so. Raises as `caller`."""
        return await self._look_up_password(name, password, address)

    @contextmanager
    def guessing(self, name: str, address: str) -> Iterator[None]:
        """Check a password or code that somebody gives who is logged in; a refusal counts as a failed login.

        Raises:
            ApiError: Too many have failed (429).
        """
        with self.failed.attempt(name, address) as attempt:
            try:
                yield
            except (PermissionDeniedError, NotFoundError):
                attempt.fail()
                self.notes.refused("wrong_guess", name, address)
                raise

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
        if principal.token_id is not None:
            found = by_token_id(session, principal.token_id, self._clock())
        elif principal.session_id is not None:
            found = by_session_id(session, principal.session_id)
        else:
            found = by_account_id(session, principal.id)
        if isinstance(found, Refusal) or found.id != principal.id:
            raise refusal_error(found if isinstance(found, Refusal) else Refusal("unknown_token"))
        access.renew(found, epoch)
        self._workspaces.check(session, access)

    def _caller(self, known: _Known) -> Caller:
        if known.principal.token_id is not None:
            self.notes.used(known.principal.token_id)
        return Caller(Identity(known.kind, known.principal.name), known.principal, known.epoch, self.renew)

    async def _by_header(self, shown: Shown) -> Caller:
        if shown.header is None:
            raise not_logged_in()
        digest = self._digest(shown.header)
        known = self._known.get(digest)
        if known is not None and known.epoch == self._epoch and known.until > self._monotonic():
            return self._caller(known)
        credentials = shown.credentials
        if credentials is None:
            raise not_logged_in()
        name, secret = _parts(credentials)
        if name is None and self._cluster is not None and is_json_web_token(secret):
            known = await self._look_up_in_cluster(self._cluster, digest, secret, shown.address)
        elif name is not None and not looks_like_token(secret):
            found, epoch = await self._look_up_once(digest, name, secret, shown.address)
            known = _Known(found, epoch, self._monotonic() + _PASSWORD_SECONDS, ActorKind.USER)
        else:
            found, epoch = await self._look_up_token(digest, secret, name, shown.address)
            kind = ActorKind.SERVICE if found.is_service else ActorKind.USER
            known = _Known(found, epoch, self._monotonic() + _TOKEN_SECONDS, kind)
        self._remember(digest, known)
        return self._caller(known)

    async def _look_up_once(
        self, digest: bytes, name: str, password: str, address: str
    ) -> tuple[Principal, int]:
        """Look up a password that many requests show at the same time once for all of them.

        A job whose processes begin together would else have more passwords to check than may wait. Who comes
        after a change of rights does not share what was begun before it.
        """
        key = digest, address, self._epoch
        task = self._checks.get(key)
        if task is None:
            task = asyncio.create_task(self._look_up_password(name, password, address))
            self._checks[key] = task
            task.add_done_callback(lambda _: self._checks.pop(key))
        return await asyncio.shield(task)

    async def _look_up_password(self, name: str, password: str, address: str) -> tuple[Principal, int]:
        found, epoch = await run_in_threadpool(self._try_password, name, password, address)
        if isinstance(found, Refusal):
            self.notes.refused(found.reason, found.name, address)
            raise refusal_error(found)
        self.notes.noted("login", found.name, address)
        return found, epoch

    async def _look_up_in_cluster(
        self, cluster: ClusterAccounts, digest: bytes, token: str, address: str
    ) -> _Known:
        self._check_refused(digest)
        entered = await run_in_threadpool(cluster.enter, token)
        found = entered.found
        if isinstance(found, Refusal):
            self.notes.refused(found.reason, found.name, address)
            if found.message:
                # Of the token itself. Who only lacks a role may get one at any moment.
                self._remember_refusal(digest, found)
            raise refusal_error(found)
        until = self._monotonic() + min(entered.seconds, _TOKEN_SECONDS)
        return _Known(found, entered.epoch, until, ActorKind.SERVICE)

    def _check_refused(self, digest: bytes) -> None:
        refused = self._refused.get(digest)
        if refused is not None and refused[0] > self._monotonic():
            raise refusal_error(refused[1])

    async def _look_up_token(
        self, digest: bytes, token: str, owner: str | None, address: str
    ) -> tuple[Principal, int]:
        self._check_refused(digest)

        def find(session: Session, _epoch: int) -> Principal | Refusal:
            return by_token(session, token, self._clock(), owner)

        found, epoch = await run_in_threadpool(self._find, find)
        if isinstance(found, Refusal):
            self.notes.refused(found.reason, found.name, address)
            self._remember_refusal(digest, found)
            raise refusal_error(found)
        return found, epoch

    async def _by_session(self, key: str, address: str) -> Caller:
        """Return whose session a key is of. It is looked for each time, so that it ends at once."""
        digest = self._digest(b"session " + key.encode())
        known = self._known.get(digest)
        now = self._clock()

        def find(session: Session, epoch: int) -> Principal | Refusal:
            row, refusal = session_by_key(session, key, now, self.sessions)
            if row is None:
                assert refusal is not None
                return refusal
            if known is not None and known.epoch == epoch:
                return known.principal
            return by_session(session, row)

        found, epoch = await run_in_threadpool(self._find, find)
        if isinstance(found, Refusal):
            self._known.pop(digest, None)
            self.notes.refused(found.reason, found.name, address)
            raise refusal_error(found)
        if known is None or known.until <= self._monotonic():
            assert found.session_id is not None
            await run_in_threadpool(self._touch, found.session_id, now)
            known = None
        if known is None or known.epoch != epoch:
            until = self._monotonic() + _TOUCH_SECONDS
            known = _Known(found, epoch, until if known is None else known.until, ActorKind.USER)
            self._remember(digest, known)
        return self._caller(known)

    def _touch(self, session_id: int, now: int) -> None:
        """Store that a session is used, unless another process has just done so."""
        statement = update(WebSession).where(
            WebSession.id == session_id, WebSession.last_used_time < now - _TOUCH_SECONDS * 1000
        )
        with suppress(SQLAlchemyError), self._database.relaxed_write() as session:
            # What cannot be stored now is stored a minute later.
            session.execute(statement.values(last_used_time=now))

    def _digest(self, shown: bytes) -> bytes:
        return hashlib.blake2b(shown, key=self._key, digest_size=16).digest()

    def _remember(self, digest: bytes, known: _Known) -> None:
        self._epoch = max(self._epoch, known.epoch)
        self._known.pop(digest, None)
        self._known[digest] = known
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _remember_refusal(self, digest: bytes, refusal: Refusal) -> None:
        self._refused[digest] = (self._monotonic() + _REFUSED_SECONDS, refusal)
        if len(self._refused) > _MOST_REFUSED:
            self._refused.popitem(last=False)

    def _find(self, find: Callable[[Session, int], Principal | Refusal]) -> tuple[Principal | Refusal, int]:
        with self._database.reading() as session:
            epoch = access_epoch(session)
            return find(session, epoch), epoch

    def _try_password(self, name: str, password: str, address: str) -> tuple[Principal | Refusal, int]:
        with self.failed.attempt(name, address) as attempt:
            found, epoch = self._enter(name, password)
            if isinstance(found, Refusal):
                attempt.fail()
        return found, epoch

    def _enter(self, name: str, password: str) -> tuple[Principal | Refusal, int]:
        with self._database.reading() as session:
            epoch = access_epoch(session)
            found = by_password(session, name, password)
            account = account_by_name(session, name)
        if account is not None and isinstance(found, Principal):
            self._renew_hash(account, password)
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

    async def _proxied(self, users: ProxiedUsers, identity: Identity, shown: Shown) -> Caller:
        groups = "\0".join(sorted(users.rules.known(shown.groups)))
        digest = self._digest(f"{identity.name}\0{groups}".encode())
        known = self._known.get(digest)
        if known is None or known.epoch != self._epoch:
            found, epoch = await run_in_threadpool(users.enter, identity.name, shown)
            if isinstance(found, Refusal):
                self.notes.refused(found.reason, found.name, "")
                raise refusal_error(found)
            known = _Known(found, epoch, 0.0, ActorKind.PROXIED)
            self._remember(digest, known)
        return self._caller(known)

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


class OpenDoor(AtTheirWord):
    """The door of a server that checks nobody: everybody may do everything, in every workspace."""

    mode: Mode = "off"

    def guessing(self, name: str, address: str) -> AbstractContextManager[None]:
        """Do nothing: nobody logs in."""
        return nullcontext()

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
