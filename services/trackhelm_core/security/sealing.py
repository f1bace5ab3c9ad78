"""Encrypting secrets that must be stored and used again, such as the secrets that sign webhook requests.

Fernet (AES-128-CBC and HMAC-SHA256) with the first of the configured keys; any of the keys decrypts. If no
key is configured, one is made in a file of its own when it is first needed, if there is a folder for it.

`cryptography` takes 25 ms to import, so it is imported only when there is a key or a secret.
"""

import base64
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet


class NoKeyError(Exception):
    """No key is configured, and there is no folder in which one could be made."""


class CannotOpenError(Exception):
    """None of the keys is the one with which the secret was sealed."""


class SecretBox:
    """Seals and opens secrets with the keys of one deployment."""

    def __init__(self, keys: Sequence[str] = (), key_file: Path | None = None) -> None:
        """Take the keys, or the file that has a key or in which one will be made.

        Raises:
            ValueError: A key is not 32 bytes in base64.
        """
        self._given = [_fernet(key) for key in keys]
        self._key_file = key_file

    def seal(self, text: str) -> str:
        """Return a text sealed with the first key. Raises `NoKeyError`, or `OSError` for the key's file."""
        return self._box(make=True).encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the text of a sealed text. Raises `NoKeyError`, `CannotOpenError` or `OSError`."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see above

        try:
            return self._box(make=False).decrypt(sealed).decode()
        except InvalidToken as error:
            raise CannotOpenError("no configured key opens the secret") from error

    def reseal(self, sealed: str) -> str:
        """Return a sealed text, sealed again with the first key. Raises as `open` does."""
        return self.seal(self.open(sealed))

    def _box(self, *, make: bool) -> "MultiFernet":
        from cryptography.fernet import MultiFernet  # noqa: PLC0415 - see above

        if self._given:
            return MultiFernet(self._given)
        if self._key_file is None:
            raise NoKeyError("TRACKHELM_SECRET_KEY is not set")
        if not self._key_file.exists():
            if not make:
                raise NoKeyError(f"TRACKHELM_SECRET_KEY is not set, and {self._key_file.name} is missing")
            make_key(self._key_file)
        return MultiFernet([_fernet(self._key_file.read_text(encoding="ascii"))])


def _fernet(key: str) -> "Fernet":
    from cryptography.fernet import Fernet  # noqa: PLC0415 - see above

    try:
        return Fernet(key.strip())
    except ValueError as error:
        raise ValueError(
            "TRACKHELM_SECRET_KEY: a key is 32 random bytes in base64, as of `openssl rand -base64 32`"
        ) from error


def make_key(file: Path) -> None:
    """Make a key in a file that only this account can read, atomically; an existing file is kept.

    Raises `OSError`.
    """
    draft = file.with_name(f"{file.name}.draft-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):  # Another process has made a key first, which is then used.
        os.link(draft, file)
    draft.unlink()
