"""Requests and answers about logging in by a browser."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Required, WireModel
from trackhelm_domain.tables import WebSession


class CreateSession(WireModel):
    """`POST trackhelm/sessions/create`."""

    username: Required
    password: Required


class RevokeSession(WireModel):
    """`POST trackhelm/sessions/revoke`: one by its id, or all, the one of the request among them."""

    id: Int64 | None = None
    all: bool = False


class EndSession(WireModel):
    """`POST trackhelm/sessions/end`: an empty message, whose type no form of another site can send."""


class WebLogin(Reply, frozen=True):
    """A browser in which one has logged in. Times are milliseconds since the epoch.

    It ends at `expiry_time`, and earlier when it is not used. `way` is `password` or the name of an identity
    provider.
    """

    id: int
    way: str
    creation_time: int
    last_used_time: int
    expiry_time: int
    source_address: str
    user_agent: str
    is_current: bool


class CreatedSession(Reply, frozen=True):
    """The answer of `sessions/create`. The key is not in it, but in the cookie that comes with it."""

    username: str
    session: WebLogin


class Sessions(Reply, frozen=True):
    """The answer of `sessions/list`."""

    sessions: Sequence[WebLogin]


class WayToLogIn(Reply, frozen=True):
    """A way to log in: by a form with a password, or at an identity provider, which `path` leads to.

    `path` is relative to the address of the server, and empty for a password.
    """

    kind: str
    name: str
    path: str


class Logins(Reply, frozen=True):
    """The answer of `trackhelm/logins`: whether callers log in (`on`, `proxy`, `off`), and how."""

    mode: str
    ways: Sequence[WayToLogIn]


def session_message(row: WebSession, current: int | None) -> WebLogin:
    """Return the message about a session; `current` is the id of the one that asks."""
    return WebLogin(
        id=row.id,
        way=row.way,
        creation_time=row.creation_time,
        last_used_time=row.last_used_time,
        expiry_time=row.expiry_time,
        source_address=row.source_address,
        user_agent=row.user_agent,
        is_current=row.id == current,
    )
