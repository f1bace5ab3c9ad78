"""Which addresses a webhook may be given. What a host name means is checked whenever it is called."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import WEBHOOK_URL_LENGTH
from trackhelm_core.settings import WebhookSettings
from trackhelm_core.validation import check_length
from trackhelm_core.wire.faults import cut, invalid_value
from trackhelm_registry.calling import addresses

# Printable ASCII without space: nothing that could end a line of the request.
_CHARACTERS: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\]")


def check_url(url: str, settings: WebhookSettings) -> str:
    """Refuse what is no URL that a webhook may have."""
    check_length(url, "url", WEBHOOK_URL_LENGTH)
    if not _CHARACTERS.fullmatch(url):
        raise invalid_value(
            url, "url", "it must be printable ASCII without spaces; other characters are percent-encoded"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise invalid_value(url, "url", f"it is no URL: {error}") from error
    schemes = ("https", "http") if settings.webhook_allow_http else ("https",)
    if parts.scheme not in schemes:
        also = "" if settings.webhook_allow_http else " (http if TRACKHELM_WEBHOOK_ALLOW_HTTP is set)"
        raise InvalidParameterError(
            f"Invalid webhook URL scheme: {cut(parts.scheme)!r}. It must be {' or '.join(schemes)}{also}."
        )
    if parts.username is not None or parts.password is not None:
        raise invalid_value(
            url, "url", "it must not hold a user or password, which everybody could read: use 'secret'"
        )
    netloc = parts.netloc.removesuffix(f":{port}")
    if not host:
        raise InvalidParameterError(f"Webhook URL must include a hostname: {cut(url)!r}.")
    if not _HOST.fullmatch(netloc) or port == 0:
        raise invalid_value(url, "url", "it must have a host, and a port from 1 to 65535 if any")
    _check_literal(url, host, settings)
    return url


def _check_literal(url: str, host: str, settings: WebhookSettings) -> None:
    """Refuse an address that will never be called while it is still known who gave it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    try:
        addresses.check(address, settings.private_networks, host)
    except addresses.AddressError as error:
        message = f"Webhook URL must not resolve to a non-public IP address: {error}."
        raise InvalidParameterError(message) from error
