"""Sealing secrets that must be stored and used again, such as those that sign what webhooks get.

Fernet (AES-128-CBC and HMAC-SHA256) under the first of the keys that settings give; any of them opens. Where
none is given, one is made in a file of its own when it is first needed, if there is a folder for it.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class NoKeyError(Exception):
    """No key is configured, and there is no folder in which one may be made."""


class CannotOpenError(Exception):
    """None of the keys is the one that the secret was sealed with."""


class SecretBox:
    """Seals and opens secrets with the keys of one deployment."""

    def __init__(self, keys: Sequence[str] = (), key_file: Path | None = None) -> None:
        """Take the keys, or the file that holds one or will.

        Raises:
            ValueError: A key has another form than 32 bytes in base64.
        """
        self._given = [_fernet(key) for key in keys]
        self._key_file = key_file

    def seal(self, text: str) -> str:
        """Return a text sealed with the first key. Raises `NoKeyError`, and `OSError` of the key's file."""
        return self._box(make=True).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return a text that was sealed. Raises `NoKeyError` or `CannotOpenError`, or `OSError`."""
        try:
            return self._box(make=False).decrypt(sealed).decode()
        except InvalidToken as error:
            raise CannotOpenError("no configured key opens the secret") from error

    def reseal(self, sealed: str) -> str:
        """Return a sealed text sealed with the first key. Raises as `open`."""
        return self.seal(self.open(sealed))

    def _box(self, *, make: bool) -> MultiFernet:
        if self._given:
            return MultiFernet(self._given)
        if self._key_file is None:
            raise NoKeyError("TRACKHELM_SECRET_KEY is not set")
        if not self._key_file.exists():
            if not make:
                raise NoKeyError(f"TRACKHELM_SECRET_KEY is not set, and {self._key_file.name} is missing")
            make_key(self._key_file)
        return MultiFernet([_fernet(self._key_file.read_text(encoding="ascii"))])


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key.strip())
    except ValueError as error:
        raise ValueError(
            "TRACKHELM_SECRET_KEY: a key is 32 random bytes in base64, as of `openssl rand -base64 32`"
        ) from error


def make_key(file: Path) -> None:
    """Make a key in a file that only we can read; whole or not at all, and never in place of one.

    Raises `OSError`.
    """
    draft = file.with_name(f"{file.name}.draft-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(Fernet.generate_key())
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):  # Another process made one first: that is the key.
        os.link(draft, file)
    draft.unlink()
