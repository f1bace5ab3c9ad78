"""The actor of a request, for logic and the audit trail, and how an endpoint gets it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NamedTuple

from fastapi import Depends, Request


class ActorKind(StrEnum):
    """How the actor's name was found, and therefore how far it can be trusted."""

    ANONYMOUS = "anonymous"
    """The request has no credentials."""
    USER = "user"
    """The user name of HTTP Basic."""
    TOKEN = "token"  # noqa: S105 - a kind of actor
    """A digest of the bearer token."""
    PROXIED = "proxied"
    """The user whom a trusted proxy has authenticated and names."""
    OPERATOR = "operator"
    """The account that runs a command on a machine of the server."""


class Identity(NamedTuple):
    """The kind and the name of an actor."""

    kind: ActorKind
    name: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sends a request, from which address, and the request's id in the log."""

    name: str
    kind: ActorKind
    source_address: str
    request_id: str


async def _actor(request: Request) -> Actor:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    actor: Actor = request.state.actor
    return actor


ActorDep = Annotated[Actor, Depends(_actor)]
"""The parameter type by which an endpoint gets the actor of the request, to pass it to logic."""
