"""Turning credentials into an identity: the one place that an authenticator will take over."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from trackhelm_core.auth.actor import ActorKind, Identity
from trackhelm_core.auth.credentials import BearerToken, Credentials, UserPassword

Authenticate = Callable[[Credentials | None], Awaitable[Identity]]
"""Says whose the credentials of a request are; raises `UnauthenticatedError` if they are nobody's."""

ANONYMOUS: Final = Identity(ActorKind.ANONYMOUS, "anonymous")

# 64 bits: enough to tell tokens apart, too few to check a guess at a random token against.
_DIGEST_BYTES: Final = 8


async def take_at_word(credentials: Credentials | None) -> Identity:
    """Return who the credentials claim to be. No password and no token is checked."""
    match credentials:
        case None:
            return ANONYMOUS
        case UserPassword(user):
            return Identity(ActorKind.USER, user)
        case BearerToken(token):
            return Identity(ActorKind.TOKEN, token_name(token))


def token_name(token: str) -> str:
    """Return the name of a token's bearer: the same for the same token, and no way back to it."""
    digest = hashlib.blake2b(token.encode("latin-1"), digest_size=_DIGEST_BYTES, person=b"trackhelm actor")
    return f"token-{digest.hexdigest()}"
