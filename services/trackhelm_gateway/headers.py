"""Which headers pass the gateway: all but those that speak of one connection only."""

from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

from trackhelm_gateway.connection import RawHeaders

_OF_ONE_CONNECTION: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

# The gateway's own server says "100 Continue" as soon as the body is read.
_NOT_ASKED: Final = _OF_ONE_CONNECTION | {b"expect", b"x-request-id"}

# The gateway's own server writes these.
_NOT_ANSWERED: Final = _OF_ONE_CONNECTION | {b"date", b"server"}

_FORWARDED: Final = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")


def asked_headers(scope: Scope, request_id: str, *, behind_gateway: bool) -> RawHeaders:
    """Return the headers of the request to a service.

    What a caller says of itself in `X-Forwarded-*` is believed only from another gateway before this one.
    """
    given: RawHeaders = scope["headers"]
    known = dict(given)
    drop = _NOT_ASKED | _named_in_connection(given) | {*_FORWARDED}
    chunked = b"transfer-encoding" in known
    if chunked:
        drop |= {b"content-length"}
    headers = [(name, value) for name, value in given if name not in drop]
    if chunked:
        headers.append((b"transfer-encoding", b"chunked"))

    client = scope["client"][0].encode() if scope.get("client") else b"unknown"
    forwarded = (client, scope["scheme"].encode(), known.get(b"host", b""))
    if behind_gateway:
        trail = [value for name, value in given if name == b"x-forwarded-for"]
        forwarded = (
            b", ".join([*trail, client]),
            known.get(b"x-forwarded-proto", forwarded[1]),
            known.get(b"x-forwarded-host", forwarded[2]),
        )
    headers += zip(_FORWARDED, forwarded, strict=True)
    headers.append((b"x-request-id", request_id.encode()))
    return headers


def answered_headers(given: RawHeaders) -> RawHeaders:
    """Return the headers of the answer to the caller."""
    drop = _NOT_ANSWERED | _named_in_connection(given)
    return [(name, value) for name, value in given if name not in drop]


def _named_in_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    named = b",".join(value for name, value in headers if name == b"connection")
    return frozenset(name.strip().lower() for name in named.split(b",")) if named else frozenset()
