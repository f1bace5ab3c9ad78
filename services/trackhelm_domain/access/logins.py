"""What is remembered of logins: failures, which make who fails wait, and notes of who was let in and refused.

The notes have a table of their own, and not the audit trail: see `AuthEvent`.
"""

import ipaddress
import threading
import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import delete, update

from trackhelm_core.db.statements import dialect_of, insert_for
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.runtime import Clock
from trackhelm_domain.tables import AccessToken, AuthEvent, WebSession

_MINUTE_MS: Final = 60_000
_KEPT_MS: Final = 90 * 24 * 60 * _MINUTE_MS
"""How long it is kept who was let in and refused: 90 days."""

# Limits of failed logins: a delay for who fails, and for nobody else, so that no one can lock another out.

WINDOW_SECONDS: Final = 300.0
NAME_FAILURES: Final = 10
"""Failures of one name from one address within the window."""
ADDRESS_FAILURES: Final = 20
"""Failures of one address, of IPv6 of one network of 64 bits."""
ALL_FAILURES: Final = 1_000
"""Failures of all; past them, an address that has failed at all must wait."""


class FailedLogins:
    """The failed logins of the last minutes, counted by this process."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        message: str = "Too many logins from this address have failed.",
    ) -> None:
        self._message = message
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: deque[tuple[float, _Entry]] = deque()
        self._by_name: Tally[_Entry] = Tally()
        self._by_address: Tally[str] = Tally()

    def check(self, name: str, address: str) -> None:
        """Refuse a login whose name and address have failed too often; raises `ApiError` (429)."""
        with self._lock:
            self._check(_entry(name, address))

    def add(self, name: str, address: str) -> None:
        """Count a failure."""
        with self._lock:
            self._add(_entry(name, address))

    @contextmanager
    def attempt(self, name: str, address: str) -> Iterator["Attempt"]:
        """Let somebody try a password or a code; raises `ApiError` (429) after too many failures.

        A try counts as a failure from its beginning, so that no more are made at the same time than one after
        another. It counts no longer when it ends without `Attempt.fail`.
        """
        self._reserve(name, address)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if not attempt.has_failed:
                self._give_back(name, address)

    def refusal(self) -> ApiError:
        """Return the error of who has failed too often."""
        return ApiError(
            ErrorCode.REQUEST_LIMIT_EXCEEDED,
            f"{self._message} Wait some minutes before the next.",
            retry_after_seconds=30,
        )

    def _reserve(self, name: str, address: str) -> None:
        entry = _entry(name, address)
        with self._lock:
            self._check(entry)
            self._add(entry)

    def _give_back(self, name: str, address: str) -> None:
        entry = _entry(name, address)
        with self._lock:
            last = next((each for each in reversed(self._failures) if each[1] == entry), None)
            if last is not None:  # Else it took longer than the window.
                self._failures.remove(last)
                self._forget(entry)

    def _check(self, entry: "_Entry") -> None:
        oldest = self._clock() - WINDOW_SECONDS
        while self._failures and self._failures[0][0] <= oldest:
            self._forget(self._failures.popleft()[1])
        of_address = self._by_address[entry.network]
        if (
            self._by_name[entry] >= NAME_FAILURES
            or of_address >= ADDRESS_FAILURES
            or (of_address and len(self._failures) >= ALL_FAILURES)
        ):
            raise self.refusal()

    def _add(self, entry: "_Entry") -> None:
        self._failures.append((self._clock(), entry))
        self._by_name[entry] += 1
        self._by_address[entry.network] += 1

    def _forget(self, entry: "_Entry") -> None:
        self._by_name[entry] -= 1
        self._by_address[entry.network] -= 1
        if not self._by_name[entry]:
            del self._by_name[entry]
        if not self._by_address[entry.network]:
            del self._by_address[entry.network]


class _Entry(NamedTuple):
    """Whose failures are counted together: those of a name in any case, from one network."""

    name: str
    network: str


def _entry(name: str, address: str) -> _Entry:
    return _Entry(name.casefold(), network_of(address))


class Attempt:
    """A try of a password or a code."""

    has_failed = False

    def fail(self) -> None:
        """Say that it was wrong."""
        self.has_failed = True


def network_of(address: str) -> str:
    """Return what of an address counts as one caller: of IPv6 the first 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:  # noqa: PLR2004 - the version of the protocol
        return str(ipaddress.ip_network(f"{found}/64", strict=False))
    return address


# What is noted: logins and refusals, a row for each minute; and when tokens were used.

_MOST_ROWS: Final = 250


class AuthNotes:
    """What is to be written of logins and tokens, until it is written."""

    def __init__(self, database: Database, clock: Clock, registry: CollectorRegistry | None) -> None:
        self._database = database
        self._clock = clock
        self._events: Tally[tuple[int, str, str, str]] = Tally()
        self._used: dict[int, int] = {}
        self._shortened = 0
        self._failures = Counter(
            "trackhelm_auth_failures",
            "Requests whose sender was not accepted, by the reason.",
            ("reason",),
            registry=registry,
        )

    def refused(self, reason: str, name: str, address: str) -> None:
        """Note a refusal; `name` is empty unless an account has it, because it may be a mistyped password."""
        self._failures.labels(reason).inc()
        self._note(reason, name, address)

    def noted(self, what: str, name: str, address: str) -> None:
        """Note what the user of an account did: that they logged in, or out."""
        self._note(what, name, address)

    def used(self, token_id: int) -> None:
        """Note that a token was used."""
        self._used[token_id] = self._clock()

    def _note(self, reason: str, name: str, address: str) -> None:
        minute = self._clock() // _MINUTE_MS * _MINUTE_MS
        key = (minute, address[:64], name, reason)
        if key not in self._events and len(self._events) >= _MOST_ROWS:
            key = (minute, "", "", reason)  # Who floods gets one row for all of it.
        self._events[key] += 1

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self._events or self._used)

    def write(self) -> None:
        """Write what was noted, and delete what is old once an hour."""
        events, self._events = self._events, Tally()
        used, self._used = self._used, {}
        now = self._clock()
        with self._database.writing() as session:
            for (minute, address, name, reason), count in sorted(events.items()):
                statement = insert_for(dialect_of(session), AuthEvent).values(
                    minute=minute, source_address=address, name=name, reason=reason, count=count
                )
                session.execute(
                    statement.on_conflict_do_update(
                        index_elements=["minute", "source_address", "name", "reason"],
                        set_={"count": AuthEvent.count + count},
                    )
                )
            for token_id, moment in sorted(used.items()):
                session.execute(
                    update(AccessToken).where(AccessToken.id == token_id).values(last_used_time=moment)
                )
            if now - self._shortened > 60 * _MINUTE_MS:
                self._shortened = now
                session.execute(delete(AuthEvent).where(AuthEvent.minute < now - _KEPT_MS))
                session.execute(delete(WebSession).where(WebSession.expiry_time <= now))
