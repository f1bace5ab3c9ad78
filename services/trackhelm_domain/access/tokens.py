"""Access tokens: their form, by which a wrong one is refused without a database, and their digest.

A token is a prefix, 30 random letters and digits (178 bits), and six that check all before. It is shown once;
stored are its SHA-256 and a hint.
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM: Final = 30
_CHECK: Final = 6
_SHOWN: Final = 4


class TokenKind(StrEnum):
    """Whose a token is, by the letters it begins with."""

    PERSONAL = "thp_"
    SERVICE = "ths_"


_FORM: Final = re.compile(rf"th[ps]_[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


class Scope(StrEnum):
    """What a token may be used for. It never gives more than its owner has."""

    READ = "read"
    WRITE = "write"
    """Log to runs and change experiments."""
    REGISTRY = "registry"
    """Register and change models."""
    MANAGE = "manage"
    """All that the owner may do, but for tokens and passwords."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made."""

    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What is stored of it."""
        return digest_of(self.text)

    @property
    def hint(self) -> str:
        """What may be shown of it later."""
        return f"{self.text[:4]}…{self.text[-_SHOWN:]}"


def new_token(kind: TokenKind) -> NewToken:
    """Return a new token."""
    text = kind + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return NewToken(text + _check(text))


def is_token(text: str) -> bool:
    """Return whether a text has the form of a token of ours, with its check."""
    return _FORM.fullmatch(text) is not None and _check(text[:-_CHECK]) == text[-_CHECK:]


def looks_like_token(text: str) -> bool:
    """Return whether a text begins as our tokens do, so that it is no password."""
    return text.startswith(tuple(TokenKind))


def digest_of(token: str) -> bytes:
    """Return the digest under which a token is stored."""
    return hashlib.sha256(token.encode()).digest()


def _check(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
