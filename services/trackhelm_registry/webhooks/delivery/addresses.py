"""Rules about the addresses of webhooks: public ones, and private ones in networks that a setting names.

A name is resolved once. The address that was checked is the one that is connected to, so a name that resolves
to another address a moment later has no effect.
"""

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from trackhelm_core.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_BITS: Final = 0xFFFFFFFF


class AddressError(Exception):
    """A host has no address, or one that webhooks must not call."""


class Target(NamedTuple):
    """An address that may be connected to, in the form that `socket` takes."""

    family: int
    address: Any


def targets_of(host: str, port: int, private: Sequence[Network]) -> list[Target]:
    """Return the addresses of a host.

    Raises:
        AddressError: There is none, or one of them must not be called.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"the host {host!r} cannot be resolved: {error}") from error
    for *_, address in found:
        check(ipaddress.ip_address(address[0]), private, host)
    return [Target(family, address) for family, _, _, _, address in found]


def check(address: Address, private: Sequence[Network], host: str) -> None:
    """Raise `AddressError` if an address of a host must not be called."""
    if is_public(address):
        return
    inner = _embedded(address) or address
    if any(inner in network for network in private if network.version == inner.version):
        return
    raise AddressError(
        f"the host {host!r} has the address {address}, which is not public: "
        "TRACKHELM_WEBHOOK_PRIVATE_NETWORKS names the private networks that webhooks may call"
    )


def is_public(address: Address) -> bool:
    """Return whether an address is a unicast address of the public internet.

    If an IPv4 address is embedded in it, connections go to that one, so that is the one that must be public.
    """
    if inner := _embedded(address):
        return is_public(inner)
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & _IPV4_BITS)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
