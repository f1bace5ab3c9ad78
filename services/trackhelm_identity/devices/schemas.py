"""Requests and answers about logins of programs."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Required, WireModel
from trackhelm_domain.access.tokens import Scope
from trackhelm_domain.tables import DeviceLogin
from trackhelm_identity.tokens.schemas import DEFAULT_DAYS, MOST_DAYS, Name

Code = Annotated[Required, Field(max_length=64)]


class BeginDevice(WireModel):
    """`POST trackhelm/devices/begin`: `name` says which program asks, and is the name of its token."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = (Scope.READ, Scope.WRITE, Scope.REGISTRY)
    days: Annotated[Int64, Field(ge=1, le=MOST_DAYS)] = DEFAULT_DAYS


class PollDevice(WireModel):
    """`POST trackhelm/devices/poll`: the program asks for its token, which `workspace` confines."""

    device_code: Code
    workspace: str = ""


class NamedDevice(WireModel):
    """`GET trackhelm/devices/get`: by the code that the program's user sees."""

    user_code: Code


class DecideDevice(NamedDevice):
    """`POST trackhelm/devices/approve` and `deny`."""


class BegunDevice(Reply, frozen=True):
    """The answer of `devices/begin`. The user opens the address, and compares the code with the program's.

    Times are in seconds: after `expires_in` the codes are worth nothing, and the program asks no more often
    than each `interval`.
    """

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class PolledDevice(Reply, frozen=True):
    """The answer of `devices/poll`.

    `status` is `approved`, with the token; or as in RFC 8628 `authorization_pending`, `slow_down` with a
    longer `interval`, `access_denied` or `expired_token`.
    """

    status: str
    interval: int
    token: str = ""
    username: str = ""
    expiry_time: int = 0


class WaitingDevice(Reply, frozen=True):
    """A program that asks for a token. Times are milliseconds since the epoch."""

    user_code: str
    name: str
    scopes: Sequence[str]
    days: int
    source_address: str
    creation_time: int
    expiry_time: int


class DeviceAnswer(Reply, frozen=True):
    """The answer of `devices/get`."""

    device: WaitingDevice


def device_message(row: DeviceLogin) -> WaitingDevice:
    """Return the message about a program that waits."""
    return WaitingDevice(
        user_code=f"{row.user_code[:4]}-{row.user_code[4:]}",
        name=row.name,
        scopes=row.scopes.split(","),
        days=row.days,
        source_address=row.source_address,
        creation_time=row.creation_time,
        expiry_time=row.expiry_time,
    )
