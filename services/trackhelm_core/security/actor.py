"""The actor of a request, as logic and the audit trail know it, and how an endpoint asks for it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

# The actor of a request, as logic and the audit trail know it.


class ActorKind(StrEnum):
    """How an actor's name was found, and so what it is worth."""

    ANONYMOUS = "anonymous"
    """The request has no credentials."""
    USER = "user"
    """The user name of HTTP Basic."""
    TOKEN = "token"  # noqa: S105 - a kind of actor
    """A digest of the bearer token."""
    PROXIED = "proxied"
    """A trusted proxy, which has checked who it is, says so."""
    OPERATOR = "operator"
    """The account that runs a command on a machine of the server's."""


class Identity(NamedTuple):
    """Who somebody is."""

    kind: ActorKind
    name: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sends a request, from where, and under which id it is found in the log."""

    name: str
    kind: ActorKind
    source_address: str
    request_id: str


# The parameter type by which an endpoint asks for the request's actor, to hand it to logic.


async def _actor(request: Request) -> Actor:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    actor: Actor = request.state.actor
    return actor


ActorDep = Annotated[Actor, Depends(_actor)]
"""Who sends the request."""
