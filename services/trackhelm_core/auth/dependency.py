"""The parameter type by which an endpoint asks for the request's actor, to hand it to logic."""

from typing import Annotated

from fastapi import Depends, Request

from trackhelm_core.auth.actor import Actor


async def _actor(request: Request) -> Actor:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    actor: Actor = request.state.actor
    return actor


ActorDep = Annotated[Actor, Depends(_actor)]
"""Who sends the request."""
