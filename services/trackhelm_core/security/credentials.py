"""The credentials that a request shows: the forms that clients and browsers send, and how others are refused.

No message may repeat the value of a header: it may be a secret in a form that we do not know.
"""

import base64
import re
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Scope

from trackhelm_core.errors import UnauthenticatedError
from trackhelm_core.limits import ACTOR_NAME_LENGTH

# Headers as they were received: every value of a name, as bytes, because the caller chooses the encoding.


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Return the values of a header; `name` must be in lower case."""
    return [value for given, value in scope["headers"] if given == name]


def first_value(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header; `name` must be in lower case."""
    # A loop, because this runs for every request and a generator takes three times as long.
    for given, value in scope["headers"]:
        if given == name:
            return bytes(value)
    return None


# The `Authorization` header, in the two forms that the stock client sends.

# The characters of a token in RFC 6750.
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


@dataclass(frozen=True, slots=True)
class UserPassword:
    """The user name and password of HTTP Basic."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """The token of a `Bearer` header."""

    token: str = field(repr=False)


Credentials = UserPassword | BearerToken


def parse_authorization(header: bytes) -> Credentials:
    """Return the credentials in a header; raises `UnauthenticatedError` if it has another form."""
    scheme, _, value = header.partition(b" ")
    match scheme.lower():
        case b"basic":
            return _parse_basic(value.strip(b" "))
        case b"bearer":
            return _parse_bearer(value.strip(b" "))
        case _:
            raise UnauthenticatedError(
                "The Authorization header has an unknown scheme: it must be Basic or Bearer."
            )


def decode_name(name: bytes, origin: str) -> str:
    """Return an actor's name, or refuse it; `origin` is how the message calls its source."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("latin-1")  # HTTP's old encoding; `requests` still uses it for Basic
    if not text or not text.isprintable() or len(text) > ACTOR_NAME_LENGTH:
        raise UnauthenticatedError(
            f"{origin} must have 1 to {ACTOR_NAME_LENGTH} printable characters: it has {len(text)}"
            f"{'' if text.isprintable() else ', some not printable'}."
        )
    return text


def _parse_basic(value: bytes) -> UserPassword:
    try:
        decoded = base64.b64decode(value, validate=True)
    except ValueError:
        raise UnauthenticatedError("The Authorization header's Basic credentials are not base64.") from None
    user, colon, password = decoded.partition(b":")
    if not colon:
        raise UnauthenticatedError(
            "The Authorization header's Basic credentials have no colon: "
            "they must be the base64 form of 'name:password'."
        )
    return UserPassword(decode_name(user, "The user name of HTTP Basic"), password.decode("latin-1"))


def _parse_bearer(value: bytes) -> BearerToken:
    token = value.decode("latin-1")
    if not _TOKEN.fullmatch(token):
        raise UnauthenticatedError(
            "The Authorization header's Bearer token is malformed: it must be one word of "
            "letters, digits and -._~+/, with = only at its end."
        )
    return BearerToken(token)
