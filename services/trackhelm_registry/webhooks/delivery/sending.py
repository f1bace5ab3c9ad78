"""Sends one event to one webhook over HTTP/1.1, signed as MLflow signs, and reports the outcome.

Owns which addresses are called: public ones, and private ones in networks that a setting names. A name is
resolved once. The address that was checked is the one that is connected to, so a name that resolves to
another address a moment later has no effect.
"""

import base64
import hashlib
import hmac
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from trackhelm_core import __version__
from trackhelm_core.limits import WEBHOOK_ANSWER_BYTES, WEBHOOK_ERROR_LENGTH
from trackhelm_core.security.sealing import CannotOpenError, NoKeyError, SecretBox
from trackhelm_core.settings import Network
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_BITS: Final = 0xFFFFFFFF


# Addresses: which of a host may be called.


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


# One POST over HTTP/1.1 that ends by its deadline whatever the other side does, and reads a bounded answer.
#
# It follows no redirect, uses no proxy, and connects to an address that was checked before. HTTP libraries do
# not fit: they resolve names themselves, and limit the time of each read rather than of the whole.

_BLOCK_BYTES: Final = 16 * 1024
_FIRST_FINAL_STATUS: Final = 200
_NO_HTTP: Final = (HttpParserError, HttpParserUpgrade)
_PORTS: Final = {"http": 80, "https": 443}


class ExchangeError(Exception):
    """There was no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The host, port and path of a request."""

    scheme: str
    host: str
    port: int
    host_header: str
    path: str

    @classmethod
    def of(cls, url: str) -> "Endpoint":
        """Parse a URL that was checked when it was stored."""
        parts = urlsplit(url)
        assert parts.hostname, "a webhook's URL has a host"
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], parts.netloc, path)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and as much of the body as was read."""

    status: int
    body: bytes


class _Reading:
    """What the parser has read so far; its methods are the parser's callbacks."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.status: int | None = None
        self.body = b""
        self.complete = False

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status >= _FIRST_FINAL_STATUS:
            self.status = status

    def on_body(self, block: bytes) -> None:
        self.body += block

    def on_message_complete(self) -> None:
        self.complete = self.status is not None


def post(
    endpoint: Endpoint, targets: Sequence[Target], headers: Mapping[str, str], body: bytes, deadline: float
) -> Answer:
    """Send a request to the first of the targets that accepts it. `deadline` is a `time.monotonic`.

    Raises:
        ExchangeError: There was no answer in time, or none in HTTP.
    """
    try:
        with _connected(targets, deadline) as plain, _secured(plain, endpoint, deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_request(endpoint, headers, body))
            return _answer(connection, deadline)
    except TimeoutError as error:
        raise ExchangeError("no answer in time") from error
    except ssl.SSLError as error:
        raise ExchangeError(f"no secure connection: {error}") from error
    except OSError as error:
        raise ExchangeError(f"no connection: {error}") from error
    except _NO_HTTP as error:
        raise ExchangeError(f"the answer is not HTTP: {error}") from error


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connected(targets: Sequence[Target], deadline: float) -> socket.socket:
    failure: OSError = OSError("the host has no address")
    for target in targets:
        connection = socket.socket(target.family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(deadline))
            connection.connect(target.address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _secured(plain: socket.socket, endpoint: Endpoint, deadline: float) -> socket.socket:
    if endpoint.scheme == "http":
        return plain
    plain.settimeout(_left(deadline))
    return _tls().wrap_socket(plain, server_hostname=endpoint.host)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _request(endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> bytes:
    own = {"Host": endpoint.host_header, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [
        f"POST {endpoint.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in {**own, **headers}.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _answer(connection: socket.socket, deadline: float) -> Answer:
    reading = _Reading()
    taken = 0
    while not reading.complete and taken < WEBHOOK_ANSWER_BYTES:
        try:
            connection.settimeout(_left(deadline))
            block = connection.recv(_BLOCK_BYTES)
            reading.parser.feed_data(block)
        except (OSError, *_NO_HTTP):
            # Once there is a status, the outcome is known: a body that is slow or cut off does not change it.
            if reading.status is None:
                raise
            break
        if not block:
            break
        taken += len(block)
    if reading.status is None:
        raise ExchangeError("the connection ended without an answer, or the answer's headers are too long")
    return Answer(reading.status, reading.body)


# One attempt: the signed message, and its outcome.

SIGNATURE_HEADER: Final = "X-MLflow-Signature"
TIMESTAMP_HEADER: Final = "X-MLflow-Timestamp"
DELIVERY_HEADER: Final = "X-MLflow-Delivery-Id"

_SUCCESSES: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Message:
    """The event to send and its URL. `secret` is sealed; without one, the request is not signed."""

    delivery_id: str
    body: str
    url: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: delivered if there is no `error`. Without a `status` there was no answer."""

    status: int | None
    body: str
    error: str | None


def send(message: Message, configuration: WebhookConfiguration) -> Outcome:
    """Attempt once; takes `webhook_timeout_seconds` at most, plus any excess of the name's look-up."""
    settings = configuration.settings
    deadline = time.monotonic() + settings.webhook_timeout_seconds
    endpoint = Endpoint.of(message.url)
    body = message.body.encode()
    try:
        if endpoint.scheme != "https" and not settings.webhook_allow_http:
            return _failed("http:// addresses are not allowed: see TRACKHELM_WEBHOOK_ALLOW_HTTP")
        headers = _headers(message, configuration.secrets, int(time.time()))
        targets = targets_of(endpoint.host, endpoint.port, settings.private_networks)
        answer = post(endpoint, targets, headers, body, deadline)
    except (NoKeyError, CannotOpenError, OSError) as error:
        # Sent without a signature it would be refused or, worse, accepted.
        return _failed(f"the webhook's secret cannot be read: {error}")
    except (AddressError, ExchangeError) as error:
        return _failed(str(error))
    text = answer.body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Outcome(answer.status, text, _fault(answer.status, text))


def signature_of(secret: str, delivery_id: str, timestamp: str, body: str) -> str:
    """Return the signature that a receiver computes again to check that the body is the server's."""
    signed = f"{delivery_id}.{timestamp}.{body}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _headers(message: Message, secrets: SecretBox, now: int) -> Mapping[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Trackhelm/{__version__}",
        DELIVERY_HEADER: message.delivery_id,
        TIMESTAMP_HEADER: str(now),
    }
    if message.secret is not None:
        secret = secrets.open(message.secret)
        headers[SIGNATURE_HEADER] = signature_of(secret, message.delivery_id, str(now), message.body)
    return headers


def _fault(status: int, text: str) -> str | None:
    if status in _SUCCESSES:
        return None
    if status in _REDIRECTS:
        return f"answered {status}: redirects are not followed"
    return f"answered {status}: {text}"[:WEBHOOK_ERROR_LENGTH]


def _failed(reason: str) -> Outcome:
    return Outcome(None, "", reason[:WEBHOOK_ERROR_LENGTH])
