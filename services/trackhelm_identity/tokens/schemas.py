"""Requests and answers about tokens and service accounts."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from trackhelm_core.limits import ACTOR_NAME_LENGTH
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Required, WireModel
from trackhelm_domain.access.tokens import Scope
from trackhelm_domain.tables import AccessToken

DEFAULT_DAYS = 90
MOST_DAYS = 366

Name = Annotated[Required, Field(max_length=ACTOR_NAME_LENGTH)]


class CreateToken(WireModel):
    """`POST trackhelm/tokens/create`. Without an account it is for oneself.

    `workspace` and `experiment_id` confine it to one of them.
    """

    name: Name
    scopes: tuple[Scope, ...] = (Scope.READ, Scope.WRITE, Scope.REGISTRY)
    days: Annotated[Int64, Field(ge=1, le=MOST_DAYS)] = DEFAULT_DAYS
    workspace: str = ""
    experiment_id: str = ""
    service_account: str = ""


class ListTokens(WireModel):
    """`GET trackhelm/tokens/list`: one's own, or those of a service account of the workspace."""

    service_account: str = ""


class RevokeToken(WireModel):
    """`POST trackhelm/tokens/revoke`: by its id, or by itself as its own proof."""

    id: Int64 | None = None
    token: str = ""


class Token(Reply, frozen=True):
    """What is known of a token. Times are milliseconds since the epoch."""

    id: int
    name: str
    hint: str
    scopes: Sequence[str]
    created_by: str
    creation_time: int
    expiry_time: int
    last_used_time: int | None = None
    workspace: str = ""
    experiment_id: str = ""


class CreatedToken(Reply, frozen=True):
    """The answer of `tokens/create`: the only one that ever has the token itself."""

    token: str
    info: Token


class Tokens(Reply, frozen=True):
    """The answer of `tokens/list`."""

    tokens: Sequence[Token]


class NamedServiceAccount(WireModel):
    """`POST trackhelm/service-accounts/create` and `delete`."""

    name: Name


class ServiceAccount(Reply, frozen=True):
    """A service account of the workspace."""

    id: int
    name: str
    creation_time: int


class ServiceAccountAnswer(Reply, frozen=True):
    """The answer of `service-accounts/create`."""

    service_account: ServiceAccount


class ServiceAccounts(Reply, frozen=True):
    """The answer of `service-accounts/list`."""

    service_accounts: Sequence[ServiceAccount]


def token_message(row: AccessToken, workspace: str) -> Token:
    """Return the message about a token; `workspace` is the name of the one it is confined to, or empty."""
    return Token(
        id=row.id,
        name=row.name,
        hint=row.hint,
        scopes=row.scopes.split(","),
        created_by=row.created_by,
        creation_time=row.creation_time,
        expiry_time=row.expiry_time,
        last_used_time=row.last_used_time,
        workspace=workspace,
        experiment_id="" if row.experiment_id is None else str(row.experiment_id),
    )
