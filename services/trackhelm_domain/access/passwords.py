"""Passwords: which are allowed, their argon2id hashes, and checking one, at most two at a time.

A check takes 60 ms of a processor and 19 MiB. Those that wait are bounded, so that who guesses passwords
cannot keep the server from its work.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from trackhelm_core.errors import InvalidParameterError, UnavailableError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 12
LONGEST: Final = 1_024

_AT_ONCE: Final = 2
_WAITING: Final = 32

_checking = threading.BoundedSemaphore(_AT_ONCE)
_queue = threading.BoundedSemaphore(_AT_ONCE + _WAITING)


@cache
def _hasher() -> "PasswordHasher":
    # It takes 20 ms to import, and a server that checks nobody needs none.
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("the password of nobody")


def check_new_password(password: str) -> str:
    """Return a password that an account may have; raises `InvalidParameterError`, without the password."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidParameterError(
            f"Invalid password: it must have {SHORTEST} to {LONGEST} characters, and has {len(password)}."
        )
    return password


def hash_of(password: str) -> str:
    """Return the hash of a password. It takes as long as a check, and waits for its turn."""
    with _turn():
        return _hasher().hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Return whether a password has this hash. Without a hash it takes as long, and the answer is no."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

    with _turn():
        try:
            _hasher().verify(password_hash or _nobodys_hash(), password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Return whether a hash was made with other costs than new ones are."""
    return _hasher().check_needs_rehash(password_hash)


@contextmanager
def _turn() -> Iterator[None]:
    if not _queue.acquire(blocking=False):
        raise UnavailableError("Too many passwords are being checked. Send the request again.")
    try:
        with _checking:
            yield
    finally:
        _queue.release()
