"""Trusted proxies: the user whom they have authenticated, and the address that called them."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from starlette.types import Scope

from trackhelm_core.errors import UnauthenticatedError
from trackhelm_core.limits import SOURCE_ADDRESS_LENGTH
from trackhelm_core.security.actor import ActorKind, Identity
from trackhelm_core.security.credentials import decode_name, header_values
from trackhelm_core.settings import AuthSettings, Network

_FORWARDED_FOR: Final = b"x-forwarded-for"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of trusted proxies, and the header in which they name the user.

    Behind our own gateway, the caller is the one that called the gateway.
    """

    networks: Sequence[Network] = ()
    actor_header: str = ""
    behind_gateway: bool = False

    @classmethod
    def of(cls, settings: AuthSettings | None, *, behind_gateway: bool) -> Self:
        """Return the proxies that the settings name; none if there are no settings."""
        if settings is None:
            return cls(behind_gateway=behind_gateway)
        return cls(settings.proxy_networks, settings.actor_header, behind_gateway)

    def sent(self, scope: Scope) -> bool:
        """Return whether a trusted proxy sent a request, to this process or to the gateway in front of it."""
        return bool(self.networks) and self._trusts(self._hops(scope)[-1])

    def identity(self, scope: Scope) -> Identity | None:
        """Return the user whom a trusted proxy names; None if no trusted proxy names one.

        The same header from any other caller is ignored.
        """
        if not self.sent(scope):
            return None
        match header_values(scope, self.actor_header.lower().encode()):
            case []:
                return None
            case [value]:
                return Identity(
                    ActorKind.PROXIED, decode_name(value.strip(b" \t"), f"Header {self.actor_header}")
                )
            case _:
                raise UnauthenticatedError(f"Header {self.actor_header} is given more than once.")

    def source_address(self, scope: Scope) -> str:
        """Return the address a request comes from: the nearest one that is not a trusted proxy's."""
        *trail, address = self._hops(scope)
        while trail and self._trusts(address) and _address(trail[-1]) is not None:
            address = trail.pop()
        return address[:SOURCE_ADDRESS_LENGTH]

    def _hops(self, scope: Scope) -> list[str]:
        """Return the known addresses on the way of a request, up to the one that called us."""
        headers = header_values(scope, _FORWARDED_FOR)
        if not headers:
            return [_peer(scope)]
        given = b",".join(headers).decode("latin-1")
        trail = [hop.strip() for hop in given.split(",") if hop.strip()]
        # Our gateway has added its own caller at the end; the caller has sent everything before that.
        return trail if trail and self.behind_gateway else [*trail, _peer(scope)]

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.networks)


def _peer(scope: Scope) -> str:
    """Return the address at the other end of the connection, empty for a socket without one."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket that listens on both families shows an IPv4 caller as ::ffff:10.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address
