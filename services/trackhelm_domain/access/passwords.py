"""Passwords: which are allowed, their argon2id hashes, and checking one, at most two at a time.

A check takes 60 ms of a processor and 19 MiB. Those that wait are bounded, so that who guesses passwords
cannot keep the server from its work. The hashes of accounts that came from MLflow are checked, too, as
Werkzeug makes them (`scrypt:N:r:p$salt$hex`, `pbkdf2:sha256:rounds$salt$hex`), until `is_outdated` has told.
"""

import hashlib
import hmac
import math
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
        if password_hash is not None and _is_of_werkzeug(password_hash):
            return _is_werkzeugs(password[: LONGEST + 1], password_hash)
        try:
            _hasher().verify(password_hash or _nobodys_hash(), password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Return whether a hash was made by other means, or with other costs, than new ones are."""
    return _is_of_werkzeug(password_hash) or _hasher().check_needs_rehash(password_hash)


def _is_of_werkzeug(password_hash: str) -> bool:
    return password_hash.startswith(("scrypt:", "pbkdf2:"))


def _is_werkzeugs(password: str, password_hash: str) -> bool:
    match password_hash.replace("$", ":").split(":"):
        case "scrypt", n, r, p, salt, expected:
            costs = int(n), int(r), int(p)
            found = hashlib.scrypt(
                password.encode(),
                salt=salt.encode(),
                n=costs[0],
                r=costs[1],
                p=costs[2],
                maxmem=132 * math.prod(costs),
            )
        case "pbkdf2", digest, rounds, salt, expected:
            found = hashlib.pbkdf2_hmac(digest, password.encode(), salt.encode(), int(rounds))
        case _:
            return False
    return hmac.compare_digest(found.hex(), expected)


@contextmanager
def _turn() -> Iterator[None]:
    if not _queue.acquire(blocking=False):
        raise UnavailableError("Too many passwords are being checked. Send the request again.")
    try:
        with _checking:
            yield
    finally:
        _queue.release()
